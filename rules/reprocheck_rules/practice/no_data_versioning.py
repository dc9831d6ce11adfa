"""Programs train on data whose version nothing records.

## Why
Data changes: a file is replaced under the same name, a bucket gets new rows, a download moves. Who repeats the training
then gets other numbers and can't know that the data is why.

## Fix
Keep small data in git, large data in DVC, Git LFS or lakeFS; name the revision of data sets from a hub; check the
digest of what is downloaded.

## Notes
Counts `.dvc` files and `dvc.yaml`, data that git or Git LFS keeps, and digests that code checks. Data sets that a
library delivers by name come with a version of their own. DAT003 and DAT004 look at single places.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import (
    at_files,
    calls_in,
    counted,
    gap_at_training,
    importers,
    listed,
    that_train,
    training_runs,
)
from reprocheck_rules.practice.read_data import reads_delivered_data, reads_own_data

rule = Rule("PRJ010", "no-data-versioning", __doc__, severity="note")

_VERSIONED = re.compile(
    r"\.dvc$|(^|/)dvc\.(yaml|lock)$|(^|/)\.dvc/config$|(^|/)\.lfsconfig$|(^|/)lakefs|\.dolt/|(^|/)\.pachyderm"
)
_DATA = re.compile(
    r"\.(csv|tsv|parquet|feather|arrow|npy|npz|h5|hdf5|jsonl|ndjson|mat|arff|tfrecords?|xlsx|db|sqlite3?|data|libsvm|train|test"
    r"|cites|content|edges?|graph)(\.(gz|zip|bz2|xz))?$"
    r"|(^|/)(data|dataset|datasets|corpus|input|inputs|raw)/(?!.*\.(py|ipynb|sh|md|ya?ml|toml|gitkeep|gitignore|json)$).*\.(txt|gz|zip|pkl|"
    r"pickle|json|wav|jpe?g|png|pos|neg|en|de|bin|xml)$",
    re.IGNORECASE,
)
_TEST = re.compile(r"(^|/)(tests?|testing|fixtures|docs?|assets)/")
_LIBRARIES = (
    "dvc",
    "lakefs",
    "lakefs_client",
    "quilt3",
    "pachyderm",
    "deltalake",
    "pyiceberg",
    "dolt",
    "hangar",
    "kaggle_datasets",
)
_DIGESTS = re.compile(
    r"^hashlib\.(md5|sha1|sha256|sha512|blake2b|file_digest)$|(^|\.)(check_integrity|verify_checksum|known_hash)$|^pooch\."
)


@rule.on_practice
def check(project: Project) -> Practice:
    """What fixes the version of data, in projects that read some of their own to train."""
    runs = training_runs(project)
    if not runs:
        return not_applicable("no program that trains")
    own = list(reads_own_data(project))
    if not own:
        delivered = list(reads_delivered_data(project))
        if delivered:
            return Practice(looked_at=f"{that_train(runs)}", found=listed(delivered))
        return not_applicable("no program reads data of the project's own, as far as can be told")
    looked_at = (
        f"{counted(len(own), 'place')} that read data, {counted(len(project.index.paths), 'file')} of the project"
    )
    paths = sorted(project.index.paths)
    notes = [*at_files((path for path in paths if _VERSIONED.search(path)), "records the version of data")]
    notes += at_files((path for path in paths if _DATA.search(path) and not _TEST.search(path)), "data that git keeps")
    notes += importers(project, _LIBRARIES)
    notes += project.of_files(_digested)
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    lacking = "no DVC, no Git LFS, no digest"
    message = f"nothing records which version of the data {counted(len(own), 'place')} of the project read: {lacking}"
    gap = gap_at_training(runs, message)
    return Practice(looked_at=looked_at, gap=project.match(own[0].path, own[0].span, message, trail=gap.trail))


def _digested(project: Project, path: str) -> Iterator[Note]:
    if _TEST.search(path):
        return
    found = next((call for call in calls_in(project.index.files[path]) if _DIGESTS.search(call.callee)), None)
    if found is not None:
        yield Note(found.span, "checks a digest", path)


_TRAIN = """
import pandas as pd
from sklearn.svm import SVC

rows = pd.read_csv("/data/rows.csv")
SVC().fit(rows[["a"]], rows["b"])
"""
_IMAGES = """
import torch
from torchvision.datasets import ImageFolder

images = ImageFolder("images")
model = torch.nn.Linear(3, 1)
model(torch.stack([image for image, _ in images])).sum().backward()
"""

rule.flags({"train.py": _TRAIN})
rule.flags({"train.py": _IMAGES})
rule.flags({"train.py": _TRAIN, "tests/rows.csv": "a,b\n1,2\n"}, title="Data of tests")
rule.flags({"train.py": _TRAIN, "data/README.md": "# Download it\n"}, title="Says where to get it")
rule.flags({"train.py": _TRAIN.replace("read_csv", "read_parquet"), ".gitattributes": "* text=auto\n"})
rule.flags(
    {"train.py": "import numpy as np\nfrom sklearn.svm import SVC\n\nx = np.load('x.npy')\nSVC().fit(x, x[:, 0])\n"}
)
rule.allows({"train.py": _TRAIN, "data/rows.csv.dvc": "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n"})
rule.allows({"train.py": _TRAIN, "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n"})
rule.allows({"train.py": _TRAIN, "data/rows.csv": "a,b\n1,2\n"}, title="Data in git")
rule.allows({"train.py": _TRAIN, "fetch.py": "import hashlib\n\nprint(hashlib.sha256(b'').hexdigest())\n"})
rule.allows(
    """
    import torch
    from torchvision.datasets import CIFAR10

    images = CIFAR10("data", download=True)
    model = torch.nn.Linear(3, 1)
    model(torch.tensor(images.data)).sum().backward()
    """,
    title="A published data set that its library verifies",
)
rule.allows({"report.py": "import pandas as pd\n\nprint(pd.read_csv('rows.csv'))\n"}, title="Nothing is trained")
