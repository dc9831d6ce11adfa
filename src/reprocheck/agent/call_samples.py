"""Calls one callable on samples and keeps what it returns: a script for the user's own interpreter.

Started as `python call_samples.py REQUEST`. REQUEST is JSON: `root`, `folder` (where to keep), `module` or `file`,
`name` (dotted; `()` behind a part calls it first), `data` (files), `as` (`value`, `path` or `bytes`), `each`, `args`,
`kwargs`, `init`, `seed`, `squeeze`, `repeat`, `writes` (whether the project may be changed). Standard library only;
numpy, pandas, Pillow and torch are used where the program has them.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder of this script is no place for the user's imports.
    sys.path.pop(0)

import csv
import importlib
import importlib.util
import inspect
import json
import os
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

_NESTED = 12
"""Levels of containers that are kept as they are."""
_ITEMS = 1000
"""Items of an iterator that are kept."""
_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif")
_SAMPLES = 1000
"""Samples at most."""


class NotKeptError(Exception):
    """A result of a kind that can't be compared."""


def main(path: str) -> int:
    """Carry out a request; what happened goes into `result.json` of its folder."""
    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    result: dict[str, Any] = {"samples": [], "error": None, "python": sys.version.split()[0]}
    if not request.get("writes"):
        _guard(request)
    try:
        function = _callable(request)
    except BaseException as error:
        result["error"] = _told(error, "load")
    else:
        result["signature"] = _signature(function)
        _run(request, function, result)
    with open(os.path.join(request["folder"], "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)
    return 0


def _guard(request: dict[str, Any]) -> None:
    """Keep the project as it is; the guard lies beside this script, whose folder is no place for imports."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "write_guard.py")
    spec = importlib.util.spec_from_file_location("reprocheck_write_guard", path)
    if spec is not None and spec.loader is not None:
        guard = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(guard)
        guard.install(request["root"], request["folder"])


def _run(request: dict[str, Any], function: Callable[..., Any], result: dict[str, Any]) -> None:
    try:
        for number, (name, sample) in enumerate(_samples(request)):
            if number >= _SAMPLES:
                result["error"] = {
                    "stage": "data",
                    "type": "",
                    "message": f"more than {_SAMPLES} samples",
                    "frames": [],
                }
                return
            result["samples"].append(_one(request, function, number, name, sample))
    except BaseException as error:
        result["error"] = _told(error, "data")


def _one(request: dict[str, Any], function: Callable[..., Any], number: int, name: str, sample: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "folders": [], "seconds": 0.0, "error": None, "kind": ""}
    for repeat in range(request["repeat"]):
        _seed(request["seed"])
        started = time.perf_counter()
        try:
            value = function(_copy(sample), *request["args"], **request["kwargs"])
        except BaseException as error:
            entry["error"] = _told(error, "call")
            return entry
        entry["seconds"] += time.perf_counter() - started
        folder = os.path.join(request["folder"], str(number), str(repeat))
        os.makedirs(folder)
        try:
            entry["kind"] = Keeper(folder, squeeze=request["squeeze"]).keep(value, "result")
        except BaseException as error:
            entry["error"] = _told(error, "keep")
            return entry
        entry["folders"].append(folder)
    return entry


# The callable


def _callable(request: dict[str, Any]) -> Callable[..., Any]:
    module = _module(request)
    found: Any = module
    owner: Any = None
    for part in request["name"].split("."):
        calls = part.endswith("()")
        name = part[:-2] if calls else part
        is_method = inspect.isclass(found) and not isinstance(
            inspect.getattr_static(found, name, None), (staticmethod, classmethod)
        )
        if is_method and callable(getattr(found, name, None)):
            owner = found(**request["init"])
            found = getattr(owner, name)
        else:
            found = getattr(found, name)
        if calls:
            found = found()
    if inspect.isclass(found):
        found = found(**request["init"])
    if not callable(found):
        raise TypeError(f"`{request['name']}` is a {type(found).__name__}, which can't be called")
    return found  # type: ignore[no-any-return]


def _module(request: dict[str, Any]) -> Any:
    sys.path.insert(0, request["root"])
    if not request["file"]:
        return importlib.import_module(request["module"])
    path = os.path.abspath(request["file"])
    folder = os.path.dirname(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    parts = [] if stem == "__init__" else [stem]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if all(part.isidentifier() for part in parts):
        return importlib.import_module(".".join(parts))
    spec = importlib.util.spec_from_file_location("reprocheck_callable", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules["reprocheck_callable"] = module
    spec.loader.exec_module(module)
    return module


def _signature(function: Callable[..., Any]) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return ""


# Samples


def _samples(request: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for path in request["data"]:
        name = os.path.basename(path)
        if request["as"] == "path":
            yield name, path
            continue
        if request["as"] == "bytes":
            with open(path, "rb") as file:
                yield name, file.read()
            continue
        value, is_list = _read(path)
        if is_list or request["each"]:
            for number, item in enumerate(_items(value)):
                yield f"{name}[{number}]", item
        else:
            yield name, value


def _read(path: str) -> tuple[Any, bool]:
    """What a file holds, and whether it is a list of samples by its kind."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in {".npy", ".npz"}:
        np: Any = importlib.import_module("numpy")  # the program has it, or its data would be of another kind

        loaded = np.load(path, allow_pickle=False)
        if suffix == ".npy":
            return loaded, False
        arrays = {name: loaded[name] for name in loaded.files}
        return (next(iter(arrays.values())) if len(arrays) == 1 else arrays), False
    if suffix in {".csv", ".tsv"}:
        return _table(path, "," if suffix == ".csv" else "\t"), False
    if suffix == ".parquet":
        return importlib.import_module("pandas").read_parquet(path), False
    if suffix in _IMAGES:
        return _image(path), False
    with open(path, encoding="utf-8") as file:
        if suffix == ".json":
            return json.load(file), False
        if suffix in {".jsonl", ".ndjson"}:
            return [json.loads(line) for line in file if line.strip()], True
        return file.read(), False


def _table(path: str, separator: str) -> Any:
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=separator))
    return pandas.read_csv(path, sep=separator)


