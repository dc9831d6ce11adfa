"""Readers and writers that open files behind Python's back: the line that called them is known only here."""

from __future__ import annotations

import os

from ..watch import Watch
from ..wrapping import listen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ..wrapping import Listener

_READ, _WRITE, _BY_MODE = "read", "write", "mode"
FUNCTIONS: dict[str, tuple[tuple[str, int, str, str], ...]] = {
    "torch.serialization": (("save", 1, "f", _WRITE),),
    "torch.jit._serialization": (("save", 1, "f", _WRITE), ("load", 0, "f", _READ)),
    "safetensors.torch": (("save_file", 1, "filename", _WRITE), ("load_file", 0, "filename", _READ)),
    "safetensors.numpy": (("save_file", 1, "filename", _WRITE), ("load_file", 0, "filename", _READ)),
    "pyarrow": (("memory_map", 0, "path", _READ),),
    "pyarrow.parquet.core": (
        ("read_table", 0, "source", _READ),
        ("write_table", 1, "where", _WRITE),
        ("write_to_dataset", 1, "root_path", _WRITE),
        ("ParquetFile.__init__", 1, "source", _READ),
        ("ParquetWriter.__init__", 1, "where", _WRITE),
        ("ParquetDataset.__init__", 1, "path_or_paths", _READ),
    ),
    "pyarrow.csv": (
        ("read_csv", 0, "input_file", _READ),
        ("open_csv", 0, "input_file", _READ),
        ("write_csv", 1, "output_file", _WRITE),
    ),
    "pyarrow.feather": (
        ("read_table", 0, "source", _READ),
        ("read_feather", 0, "source", _READ),
        ("write_feather", 1, "dest", _WRITE),
    ),
    "pyarrow.dataset": (("dataset", 0, "source", _READ), ("write_dataset", 1, "base_dir", _WRITE)),
    "pandas.io.parquet": (("_get_path_or_handle", 0, "path", _BY_MODE),),
    "h5py._hl.files": (("File.__init__", 1, "name", _BY_MODE),),
    "cv2": (("imread", 0, "filename", _READ), ("imwrite", 0, "filename", _WRITE)),
    "soundfile": (("read", 0, "file", _READ), ("write", 0, "file", _WRITE)),
    "torchvision.io.image": (("read_file", 0, "path", _READ), ("write_file", 0, "filename", _WRITE)),
    "polars.io.csv.functions": (("read_csv", 0, "source", _READ), ("scan_csv", 0, "source", _READ)),
    "polars.io.parquet.functions": (("read_parquet", 0, "source", _READ), ("scan_parquet", 0, "source", _READ)),
    "polars.io.ipc.functions": (("read_ipc", 0, "source", _READ), ("scan_ipc", 0, "source", _READ)),
    "polars.dataframe.frame": (
        ("DataFrame.write_csv", 1, "file", _WRITE),
        ("DataFrame.write_parquet", 1, "file", _WRITE),
        ("DataFrame.write_ipc", 1, "file", _WRITE),
    ),
    "xgboost.core": (
        ("Booster.save_model", 1, "fname", _WRITE),
        ("Booster.load_model", 1, "fname", _READ),
        ("DMatrix.__init__", 1, "data", _READ),
    ),
    "lightgbm.basic": (
        ("Booster.save_model", 1, "filename", _WRITE),
        ("Dataset.__init__", 1, "data", _READ),
    ),
}
"""By module: function or method, position and name of the argument that is a path, and what is done with it."""


def after_module(watch: Watch, module: ModuleType) -> None:
    """Listen to the readers and writers of a module; those that this version lacks are passed over."""
    for name, position, argument, use in FUNCTIONS[module.__name__]:
        owner: Any = module
        *classes, function = name.split(".")
        for part in classes:
            owner = getattr(owner, part, None)
        if owner is not None:
            listen(owner, function, _listener(watch, position, argument, use), watch)


def _listener(watch: Watch, position: int, argument: str, use: str) -> Listener:
    def listener(*arguments: Any, **named: Any) -> None:
        path = arguments[position] if len(arguments) > position else named.get(argument)
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        actual = use
        if use == _BY_MODE:
            mode = named.get("mode", arguments[position + 1] if len(arguments) > position + 1 else "r")
            actual = _READ if mode in ("r", "rb") else _WRITE
        name = os.fsdecode(path)
        if "://" in name or "\n" in name or not name:
            return
        path = name if name[0:1] == "/" else os.path.normpath(os.path.join(os.getcwd(), name))
        place, through = watch.places.here()
        if place is not None and watch.is_first(actual, path, "", tuple(place)):
            watch.journal.emit(
                "file", {"use": actual, "path": path, "place": place, "through": through, "native": True}
            )

    return listener
