"""Which rules run: packs, `select`, `extend-select` and `ignore`, by code, prefix, family or name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from reprocheck.model.finding import Severity
from reprocheck.model.rule_info import RuleInfo
from reprocheck.rulekit.loading import PackFile

_CODE_OR_PREFIX = re.compile(r"[A-Z]{2,8}\d{0,3}")
ALL = "ALL"


class SelectionError(Exception):
    """A word of a selection means no rule; the message suggests one that does."""


def choose(
    rules: Mapping[str, RuleInfo],
    packs: Mapping[str, PackFile],
    *,
    pack: str = "default",
    select: Iterable[str] = (),
    extend: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> dict[str, RuleInfo]:
    """Rules that run, by code, with the severities of the pack; `select` replaces the pack's choice."""
    chosen_pack = packs.get(pack)
    if chosen_pack is None:
        raise SelectionError(f"no pack is named {pack!r}{_suggest(pack, packs)}; there are: {', '.join(sorted(packs))}")
    select = list(select)
    codes = {code for word in select for code in matching(word, rules)} if select else _of_pack(rules, chosen_pack)
    codes |= {code for word in extend for code in matching(word, rules)}
    codes -= {code for word in ignore for code in matching(word, rules)}
    return {code: _with_severity(rules[code], chosen_pack) for code in sorted(codes)}


def matching(word: str, rules: Mapping[str, RuleInfo]) -> set[str]:
    """Codes that a word stands for; raises SelectionError when there is none."""
    if word == ALL:
        return set(rules)
    if _CODE_OR_PREFIX.fullmatch(word):
        found = {code for code in rules if code.startswith(word)}
        if found:
            return found
    found = {code for code, info in rules.items() if info.name == word}
    if found:
        return found
    known = [*rules, *(info.name for info in rules.values()), *{info.family for info in rules.values()}]
    raise SelectionError(f"no rule is named {word!r}{_suggest(word, known)}; `reprocheck rules` lists them")


def _of_pack(rules: Mapping[str, RuleInfo], pack: PackFile) -> set[str]:
    exact = {word for word in pack.select if word in rules}
    chosen = {
        code
        for word in pack.select
        for code, info in rules.items()
        if word == ALL or code.startswith(word) or info.name == word
    }
    if not pack.notes:
        chosen = {code for code in chosen if rules[code].severity is not Severity.NOTE or code in exact}
    ignored = {
        code for word in pack.ignore for code, info in rules.items() if code.startswith(word) or info.name == word
    }
    return chosen - ignored


def _with_severity(info: RuleInfo, pack: PackFile) -> RuleInfo:
    severity = pack.severity.get(info.code)
    if severity is None:
        return info
    return RuleInfo(
        code=info.code,
        name=info.name,
        severity=Severity(severity),
        confidence=info.confidence,
        summary=info.summary,
        why=info.why,
        fix=info.fix,
        notes=info.notes,
        origin=info.origin,
    )


def _suggest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
