"""`reprocheck rules` and `reprocheck explain`: what the tool knows."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from reprocheck.app import knowledge as knowledge_of
from reprocheck.app.errors import UsageError
from reprocheck.config import Config
from reprocheck.fix.examples import check_fixes, kinds_of_fixes
from reprocheck.model.fix import Safety
from reprocheck.model.rule_info import RuleInfo
from reprocheck.rulekit.rule import Example
from reprocheck.scan.examples import ExampleFailure, check_examples
from reprocheck.scan.own_rules import OWN_RULES
from reprocheck.scan.selection import SelectionError, choose

_SHORT_CODE = re.compile(r"([A-Za-z]+)0*([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule with its examples."""

    info: RuleInfo
    examples: tuple[Example, ...]
    selected: bool
    """Whether it runs under the configuration."""
    fixes: tuple[Safety, ...] = ()
    """Kinds of fixes that it gives for its examples; only for a page that was asked for by itself."""


def pages(config: Config) -> list[RulePage]:
    """All rules, sorted by code."""
    knowledge = knowledge_of.load(knowledge_of.sources_of(config))
    infos = {**{code: rule.info for code, rule in knowledge.rules.items()}, **OWN_RULES}
    try:
        chosen = choose(
            infos,
            knowledge.packs,
            pack=config.pack,
            select=config.select,
            extend=config.extend_select,
            ignore=config.ignore,
        )
    except SelectionError as error:
        raise UsageError(str(error)) from error
    return [
        RulePage(infos[code], tuple(knowledge.rules[code].examples) if code in knowledge.rules else (), code in chosen)
        for code in sorted(infos)
    ]


def page(config: Config, word: str) -> RulePage:
    """The rule of a code or name; raises UsageError with a suggestion."""
    everything = pages(config)
    for candidate in everything:
        if word.upper() == candidate.info.code or word.lower() == candidate.info.name:
            return replace(candidate, fixes=_fixes(config, candidate.info.code))
    raise UsageError(_unknown(word, [page.info for page in everything]))


def _unknown(word: str, rules: list[RuleInfo]) -> str:
    """What to say of a word that names no rule."""
    codes = [info.code for info in rules]
    family = [code for code in codes if word and code.startswith(word.upper())]
    if len(family) > 1:
        return f"{word!r} begins {len(family)} codes, {family[0]} to {family[-1]}: name one of them"
    short = _SHORT_CODE.fullmatch(word)
    if short and (whole := f"{short[1].upper()}{int(short[2]):03}") in codes:
        return f"no rule is named {word!r}; did you mean {whole}?"
    known = [name for info in rules for name in (info.code, info.name)]
    close = difflib.get_close_matches(word.upper(), known, n=1) or difflib.get_close_matches(word.lower(), known, n=1)
    hint = f"; did you mean {close[0]}?" if close else "; `reprocheck rules` lists them"
    return f"no rule is named {word!r}{hint}"


def _fixes(config: Config, code: str) -> tuple[Safety, ...]:
    knowledge = knowledge_of.load(knowledge_of.sources_of(config))
    rule = knowledge.rules.get(code)
    return () if rule is None else kinds_of_fixes(rule, knowledge.catalog)


def check(config: Config, *, own_only: bool) -> tuple[int, list[ExampleFailure]]:
    """Number of rules whose examples were run, and the failures; `own_only` leaves out the installed rules."""
    sources = knowledge_of.sources_of(config)
    knowledge = knowledge_of.load(sources)
    rules = list(knowledge.rules.values())
    if own_only:
        files = {path.rpartition("/")[2] for path in sources.rule_paths}
        rules = [rule for rule in rules if rule.info.origin.endswith(".toml") or rule.info.origin in files]
    return len(rules), [*check_examples(rules, knowledge.catalog), *check_fixes(rules, knowledge.catalog)]
