"""Puts a listener in front of functions, so that everything about them but one stack frame stays as it was."""

from __future__ import annotations

from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Callable

    Listener = Callable[..., None]
    """Called with the arguments of the call, before it."""


def listened(function: Callable[..., object], listener: Listener, watch: Watch) -> Callable[..., object]:
    """The function with a listener in front; what the listener raises becomes a gap."""
    code = getattr(listener, "__code__", None)
    if code is not None:
        watch.entrances.append(code)
    if not hasattr(type(function), "__get__"):
        return _Builtin(function, listener, watch)

    def call(*arguments: object, **named: object) -> object:
        try:
            listener(*arguments, **named)
        except Exception as error:  # the user's call goes on
            watch.journal.failed("listening to " + getattr(function, "__name__", "?"), error)
        return function(*arguments, **named)

    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        if hasattr(function, name):
            setattr(call, name, getattr(function, name))
    call.__dict__.update(getattr(function, "__dict__", {}))
    call.__wrapped__ = function  # type: ignore[attr-defined]
    return call


class _Builtin:
    """Stands for a function written in C that, unlike one written in Python, does not bind to classes it is put in."""

    def __init__(self, function: Callable[..., object], listener: Listener, watch: Watch) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__qualname__ = getattr(function, "__qualname__", function.__name__)
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self._listener = listener
        self._watch = watch

    def __call__(self, *arguments: object, **named: object) -> object:
        try:
            self._listener(*arguments, **named)
        except Exception as error:  # the user's call goes on
            self._watch.journal.failed("listening to " + self.__name__, error)
        return self.__wrapped__(*arguments, **named)

    def __getattr__(self, name: str) -> object:
        return getattr(self.__dict__["__wrapped__"], name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, as the function itself is


def entrances(watch: Watch) -> list[CodeType]:
    """The code that a program runs first when it calls something that is listened to: all wrappers share it."""

    def nothing() -> None:
        """Is never called."""

    wrapper = listened(nothing, nothing, watch)
    return [wrapper.__code__, _Builtin.__call__.__code__]


def listen(owner: object, name: str, listener: Listener, watch: Watch) -> bool:
    """Put a listener in front of a function of a module or class written in Python; False when there is none."""
    function = getattr(owner, "__dict__", {}).get(name)
    if not callable(function):
        return False
    setattr(owner, name, listened(function, listener, watch))
    return True


def listen_in_type(owner: type, name: str, listener: Listener, watch: Watch) -> bool:
    """Put a listener in front of a method of a type written in C, which refuses `setattr`.

    Its dictionary is changed underneath and the interpreter told to forget what it remembers of the type. False where
    that can't be done: another interpreter than CPython, or no such method.
    """
    method = owner.__dict__.get(name)
    return callable(method) and replace_in_type(owner, name, listened(method, listener, watch))


def replace_in_type(owner: type, name: str, replacement: object) -> bool:
    """Put something in the place of a method of a type written in C; False where that can't be done."""
    import ctypes
    import gc
    import sys

    if sys.implementation.name != "cpython" or name not in owner.__dict__:
        return False
    found = gc.get_referents(owner.__dict__)
    if len(found) != 1 or type(found[0]) is not dict:
        return False
    found[0][name] = replacement
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
    return True
