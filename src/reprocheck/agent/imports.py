"""Does something right after a module was executed, without importing it and without changing how it is found."""

from __future__ import annotations

import sys

from .journal import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Callable

    Action = Callable[[ModuleType], None]


class AfterImport:
    """A finder that finds nothing: it asks the others and, for the modules on its list, has their loader tell."""

    def __init__(self, actions: dict[str, list[Action]], journal: Journal) -> None:
        self._actions = actions
        self._journal = journal
        self._done: set[str] = set()

    def install(self) -> None:
        """Watch imports from now on; modules that are there already are dealt with at once."""
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]
        for name in self._actions:
            module = sys.modules.get(name)
            if module is not None:
                self._after(module)

    def missed(self) -> list[str]:
        """Modules of the list that were imported behind the agent's back, sorted."""
        return sorted(name for name in self._actions if name in sys.modules and name not in self._done)

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """What the other finders say, with a loader that tells; None for every module that isn't on the list."""
        if name not in self._actions:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if find is None or finder is self:  # type: ignore[comparison-overlap]
                continue
            spec = find(name, path, target)
            if spec is not None:
                try:
                    self._arm(spec.loader)
                except Exception as error:  # the import itself must go on
                    self._journal.failed("watching the import of " + name, error)
                return spec
        return None

    def _arm(self, loader: object) -> None:
        """Put a function in front of the loader's own `exec_module`, which takes itself away when called."""
        execute = loader.exec_module  # type: ignore[attr-defined]

        def exec_module(module: ModuleType) -> None:
            loader.__dict__.pop("exec_module", None)
            execute(module)
            self._after(module)

        loader.exec_module = exec_module  # type: ignore[attr-defined]

    def _after(self, module: ModuleType) -> None:
        name = module.__name__
        self._done.add(name)
        for action in self._actions.get(name, ()):
            self._act(action, module)

    def _act(self, action: Action, module: ModuleType) -> None:
        try:
            action(module)
        except Exception as error:  # the user's program goes on without our wrapper
            self._journal.failed("watching " + module.__name__, error)
