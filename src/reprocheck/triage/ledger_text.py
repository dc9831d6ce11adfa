"""The text of the ledger: read with line numbers, and edited block by block.

A block that nobody decides anew keeps its text to the byte, comments included, so that two branches that decide about
different findings change different lines.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from reprocheck.model.ledger import SCHEMA, Decision, Evidence, Ledger, Outcome, State
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.toml_text import block

PREAMBLE = (
    "# What was decided about findings of reprocheck: `reprocheck triage` writes this file, and git should keep it.\n"
    f"schema = {SCHEMA}\n"
)
_HEADER = re.compile(r"[ \t]*\[\[[ \t]*(decision|evidence)[ \t]*\]\][ \t]*(?:#.*)?")
_ERROR_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")
_MARKER = re.compile(r"(?m)^(?:<{7}|>{7})(?: .*)?$")
_KEY = re.compile(r"\$\.(\w+)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TYPES = {
    "str": "text",
    "int": "a number",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "bool": "true or false",
}
_REASONS = (
    (re.compile(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`"), "{0} is expected, not {1}"),
    (re.compile(r"Object missing required field `(\w+)`"), "`{0}` is missing"),
    (re.compile(r"Invalid enum value (.+)"), f"{{0}} is none of {', '.join([*State, *Outcome])}"),
    (re.compile(r"Expected `str` matching regex .*"), "hexadecimal digits in the right number are expected"),
    (re.compile(r"Expected `str` of length >= 1"), "it must not be empty"),
    (re.compile(r"Invalid RFC3339 encoded date"), "a date is expected, such as 2027-01-31"),
)
"""What msgspec says, and what a person is told."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it stands in the file."""

    item: Decision | Evidence
    text: str
    """Its lines and the comments right above it, ended by one line feed."""


@dataclass(frozen=True, slots=True)
class LedgerText:
    """A ledger with the text of each of its blocks."""

    preamble: str = PREAMBLE
    blocks: tuple[Block, ...] = ()
    newline: str = "\n"

    @property
    def ledger(self) -> Ledger:
        """What it says."""
        items = [found.item for found in self.blocks]
        return Ledger(
            decision=tuple(sorted((i for i in items if isinstance(i, Decision)), key=lambda i: i.sort_key)),
            evidence=tuple(sorted((i for i in items if isinstance(i, Evidence)), key=lambda i: i.sort_key)),
        )

    def edited(self, *, removed: Iterable[Decision | Evidence], added: Iterable[Decision | Evidence]) -> LedgerText:
        """Without some decisions or evidence and with others; of equal ones as many go as are given."""
        going = Counter(removed)
        kept: list[Block] = []
        for found in self.blocks:
            if going[found.item] > 0:
                going[found.item] -= 1
            else:
                kept.append(found)
        kept += [Block(item, block(item)) for item in added]
        return LedgerText(self.preamble, tuple(sorted(kept, key=_order)), self.newline)

    def render(self) -> str:
        """The whole file."""
        text = "\n".join([self.preamble.rstrip("\n") + "\n", *(found.text for found in self.blocks)])
        return text.replace("\n", self.newline)


def _order(found: Block) -> tuple[object, ...]:
    return (isinstance(found.item, Evidence), *found.item.sort_key)


def parse(data: bytes, name: str) -> LedgerText:
    """Read a ledger; raises LedgerError with the name and the line of whatever is wrong with it."""
    text = _decoded(data, name)
    conflict = _MARKER.search(text)
    if conflict is not None:
        raise LedgerError(
            f"{name}:{_line_of(text, conflict.start())}: a merge left its conflict marks here; "
            "`reprocheck triage --resolve` puts both sides together, or edit the file by hand"
        )
    value = _parsed(text, name)
    parts = _parts(text, name)
    _check_top(value, text, name, parts)
    blocks = tuple(Block(_item(part, name), part.text.strip("\n") + "\n") for part in parts.blocks)
    preamble = parts.preamble if parts.preamble.strip() else PREAMBLE
    return LedgerText(preamble, tuple(sorted(blocks, key=_order)), "\r\n" if b"\r\n" in data else "\n")


def resolved(data: bytes, name: str) -> tuple[LedgerText, int]:
    """The decisions of both sides of a conflicted merge, and in how many places they conflicted.

    What only one side has stays: the other may have taken it away, and that is for a person to say. Raises LedgerError
    when both sides decided differently about one finding.
    """
    text = _decoded(data, name)
    sides, count = _sides(text, name)
    if not count:
        return parse(data, name), 0
    ours, theirs = (
        parse(side.encode("utf-8"), f"{name} ({whose} side)")
        for side, whose in zip(sides, ("our", "their"), strict=True)
    )
    have, differing = Counter(b.item for b in ours.blocks), []
    added: list[Block] = []
    for found in theirs.blocks:
        if have[found.item] > 0:
            have[found.item] -= 1
            continue
        if any(_same_finding(found.item, other.item) and other.item != found.item for other in ours.blocks):
            differing.append(found.item)
        added.append(found)
    if differing:
        lines = "".join(f"\n  {item.fingerprint} {item.code} in {item.path}" for item in differing)
        raise LedgerError(
            f"{name}: both sides decided differently about {len(differing)} finding(s); keep one block of each by hand "
            f"and remove the conflict marks:{lines}"
        )
    blocks = tuple(sorted((*ours.blocks, *added), key=_order))
    return LedgerText(ours.preamble, blocks, "\r\n" if b"\r\n" in data else "\n"), count


def _same_finding(one: Decision | Evidence, other: Decision | Evidence) -> bool:
    return (
        isinstance(one, Decision)
        and isinstance(other, Decision)
        and (one.fingerprint, one.path, one.context, one.code)
        == (other.fingerprint, other.path, other.context, other.code)
    )


