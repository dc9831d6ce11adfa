"""A large model, archive or table is tracked by git itself instead of by Git LFS, DVC or a registry.

## Why
Git keeps every version of a binary whole and for ever: clones grow with each retraining, reviews show nothing, and
people stop committing new versions, so that the file in the repository and the one behind the results drift apart.

## Fix
`git lfs track "*.pt"` or `dvc add models/model.pt`, then take the file out of git (`git rm --cached`). Models belong
into a registry or the store of the experiment tracker, under the run that made them.

## Notes
Models and arrays count from 1 MiB, tables, archives and recordings from 5 MiB. Tracked is what git's index names;
where there is no index, what isn't ignored. Files of tests, pictures and notebooks are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Match, Project, Rule
from reprocheck_rules.data.stored_files import MODELS, TESTS, held_by_git, is_stored_data, lfs_attributes

rule = Rule("ART005", "artifact-in-git", __doc__, confidence="medium")

_MEBIBYTE = 1 << 20
_MODEL_SIZE = _MEBIBYTE
_DATA_SIZE = 5 * _MEBIBYTE


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every file that git holds."""
    candidates = [path for path in sorted(held_by_git(project)) if is_stored_data(path)]
    attributes = lfs_attributes(project)
    for path in candidates:
        size = project.index.tree.look(path).size
        limit = _MODEL_SIZE if MODELS.search(path) else _DATA_SIZE
        if size < limit or TESTS.search(path) or attributes.is_lfs(path):
            continue
        message = (
            f"`{path.rpartition('/')[2]}` has {size / _MEBIBYTE:.1f} MiB and is kept by git itself, version by version"
        )
        yield project.match(
            path,
            WHOLE_FILE,
            message,
        )


_LFS = "filter=lfs diff=lfs merge=lfs -text"
_MODEL, _TABLE = "binary content", "id,label\n1,0\n"
rule.flags({"models/classifier.pt": _MODEL}, sizes={"models/classifier.pt": 98 << 20}, title="Weights beside the code")
rule.flags({"model.pkl": _MODEL}, sizes={"model.pkl": 3 << 20}, title="A pickled model at the top")
rule.flags(
    {"checkpoints/last.ckpt": _MODEL, ".gitattributes": f"*.h5 {_LFS}"},
    sizes={"checkpoints/last.ckpt": 40 << 20},
    title="Git LFS for other files only",
)
rule.flags({"data/embeddings.npy": _MODEL}, sizes={"data/embeddings.npy": 1 << 20}, title="An array")
rule.flags({"data/train.csv": _TABLE}, sizes={"data/train.csv": 12 << 20}, title="A table")
rule.flags({"data/images.zip": _MODEL}, sizes={"data/images.zip": 80 << 20}, title="An archive")
rule.allows({"models/tiny.pt": _MODEL, "data/sample.csv": _TABLE}, title="Small files")
rule.allows(
    {"models/classifier.pt": _MODEL, ".gitattributes": f"*.pt {_LFS}"},
    sizes={"models/classifier.pt": 98 << 20},
    title="Git LFS",
)
rule.allows(
    {"models/deep/net.onnx": _MODEL, "models/.gitattributes": f"*.onnx {_LFS}"},
    sizes={"models/deep/net.onnx": 9 << 20},
    title="Attributes of a folder",
)
rule.allows(
    {"docs/figures/loss.png": _MODEL, "docs/data/table.csv": _TABLE},
    sizes={"docs/figures/loss.png": 9 << 20, "docs/data/table.csv": 9 << 20},
    title="Pictures and documentation",
)
rule.allows({"tests/fixtures/model.pt": _MODEL}, sizes={"tests/fixtures/model.pt": 9 << 20}, title="Files of tests")
rule.allows({"web/package-lock.json": "{}"}, sizes={"web/package-lock.json": 9 << 20}, title="Not data")
