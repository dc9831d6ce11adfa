"""Where a project reads data: files of its own, and data sets that a library delivers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Project
from reprocheck.rulekit.facts import Call
from reprocheck_rules.practice.observed import is_test_path, training_runs

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
    yield from _calls(project, _OWN, "reads data")


def reads_delivered_data(project: Project) -> Iterator[Note]:
    """Places that take a data set, or an environment, which a library delivers and names."""
    yield from _calls(project, _DELIVERED, "takes a data set that a library delivers")


def _calls(project: Project, names: re.Pattern[str], message: str) -> Iterator[Note]:
    reached = project.index.reached(sorted(run.entry.path for run in training_runs(project)))
    for path in sorted(reached):
        facts = project.index.files.get(path)
        if facts is None or is_test_path(path):
            continue
        for function in facts.functions:
            found = next((e for e in function.events if isinstance(e, Call) and names.search(e.callee)), None)
            if found is not None:
                yield Note(found.span, f"{message}: `{found.callee}`", path)
                break