def _sides(text: str, name: str) -> tuple[tuple[str, str], int]:
    """Our and their text of a file with conflict marks (the base of `diff3` left out), and the number of conflicts."""
    ours: list[str] = []
    theirs: list[str] = []
    into: Sequence[list[str]] = (ours, theirs)
    count, opened = 0, 0
    for number, line in enumerate(_lines(text), start=1):
        mark = line[:7]
        if mark == "<<<<<<<":
            count, opened, into = count + 1, number, (ours,)
        elif mark == "|||||||" and opened:
            into = ()
        elif mark == "=======" and opened and line.strip() == mark:
            into = (theirs,)
        elif mark == ">>>>>>>":
            if not opened:
                raise LedgerError(f"{name}:{number}: a conflict ends here that begins nowhere; edit the file by hand")
            opened, into = 0, (ours, theirs)
        else:
            for side in into:
                side.append(line)
    if opened:
        raise LedgerError(f"{name}:{opened}: a conflict begins here that ends nowhere; edit the file by hand")
    return ("".join(ours), "".join(theirs)), count


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LedgerError(f"{name}:{line}: not UTF-8; nothing was changed") from None
    return text.replace("\r\n", "\n")


def _parsed(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise LedgerError(f"{name}: nested too deeply; nothing was changed") from None
    except ValueError as error:  # also a number with too many digits, for which tomllib has no error of its own
        place = _ERROR_LINE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        reason = _ERROR_LINE.sub("", str(error))
        raise LedgerError(
            f"{name}:{line}: not valid TOML ({reason}); repair the line or take the file back from git; "
            "nothing was changed"
        ) from None


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    line: int
    """Of the header."""
    text: str
    value: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Parts:
    preamble: str
    blocks: tuple[_Part, ...]


def _parts(text: str, name: str) -> _Parts:
    """The text in front of the first block, and the blocks; a line inside a long string is no header."""
    lines = _lines(text)
    headers = [index for index, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\r\n"))]
    found: list[_Part] = []
    preamble = "".join(lines[: _with_comments(lines, headers[0])]) if headers else text
    position = 0
    while position < len(headers):
        start, end = headers[position], position + 1
        while True:  # a header that ends no statement belongs to the string around it
            stop = headers[end] if end < len(headers) else len(lines)
            try:
                parsed = tomllib.loads("".join(lines[start:stop]))
                break
            except ValueError:
                if end >= len(headers):
                    raise LedgerError(f"{name}:{start + 1}: this block can't be read on its own") from None
                end += 1
        first = _with_comments(lines, start)
        last = _with_comments(lines, headers[end]) if end < len(headers) else len(lines)
        kind = next(iter(parsed))
        items = parsed[kind]
        value = items[0] if isinstance(items, list) and len(items) == 1 else {}
        found.append(_Part(kind, start + 1, "".join(lines[first:last]), value))
        position = end
    return _Parts(preamble, tuple(found))


def _with_comments(lines: Sequence[str], header: int) -> int:
    """First of the comment lines that stand right above a header."""
    first = header
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _check_top(value: dict[str, object], text: str, name: str, parts: _Parts) -> None:
    known = Ledger.__struct_fields__
    for key in value:
        if key not in known:
            raise LedgerError(f"{name}:{_key_line(text, key)}: {_unknown(key, known)}")
    schema = value.get("schema")
    if type(schema) is not int or schema < 1:
        what = "there is no `schema`" if schema is None else f"`schema` is {schema!r}"
        raise LedgerError(f"{name}:{_key_line(text, 'schema')}: {what}; it must be `schema = {SCHEMA}`")
    if schema > SCHEMA:
        raise LedgerError(f"{name} was made by a newer reprocheck (schema {schema}); nothing was changed")
    for kind in ("decision", "evidence"):
        items = value.get(kind, [])
        if items != [part.value for part in parts.blocks if part.kind == kind]:
            line = _key_line(text, kind)
            raise LedgerError(f"{name}:{line}: `{kind}` must be written as one `[[{kind}]]` block for each")


def _item(part: _Part, name: str) -> Decision | Evidence:
    kind: type[Decision | Evidence] = Decision if part.kind == "decision" else Evidence
    for key in part.value:
        if key not in kind.__struct_fields__:
            line = part.line + _offset(part, key)
            raise LedgerError(f"{name}:{line}: {_unknown(key, kind.__struct_fields__)}; nothing was changed")
    try:
        return msgspec.convert(part.value, kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        named = _KEY.search(where)
        line = part.line + (_offset(part, named[1]) if named else 0)
        what = f"`{named[1]}`" if named else "this block"
        raise LedgerError(f"{name}:{line}: {what}: {_in_plain_words(reason)}; nothing was changed") from None


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"
    return f"there is no key `{key}`; {hint}"


def _in_plain_words(reason: str) -> str:
    for pattern, words in _REASONS:
        match = pattern.fullmatch(reason)
        if match is not None:
            return words.format(
                *(_TYPES.get(group, group) if "expected" in words else group for group in match.groups())
            )
    return reason


def _offset(part: _Part, key: str) -> int:
    """Lines from the header of a block down to a key."""
    below = part.text[part.text.index("[[") :]
    return _key_line(below, key) - 1


def _key_line(text: str, key: str) -> int:
    """First line that writes a key or a table of that name; 1 where none does."""
    match = re.search(rf"(?m)^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.\]]", text)
    return _line_of(text, match.start()) if match else 1


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends a line in TOML."""
    return _LINE.findall(text)
