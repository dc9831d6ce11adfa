"""Where a project reads data: files of its own, and data sets that a library delivers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Project
from reprocheck_rules.practice.observed import calls_in, is_test_path, reached_in_training

_OWN = re.compile(
    r"^(pandas|polars|dask\.dataframe|pyarrow\.\w+|cudf|geopandas|modin\.pandas)\.(read|scan)_\w+$"
    r"|^numpy\.(load|loadtxt|genfromtxt|fromfile|memmap)$|^(PIL\.Image\.open|cv2\.imread|imageio\.imread|skimage\.io\.imread)$"
    r"|^h5py\.File$|^csv\.(reader|DictReader)$|^torchvision\.datasets\.(ImageFolder|DatasetFolder)$|^torchaudio\.load$"
    r"|^(librosa\.load|soundfile\.read|scipy\.io\.(loadmat|wavfile\.read)|nibabel\.load|tifffile\.imread|rasterio\.open)$"
    r"|^tensorflow\.data\.(TFRecordDataset|TextLineDataset|experimental\.make_csv_dataset)$"
    r"|^keras\.(utils|preprocessing)\.(\w+\.)?(image_dataset_from_directory|text_dataset_from_directory)$"
    r"|\.(flow_from_directory|flow_from_dataframe)$|^datasets\.load_from_disk$"
)
_DELIVERED = re.compile(
    r"^torchvision\.datasets\.(?!ImageFolder|DatasetFolder|FakeData)\w+$|^(torchtext|torchaudio)\.datasets\.\w+$"
    r"|^keras\.datasets\.\w+\.load_data$|^sklearn\.datasets\.(load|fetch)_\w+$|^tensorflow_datasets\.(load|builder)$"
    r"|^datasets\.load_dataset$|^seaborn\.load_dataset$|^(torch_geometric|dgl)\.(data|datasets)\.\w+$|^ogb\.\w+\.\w+$"
    r"|^tensorflow\.examples\.tutorials\.mnist\.input_data\.read_data_sets$|^(gym|gymnasium)\.(make|vector\.\w+)$"
    r"|^medmnist\.\w+$|^recommenders\.datasets\.\w+\.\w+$|^river\.datasets\.\w+$"
)


def reads_own_data(project: Project) -> Iterator[Note]:
    """Places outside of tests that read files, in what the programs that train run or import."""
    return (note for path in reached_in_training(project) for note in project.of_file(_own, path))


def reads_delivered_data(project: Project) -> Iterator[Note]:
    """Places that take a data set, or an environment, which a library delivers and names."""
    return (note for path in reached_in_training(project) for note in project.of_file(_delivered, path))


def _own(project: Project, path: str) -> Iterator[Note]:
    return _first(project, path, _OWN, "reads data")


def _delivered(project: Project, path: str) -> Iterator[Note]:
    return _first(project, path, _DELIVERED, "takes a data set that a library delivers")


def _first(project: Project, path: str, names: re.Pattern[str], message: str) -> Iterator[Note]:
    if is_test_path(path):
        return
    found = next((call for call in calls_in(project.index.files[path]) if names.search(call.callee)), None)
    if found is not None:
        yield Note(found.span, f"{message}: `{found.callee}`", path)
