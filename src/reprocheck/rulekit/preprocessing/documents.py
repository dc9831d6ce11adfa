"""Configuration files as followed values."""

from __future__ import annotations

from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit.preprocessing.values import Const, Many, Table, Value

_MOST = 2_000


def document_table(index: ProjectIndex, path: str) -> Value | None:
    """The settings of the project's file that a path names; None when there is no such file, or several."""
    name = path.replace("?/", "").lstrip("./")
    found = [known for known in index.documents if known == name or known.endswith("/" + name)]
    if len(found) != 1:
        return None
    root: dict[str, object] = {}
    for setting in index.documents[found[0]].settings[:_MOST]:
        current = root
        parts = setting.key.split(".")
        for part in parts[:-1]:
            inner = current.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            current = inner
        else:
            current[parts[-1]] = Const(setting.value)
    return _value(root)


def _value(known: object) -> Value:
    if not isinstance(known, dict):
        assert isinstance(known, Const)
        return known
    if known and all(key.isdigit() for key in known):
        return Many([_value(known[key]) for key in sorted(known, key=int)])
    return Table({key: _value(inner) for key, inner in known.items()}, open=True)
