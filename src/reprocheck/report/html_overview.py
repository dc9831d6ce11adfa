"""Where findings lie, as a table of folders and families that can be read at a glance."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reprocheck.model.rule_info import FAMILIES
from reprocheck.report.html_text import code
from reprocheck.report.summary import family_of
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reprocheck.model.finding import Finding

_FOLDERS = 14
"""Folders with a row of their own; the others share one."""
_TOP = "."


def overview_html(findings: Sequence[Finding]) -> Iterator[str]:
    """A table with a row for each folder and a column for each family; a cell's shade is its share of the largest."""
    if not findings:
        return
    folders = Counter(_folder(finding.place.path) for finding in findings)
    families = Counter(family_of(finding.code) for finding in findings)
    cells = Counter((_folder(finding.place.path), family_of(finding.code)) for finding in findings)
    columns = [family for family in FAMILIES if family in families] + sorted(families.keys() - FAMILIES.keys())
    rows = [folder for folder, _ in sorted(folders.items(), key=lambda item: (-item[1], item[0]))]
    largest = max(cells.values())
    yield '<table class="heat"><thead><tr><th>folder</th>'
    yield "".join(
        f'<th title="{marked_up(FAMILIES.get(family, family))}">{marked_up(family)}</th>' for family in columns
    )
    yield "<th>all</th></tr></thead><tbody>"
    for folder in rows[:_FOLDERS]:
        where = "" if folder == _TOP else f"path:{folder}/"
        numbers = "".join(_cell(cells[folder, family], largest, f"{where} code:{family}") for family in columns)
        total = _cell(folders[folder], 0, where)
        yield f"<tr><th>{code(folder if folder == _TOP else f'{folder}/')}</th>{numbers}{total}</tr>"
    rest = rows[_FOLDERS:]
    if rest:
        sums = [sum(cells[folder, family] for folder in rest) for family in columns]
        numbers = "".join(_cell(number, largest, "") for number in (*sums, sum(folders[folder] for folder in rest)))
        yield f'<tr><th class="dim">{len(rest):,} more</th>{numbers}</tr>'
    totals = "".join(_cell(families[family], 0, f"code:{family}") for family in columns)
    yield f"</tbody><tfoot><tr><th>all</th>{totals}<td>{len(findings):,}</td></tr></tfoot></table>"


def _folder(path: str) -> str:
    """The first two folders of a path: deep trees would have a row for every file otherwise."""
    folders = path.split("/")[:-1]
    return "/".join(folders[:2]) or _TOP


def _cell(number: int, largest: int, words: str) -> str:
    if not number:
        return "<td></td>"
    share = round(70 * number / largest) if largest else 0
    style = f' style="--share:{share}%"' if share else ""
    words = words.strip()
    # A path with a space can't be said as one word of the filter.
    if not words or " " in words.replace(" code:", ""):
        return f"<td{style}>{number:,}</td>"
    return f'<td{style}><button type="button" data-filter="{marked_up(words)}">{number:,}</button></td>'
