"""Compares two contents: equal bytes stop first, then the first comparator that recognizes the type, then bytes."""

from __future__ import annotations

import msgspec

from reprocheck.compare.comparator import Comparator, probe
from reprocheck.compare.comparators.archives import PACKED, TAR, ZIP
from reprocheck.compare.comparators.documents import JSON, TOML, YAML
from reprocheck.compare.comparators.images import JPEG, OTHER_IMAGE, PNG
from reprocheck.compare.comparators.isolated import ARROW, HDF5, PARQUET
from reprocheck.compare.comparators.metric_lines import JSON_LINES, MLFLOW
from reprocheck.compare.comparators.notebook import NOTEBOOK
from reprocheck.compare.comparators.npy import NPY
from reprocheck.compare.comparators.onnx_model import ONNX
from reprocheck.compare.comparators.pdf import PDF
from reprocheck.compare.comparators.pickled import PICKLE
from reprocheck.compare.comparators.raw_bytes import compare_bytes, same_bytes
from reprocheck.compare.comparators.safetensors_file import SAFETENSORS
from reprocheck.compare.comparators.sqlite_database import SQLITE
from reprocheck.compare.comparators.tables import TABLE
from reprocheck.compare.comparators.tensorboard import TENSORBOARD
from reprocheck.compare.comparators.text import TEXT
from reprocheck.compare.comparators.torch_checkpoint import OLD_TORCH, TORCH
from reprocheck.compare.comparators.wandb_log import WANDB
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import DEEPEST, Context, shown
from reprocheck.model.comparison import Difference, Outcome

COMPARATORS: tuple[Comparator, ...] = (
    TORCH,
    ZIP,
    OLD_TORCH,
    NPY,
    SAFETENSORS,
    HDF5,
    PARQUET,
    ARROW,
    SQLITE,
    PNG,
    JPEG,
    PDF,
    OTHER_IMAGE,
    PACKED,
    TAR,
    WANDB,
    TENSORBOARD,
    PICKLE,
    ONNX,
    NOTEBOOK,
    MLFLOW,
    JSON_LINES,
    JSON,
    YAML,
    TOML,
    TABLE,
    TEXT,
)
"""In the order in which they are asked; the ones that look at content stand before those that look at names."""
_WRITTEN_DIFFERENTLY = "the same content, written differently"


def compare_contents(left: Content, right: Content, context: Context) -> Difference:
    """How two contents differ; whatever is wrong with them, there is an answer."""
    if same_bytes(left, right):
        return Difference(name=context.path, outcome=Outcome.IDENTICAL)
    comparator, why = _choose(left, right)
    if context.depth > DEEPEST:
        comparator, why = None, f"lies in more than {DEEPEST} archives, one in the other"
    if comparator is None:
        return compare_bytes(left, right, context.path, why=why)
    try:
        found = comparator.compare(left, right, context, compare_contents)
    except UnreadableError as error:
        why = f"compared byte by byte: as {comparator.name} it {error}"
    except Exception as error:  # noqa: BLE001 — whatever a hostile file does to a reader, its bytes can be compared
        failure = f"{type(error).__name__}: {shown(str(error))}"
        why = f"compared byte by byte: reading it as {comparator.name} failed ({failure})"
    else:
        return _told(found)
    return compare_bytes(left, right, context.path, why=why)


def _choose(left: Content, right: Content) -> tuple[Comparator | None, str]:
    probes = probe(left), probe(right)
    sides = [next((found for found in COMPARATORS if found.recognizes(side)), None) for side in probes]
    if sides[0] is sides[1]:
        return sides[0], "" if sides[0] else "compared byte by byte: of no known type"
    for comparator in COMPARATORS:
        if all(comparator.recognizes(side) for side in probes):
            return comparator, ""
    names = [side.name if side else "of no known type" for side in sides]
    return None, f"compared byte by byte: the left is {names[0]}, the right {names[1]}"


def _told(found: Difference) -> Difference:
    if found.outcome is Outcome.EQUIVALENT and not found.message and not found.children:
        return msgspec.structs.replace(found, message=_WRITTEN_DIFFERENTLY)
    return found
