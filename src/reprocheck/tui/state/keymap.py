"""The user's own keys and theme: a small TOML file beside the user's settings."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

FILE = "tui.toml"
"""Name of the file in the user's configuration folder."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the file says."""

    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by the id of what they do, several separated by commas."""
    problems: tuple[str, ...] = ()
    """What could not be understood; the rest holds."""


def read_preferences(text: str, actions: Collection[str], themes: Collection[str]) -> Preferences:
    """Read `theme = "..."` and a table `[keys]` of `"findings.accept" = "A"`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Preferences(problems=(f"{FILE} is not read: {error}",))
    problems: list[str] = []
    theme, keys = "", {}
    for name, value in table.items():
        match name, value:
            case "theme", str() if value in themes:
                theme = value
            case "theme", _:
                problems.append(_unknown("theme", str(value), themes))
            case "keys", dict():
                for action, key in value.items():
                    if action not in actions:
                        problems.append(_unknown("action", action, actions))
                    elif not isinstance(key, str) or not key:
                        problems.append(f'{FILE}: the key of {action} must be text, such as "ctrl+a"')
                    else:
                        keys[action] = key
            case _:
                problems.append(_unknown("setting", name, ("theme", "keys")))
    return Preferences(theme, keys, tuple(problems))


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    return f"{FILE}: there is no {kind} {name}{hint}"