def _image(path: str) -> Any:
    try:
        pillow = importlib.import_module("PIL.Image")
    except ImportError:
        return importlib.import_module("cv2").imread(path)
    image = pillow.open(path)
    image.load()
    return image


def _items(value: Any) -> Iterator[Any]:
    if hasattr(value, "iloc"):
        for number in range(len(value)):
            yield value.iloc[number : number + 1].reset_index(drop=True)
    elif isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, dict):
        yield value
    else:
        yield from value


def _copy(sample: Any) -> Any:
    """One of its own for each call: a callable may change what it is given."""
    import copy

    return sample.copy() if hasattr(sample, "copy") and not isinstance(sample, (dict, list)) else copy.deepcopy(sample)


def _seed(seed: Any) -> None:
    if seed is None:
        return
    import random

    random.seed(seed)
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random").seed(seed)  # loaded late by numpy itself
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed)


# Results


class Keeper:
    """Writes results as files whose content can be compared."""

    def __init__(self, folder: str, *, squeeze: bool) -> None:
        self._folder = folder
        self._squeeze = squeeze

    def keep(self, value: Any, name: str, depth: int = 0) -> str:
        """Write a value; says what it was."""
        kind = type(value).__module__.split(".")[0] + "." + type(value).__name__
        if depth > _NESTED:
            raise NotKeptError("containers in containers beyond any use")
        array = _array(value)
        if array is not None:
            self._array(array, name)
            return f"{kind} {array.dtype} {tuple(array.shape)}"
        if _is_plain(value):
            self._text(json.dumps(value, indent=1, sort_keys=False), name + ".json")
        elif isinstance(value, str):
            self._text(value, name + ".txt")
        elif isinstance(value, (bytes, bytearray)):
            with open(os.path.join(self._folder, name + ".bin"), "wb") as file:
                file.write(value)
        elif hasattr(value, "columns") and hasattr(value, "iloc"):
            self._table(value, name)
        else:
            self._container(value, name, kind, depth)
        return kind

    def _container(self, value: Any, name: str, kind: str, depth: int) -> None:
        members = _members(value)
        if members is None:
            raise NotKeptError(
                f"a result of type `{kind}` can't be compared: return an array, a table, numbers or text"
            )
        inner = Keeper(os.path.join(self._folder, name), squeeze=self._squeeze)
        os.makedirs(inner._folder, exist_ok=True)
        inner._text(json.dumps([key for key, _ in members]), "keys.json")
        for key, member in members:
            inner.keep(member, _file_name(key), depth + 1)

    def _array(self, array: Any, name: str) -> None:
        np: Any = importlib.import_module("numpy")  # the program has it, or its data would be of another kind

        if self._squeeze:
            while array.ndim > 1 and array.shape[0] == 1:
                array = array[0]
        if array.dtype.hasobject:
            self._text(json.dumps(array.tolist(), default=str, indent=1), name + ".json")
        else:
            np.save(os.path.join(self._folder, name + ".npy"), array, allow_pickle=False)

    def _table(self, table: Any, name: str) -> None:
        inner = Keeper(os.path.join(self._folder, name), squeeze=False)
        os.makedirs(inner._folder, exist_ok=True)
        inner._text(json.dumps([str(column) for column in table.columns], indent=1), "columns.json")
        inner._text(json.dumps({str(c): str(table[c].dtype) for c in table.columns}, indent=1), "types.json")
        for column in table.columns:
            inner.keep(table[column], _file_name(column))

    def _text(self, text: str, name: str) -> None:
        with open(os.path.join(self._folder, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def _array(value: Any) -> Any:
    """The numbers of an array, tensor, image, column or list of equal lists; None for what is no array."""
    numpy = sys.modules.get("numpy")
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        return value.numpy()
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        return value.toarray()
    if hasattr(value, "numpy") and callable(value.numpy) and hasattr(value, "shape"):
        return value.numpy()
    if numpy is None:
        return None
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return numpy.asarray(value)
    if hasattr(value, "to_numpy") and not hasattr(value, "columns"):
        return value.to_numpy()
    if hasattr(value, "getbands") or hasattr(value, "__array_interface__") or hasattr(value, "__dlpack__"):
        return numpy.asarray(value)
    if isinstance(value, (list, tuple)) and value and _is_regular(value):
        array = numpy.asarray(value)
        return array if array.dtype.kind in "biuf" else None
    return None


def _is_regular(value: Any) -> bool:
    """Whether lists hold numbers only, as many each."""
    if all(isinstance(item, (int, float)) for item in value):
        return True
    if not all(isinstance(item, (list, tuple)) for item in value):
        return False
    return len({len(item) for item in value}) == 1 and all(_is_regular(item) for item in value)


def _is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or isinstance(value, (bool, int, float)):
        return True
    if depth > _NESTED:
        return False
    if isinstance(value, str):
        return depth > 0
    if type(value) in {list, tuple}:
        return all(_is_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return all(isinstance(key, str) and _is_plain(item, depth + 1) for key, item in value.items())
    return False


def _members(value: Any) -> Any:
    """Names and parts of a container; None for what is none."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(getattr(value, "_fields"), value))  # noqa: B009 — a named tuple's, as the type can't say
    if isinstance(value, (list, tuple)):
        return [(str(number), item) for number, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [(str(number), item) for number, item in enumerate(sorted(value, key=repr))]
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        names = list(value.keys())
        return [(str(key), value[key]) for key in names]
    if hasattr(value, "__dataclass_fields__"):
        return [(name, getattr(value, name)) for name in value.__dataclass_fields__]
    if hasattr(value, "model_dump"):
        return list(value.model_dump().items())
    if hasattr(value, "__next__"):
        found: list[tuple[str, Any]] = []
        for item in value:
            found.append((str(len(found)), item))
            if len(found) >= _ITEMS:
                break
        return found
    return None


def _file_name(key: Any) -> str:
    text = "".join(character if character.isalnum() or character in "-_. " else "_" for character in str(key))
    return text[:80] or "_"


# Errors


def _told(error: BaseException, stage: str) -> dict[str, Any]:
    own = os.path.abspath(__file__)
    frames = [
        {
            "file": os.path.abspath(frame.filename),
            "line": frame.lineno,
            "function": frame.name,
            "code": frame.line or "",
        }
        for frame in traceback.extract_tb(error.__traceback__)
        if os.path.abspath(frame.filename) not in (own, importlib.__file__) and not frame.filename.startswith("<frozen")
    ]
    if isinstance(error, SyntaxError) and error.filename:
        code = (error.text or "").strip()
        frames.append({"file": error.filename, "line": error.lineno, "function": "", "code": code})
    return {"stage": stage, "type": type(error).__name__, "message": str(error)[:2000], "frames": frames[-12:]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
