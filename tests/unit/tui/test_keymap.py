"""The user's own keys and theme."""

from __future__ import annotations

import pytest

from reprocheck.tui.start import fitting_theme
from reprocheck.tui.state.keymap import read_preferences

ACTIONS = ("findings.accept", "app.quit")
THEMES = ("textual-dark", "ansi-dark")


def test_keys_and_theme_are_read() -> None:
    found = read_preferences('theme = "ansi-dark"\n[keys]\n"findings.accept" = "A,ctrl+a"\n', ACTIONS, THEMES)
    assert (found.theme, dict(found.keys), found.problems) == ("ansi-dark", {"findings.accept": "A,ctrl+a"}, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\n"findings.acept" = "A"\n', "did you mean findings.accept?"),
        ('theme = "ansi-drk"\n', "did you mean ansi-dark?"),
        ("thme = 1\n", "did you mean theme?"),
        ('[keys]\n"app.quit" = 3\n', "must be text"),
        ("[keys\n", "is not read"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_holds(text: str, said: str) -> None:
    found = read_preferences(text, ACTIONS, THEMES)
    assert said in found.problems[0]
    assert not found.keys


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, ""),
        ({"TERM": "linux"}, "ansi-dark"),
        ({}, "ansi-dark"),
    ],
)
def test_a_terminal_of_sixteen_colours_keeps_its_own(environment: dict[str, str], theme: str) -> None:
    assert fitting_theme(environment) == theme
