"""The Python that the command ran: found from what was seen of it, else from the command line and the path."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reprocheck.model.record import Gap, Interpreter, PythonProcess

PATIENCE = 20.0
"""Seconds that an interpreter may take to say what it is."""
_NAME = re.compile(r"(?:python|pypy)[\d.]*(?:-dbg|t)?")
_SHEBANG = 256
_QUESTION = """
import sys
try:
    from _json import encode_basestring_ascii as quoted
except ImportError:
    from json import dumps as quoted
words = sys.version.split()
name = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name)
if name is None:
    import platform
    name = platform.python_implementation()
told = [("executable", sys.executable or ""), ("version", words[0]), ("implementation", name)]
told += [("build", " ".join(words)), ("prefix", sys.prefix), ("base_prefix", sys.base_prefix)]
paths = ",".join(quoted(path) for path in sys.path if isinstance(path, str))
print("{%s,\\"paths\\":[%s]}" % (",".join("\\"%s\\":%s" % (key, quoted(value)) for key, value in told), paths))
"""
"""Without `json` and `platform`, whose import takes as long as the start of the interpreter."""


class _Answer(msgspec.Struct, frozen=True):
    executable: str
    version: str
    implementation: str
    build: str
    prefix: str
    base_prefix: str
    paths: tuple[str, ...]


def find_interpreter(
    command: Sequence[str], processes: Sequence[PythonProcess], *, cwd: Path, environment: Mapping[str, str]
) -> Path | None:
    """The executable: of the first Python process that was seen, else what the command names."""
    for process in processes:
        if process.executable:
            return Path(process.executable)
    return _from_command(command, cwd, environment, depth=0)


def _from_command(command: Sequence[str], cwd: Path, environment: Mapping[str, str], *, depth: int) -> Path | None:
    words = list(command)
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
    if not words or depth > 2:  # noqa: PLR2004 — a script whose interpreter is a script whose ...
        return None
    found = shutil.which(str(cwd / words[0]) if "/" in words[0] else words[0], path=environment.get("PATH"))
    if found is None:
        return None
    if _NAME.fullmatch(Path(words[0]).name) or _NAME.fullmatch(Path(found).name):
        return Path(os.path.abspath(found))  # noqa: PTH100 — the link is the environment; its target is not
    return _from_command(shebang(Path(found)), cwd, environment, depth=depth + 1)


def shebang(path: Path) -> list[str]:
    """The words of a script's first line behind `#!`; none for what is no script."""
    try:
        with path.open("rb") as file:
            head = file.read(_SHEBANG)
    except OSError:
        return []
    if not head.startswith(b"#!"):
        return []
    return head[2:].split(b"\n", 1)[0].decode("utf-8", "replace").split()


def ask_interpreter(
    executable: Path, *, cwd: Path, environment: Mapping[str, str]
) -> tuple[Interpreter | None, tuple[Gap, ...]]:
    """What the interpreter says of itself, in the environment that the command had."""
    try:
        done = subprocess.run(  # noqa: S603 — the interpreter that the user's command runs
            [str(executable), "-c", _QUESTION],
            cwd=cwd,
            env=dict(environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,
        )
        # msgspec refuses the lone surrogates of folders whose names are no UTF-8.
        answer = msgspec.convert(json.loads(done.stdout.splitlines()[-1] if done.stdout else b""), _Answer)
    except OSError as error:
        return None, (_silent(executable, error.strerror or str(error)),)
    except subprocess.TimeoutExpired:
        return None, (_silent(executable, f"no answer within {PATIENCE:.0f} s"),)
    except (ValueError, RecursionError):
        return None, (_silent(executable, "its answer can't be read"),)
    return (
        Interpreter(
            executable=answer.executable or str(executable),
            version=answer.version,
            implementation=answer.implementation,
            build=answer.build,
            prefix=answer.prefix,
            base_prefix=answer.base_prefix,
            paths=tuple(path for path in answer.paths if path and Path(path).is_dir()),
        ),
        (),
    )


def no_interpreter(command: Sequence[str]) -> Gap:
    """No Python was found behind the command."""
    return Gap(
        "environment.interpreter",
        f"no Python was seen, and `{command[0]}` names none",
        "Packages are not recorded",
    )


def _silent(executable: Path, reason: str) -> Gap:
    return Gap(
        "environment.interpreter", f"{executable} does not say what it is: {reason}", "Packages are not recorded"
    )
