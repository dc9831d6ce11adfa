"""Follows values through the modules of a project, statement by statement, without running anything.

Constants are computed, calls of the project's own functions are entered, calls outside it are explained by the
catalog (`effects.py`). Loops are gone through once; of a branch that constants don't decide both sides are, and a
name that has two values behind it is data with an unknown step.
"""

from __future__ import annotations

from reprocheck.project.facts.model import FileFacts
from reprocheck.project.facts.outline import Form, unpack
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit.artifacts.naming import Locator
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.preprocessing.calls import Calls
from reprocheck.rulekit.preprocessing.effects import Effects
from reprocheck.rulekit.preprocessing.expressions import Expressions, OutOfBudget
from reprocheck.rulekit.preprocessing.names import Names
from reprocheck.rulekit.preprocessing.pieces import definitions
from reprocheck.rulekit.preprocessing.statements import Statements
from reprocheck.rulekit.preprocessing.uses import Uses
from reprocheck.rulekit.preprocessing.values import FunctionValue, Made, Scope, Value


class Interpreter:
    """One following of one project."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, budget: int) -> None:
        """`catalog` explains what comes from outside the project; `budget` bounds the expressions looked at."""
        self.index = index
        self.catalog = catalog
        self.budget = budget
        self.uses = Uses()
        self._locator = Locator(index)
        self.effects = Effects(self)
        self.names = Names(self)
        self.statements = Statements(self)
        self.expressions = Expressions(self)
        self.calls = Calls(self)
        self.value = self.expressions.value
        self.block = self.statements.block
        self.apply = self.calls.apply
        self.enter = self.calls.enter
        self.instance = self.calls.instance
        self.attribute = self.names.attribute
        self.method = self.names.method
        self._modules: dict[str, Scope] = {}
        self._outlines: list[list[Form]] = []
        self._positions: dict[int, tuple[str, int]] = {}
        """Functions by the identity of their forms, which the outlines keep alive."""
        self.entered: dict[str, set[int]] = {}
        """Modules that were followed, with the positions of functions that were entered; see `pieces.py`."""
        self.called: set[int] = set()
        """Identities of functions' forms that something called."""

    @property
    def spent(self) -> int:
        """Expressions that were looked at, one more than the budget where it ran out."""
        return self.expressions.spent

    def module(self, path: str) -> Scope:
        """The names of a module, its body followed at the first question; what is read of it is in `entered`."""
        scope = self._modules.get(path)
        if scope is None:
            scope = self._modules[path] = Scope(path)
            forms = unpack(self.index.answers.apart(lambda: self._outline(path)))
            self._outlines.append(forms)
            self._positions.update({id(form): (path, at) for at, form in enumerate(definitions(forms))})
            self.entered[path] = set()
            self.block(forms, scope)
        return scope

    def _outline(self, path: str) -> bytes:
        facts = self.index.files.get(path)
        return facts.outline if isinstance(facts, FileFacts) else b""

    def entering(self, function: FunctionValue) -> None:
        """A function is entered; who enters one inside of another has entered that too."""
        known = self._positions.get(id(function.form))
        if known is not None:
            self.entered[known[0]].add(known[1])

    def begin(self, root: str) -> None:
        """Start counting the repeats of functions anew."""
        self.calls.begin()
        self.uses.begin(root)

    def located(self, path: str) -> str:
        """The file that a path of the running program leads to."""
        return self._locator.locate(path, self._locator.around(self.uses.root)) if path else path

    def call_root(self, function: FunctionValue) -> Value:
        """Follow a function that nothing in the project calls, with parameters that aren't known."""
        arguments: list[Value] = []
        if function.owner is not None:
            # A method that only a framework calls runs on the object that the program made.
            made = self.calls.made.get(id(function.owner)) or self.instance(function.owner, [], {})
            arguments.append(made)
        returned = self.enter(function, arguments, {})
        self.effects.persistence.escapes([returned])
        return returned


__all__ = ["Interpreter", "Made", "OutOfBudget"]
