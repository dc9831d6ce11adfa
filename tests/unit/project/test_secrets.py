"""Keys are told from what looks like them, and never shown."""

from __future__ import annotations

import pytest

from reprocheck.model.place import Span
from reprocheck.project.secrets import find_secrets, masked
from reprocheck.project.source import SourceText

# In pieces, so that this file itself holds nothing that looks like a key.
HEX = "9f3a7c1e5b28d0" + "4c6f7a913be205d84c61fa2793"
LETTERS = "QwErTzUiOpAsDfGhJk" + "LyXcVbNmQaWsEdRf"
MIXED = "aB3dE5gH7jK9mN1p" + "Q2rS4tU6vW8xYz"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f'login("hf_{LETTERS}")', f"hf_{LETTERS}"),
        (f"wandb login {HEX}", HEX),
        (f'wandb.login(\n    key="{HEX}",\n)', HEX),
        (f'{{"username": "someone", "key": "{HEX[:32]}"}}', HEX[:32]),
        (f"api_key: {MIXED}", MIXED),
        (f"https://reader:{MIXED}@packages.team.org/simple", MIXED),
        (f"AccountKey={'aB3dE5gH7j' * 8}K9mN1p==;", f"{'aB3dE5gH7j' * 8}K9mN1p=="),
        ("AKIA" + "Q3M7PZ2XK5RWB6TC", "AKIA" + "Q3M7PZ2XK5RWB6TC"),
    ],
)
def test_a_secret_is_found_and_masked(text: str, secret: str) -> None:
    assert [text[found.start : found.end] for found in find_secrets(text)] == [secret]
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert secret[5:] not in hidden


@pytest.mark.parametrize(
    "text",
    [
        f'REVISION = "{HEX}"',
        f"https://github.com/wandb/wandb/blob/{HEX}/README.md",
        "hf_" + "x" * 34,
        "WANDB_API_KEY=" + "0" * 40,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "api_key = config.tracker.api_key_of_the_team",
        "https://user:password@localhost/model",
        'access_token="eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"',
        "https://${USER}:${TOKEN}@packages.team.org/simple",
    ],
)
def test_what_opens_nothing_is_no_secret(text: str) -> None:
    assert list(find_secrets(text)) == []


def test_lines_of_a_private_key_are_masked() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    assert masked(line) == "*" * len(line)


def test_an_excerpt_shows_no_secret_of_the_lines_around_it() -> None:
    source = SourceText("a.py", f'import wandb\nwandb.login(key="{HEX}")\nx = 1\n')
    shown = "\n".join(source.excerpt(Span(3, 1, 3, 2)).lines)
    assert HEX[4:] not in shown
    assert HEX[:4] in shown


def test_an_excerpt_of_a_long_line_shows_no_secret_whose_name_it_leaves_out() -> None:
    text = f"x = 1;{' ' * 300}wandb.login(key='{HEX}');{' ' * 300}y = 2"
    column = text.index(HEX) + 40
    shown = SourceText("a.py", text).excerpt(Span(1, column, 1, column + 1)).lines[0]
    assert "wandb" not in shown
    assert HEX[:4] in shown
    assert HEX[4:12] not in shown
