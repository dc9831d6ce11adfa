"""Whatever is set wherever, the strongest place wins each key and says so."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.config import KEYS, Source, load
from reprocheck.config.files import index_lines

PLACES = [Source.USER_FILE, Source.PYPROJECT, Source.PROJECT_FILE, Source.VARIABLE, Source.FLAG]
"""Weakest first."""
CHOICES: dict[str, list[object]] = {
    "pack": ["a", "b", "c"],
    "fail-on": ["error", "note", "never"],
    "min-confidence": ["high", "medium", "low"],
    "jobs": [1, 2, "auto"],
    "cache": [True, False],
    "rule-set": ["0.1", "0.2"],
}

Settings = dict[str, object]
settings = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in CHOICES.items()})


def toml(table: Settings) -> str:
    """Write flat settings; JSON scalars are TOML scalars."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


@given(st.fixed_dictionaries(dict.fromkeys(PLACES, settings)))
def test_strongest_place_wins_each_key(made: dict[Source, Settings]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        user = root / "user.toml"
        user.write_text(toml(made[Source.USER_FILE]), encoding="utf-8")
        (root / "pyproject.toml").write_text("[tool.reprocheck]\n" + toml(made[Source.PYPROJECT]), encoding="utf-8")
        (root / "reprocheck.toml").write_text(toml(made[Source.PROJECT_FILE]), encoding="utf-8")
        environment = {
            KEYS[key].variable: value if isinstance(value, str) else json.dumps(value)
            for key, value in made[Source.VARIABLE].items()
        }
        config = load(root, overrides=made[Source.FLAG], environment=environment, user_file=user)
    defaults = {key: value for key, value, _ in load(root, isolated=True).entries()}
    for key, value, origin in config.entries():
        setters = [place for place in PLACES if key in made[place]]
        if not setters:
            assert (value, origin.source) == (defaults[key], Source.DEFAULT)
            continue
        assert origin.source is setters[-1]
        assert value == made[setters[-1]][key]


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(0, 3)), unique_by=lambda item: item[0]))
def test_every_key_is_found_on_its_own_line(keys: list[tuple[str, int]]) -> None:
    text = ""
    expected = {}
    for name, empty_lines in keys:
        text += "\n" * empty_lines
        expected[name,] = text.count("\n") + 1
        text += f"{basic_string(name)} = 1\n"
    assert index_lines(text) == expected


def basic_string(text: str) -> str:
    """A TOML key in quotes, every character by number."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'
