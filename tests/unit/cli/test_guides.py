"""Every command has a guide, and every guide leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reprocheck.cli.main import COMMANDS

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", ROOT / "docs" / "tutorial.md", *(ROOT / "docs" / "guides").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def test_every_command_stands_in_a_guide() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES if page.parent.name == "guides")
    assert [name for name in COMMANDS if not re.search(rf"reprocheck {name}\b", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()] == []


def test_every_guide_is_named_on_another_page() -> None:
    named = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(page.read_text("utf-8"))}
    assert [page.name for page in PAGES if page.parent.name == "guides" and page not in named] == []
