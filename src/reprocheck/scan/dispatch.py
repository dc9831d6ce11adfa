"""The table from what a file contains to the checks that want to see it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from reprocheck.rulekit import Catalog, Rule
from reprocheck.rulekit.rule import CallCheck, Matches, ModuleListener


class Dispatch:
    """All listeners of the chosen rules, compiled once per process."""

    def __init__(self, rules: Iterable[Rule], catalog: Catalog) -> None:
        """Call checks are looked up by canonical name; each name is matched against patterns only once."""
        self.rules = tuple(rules)
        self._catalog = catalog
        self._exact: dict[str, list[tuple[Rule, CallCheck]]] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule, CallCheck]] = []
        self._roles: dict[str, list[tuple[Rule, CallCheck]]] = {}
        self._by_name: dict[str, tuple[tuple[Rule, CallCheck], ...]] = {}
        self.nodes: dict[type[ast.AST], list[tuple[Rule, Callable[[Any, Any], Matches]]]] = {}
        self.modules: list[tuple[Rule, ModuleListener]] = []
        self.needs_facts = any(rule.project_checks for rule in self.rules)
        """Whether a chosen rule is about the project as a whole."""
        for rule in self.rules:
            self._add(rule)

    def _add(self, rule: Rule) -> None:
        for listener in rule.call_listeners:
            for name in listener.names:
                if "*" in name:
                    pattern = re.compile(re.escape(name).replace(r"\*", ".*"))
                    self._patterns.append((pattern, rule, listener.check))
                else:
                    self._exact.setdefault(name, []).append((rule, listener.check))
            for role in listener.roles:
                self._roles.setdefault(role, []).append((rule, listener.check))
        for kind, check in rule.node_listeners:
            self.nodes.setdefault(kind, []).append((rule, check))
        self.modules.extend((rule, listener) for listener in rule.module_listeners)

    def for_call(self, name: str) -> tuple[tuple[Rule, CallCheck], ...]:
        """Checks for calls of a canonical name."""
        try:
            return self._by_name[name]
        except KeyError:
            found = list(self._exact.get(name, ()))
            found += [(rule, check) for pattern, rule, check in self._patterns if pattern.fullmatch(name)]
            entry = self._catalog.entry(name)
            if entry is not None:
                found += [pair for role in entry.roles for pair in self._roles.get(role, ())]
            unique = tuple(dict.fromkeys(found))
            self._by_name[name] = unique
            return unique
