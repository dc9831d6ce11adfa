"""The agent's compiled part, where it was built: what happens with every file that is opened, without Python's loop.

Everything works without it, and says the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

module: ModuleType | None
"""None where it wasn't built, is of another machine, or the interpreter has no stable ABI."""
try:
    from . import _module as module
except ImportError:
    module = None
