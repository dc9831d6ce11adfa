"""`reprocheck run --prove-transparent`: does capture change what a command makes?"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.app.run_command import RunRequest
from reprocheck.app.stores import open_store, store_folder
from reprocheck.capture.notebook import notebook_command
from reprocheck.capture.plain import run_plainly
from reprocheck.config import find_root
from reprocheck.model.run_report import Transparency

PLAIN_RUNS = 2
LARGEST = 4 << 30
"""Bytes of the largest project that is copied."""
_LEFT_OUT = frozenset({".reprocheck", ".reprocheck_cache", "__pycache__"})
_Digests = dict[str, str]


def prove_transparent(request: RunRequest) -> Transparency:
    """Run the command plainly, and once under capture, each time in a fresh copy of the project in the same place.

    The captured run is kept in the project's store. Raises UsageError when the project can't be copied.
    """
    root = find_root(request.cwd).absolute()
    store = store_folder(request.store, request.cwd).absolute()
    with tempfile.TemporaryDirectory(prefix="reprocheck-prove-") as folder:
        scene = _Scene(root, Path(folder).resolve(), request)
        before = scene.prepare()
        plain = [scene.run_plainly() for _ in range(PLAIN_RUNS)]
        code, captured = scene.run_captured(store)
    name = open_store(store, root).summaries()[-1].id
    return _judge(before, plain, (code, captured), name)


class _Scene:
    """One place in which the command runs again and again from the same beginning."""

    def __init__(self, root: Path, folder: Path, request: RunRequest) -> None:
        self._root = root
        self._place = folder / "project"
        self._output = folder / "stdout"
        self._request = request
        self._cwd = self._place / request.cwd.absolute().relative_to(root)

    def prepare(self) -> _Digests:
        """Make the copy for the first time; returns the digests of its files."""
        self._copy()
        return dict(_digests(self._place))

    def run_plainly(self) -> tuple[int, _Digests]:
        """Exit code, and digests of all files and of standard output, afterwards."""
        self._copy()
        command = notebook_command(self._request.command, self._request.environment)
        with self._output.open("wb") as output:
            execution = run_plainly(
                command, cwd=self._cwd, environment=self._request.environment, stdout=output.fileno()
            )
        return execution.exit_code, self._result()

    def run_captured(self, store: Path) -> tuple[int, _Digests]:
        """The same under capture, by our own command line."""
        self._copy()
        request = self._request
        options = [f"--trace={request.trace}", f"--store={store}", f"--name={request.name}", "--quiet"]
        options += [f"--tag={tag}" for tag in request.tags]
        options += ["--record-entropy"] if request.record_entropy else []
        command = [sys.executable, "-m", "reprocheck", "run", *options, "--", *request.command]
        with self._output.open("wb") as output:
            done = subprocess.run(  # noqa: S603 — the user's command, under our own
                command, cwd=self._cwd, env=dict(request.environment), stdout=output, stderr=output, check=False
            )
        return done.returncode, self._result()

    def _result(self) -> _Digests:
        return {**dict(_digests(self._place)), "standard output and error": _digest(self._output)}

    def _copy(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
        budget = LARGEST
        for folder, names, files in os.walk(self._root):
            target = self._place / Path(folder).relative_to(self._root)
            target.mkdir(parents=True, exist_ok=True)
            for name in [*names]:
                path = Path(folder, name)
                if name in _LEFT_OUT:
                    names.remove(name)
                elif path.is_symlink() or (path / "pyvenv.cfg").is_file():
                    names.remove(name)  # an environment is the same for all runs
                    (target / name).symlink_to(path.resolve())
            for name in files:
                path = Path(folder, name)
                if path.is_symlink() or path.is_file():
                    budget -= path.lstat().st_size
                    if budget < 0:
                        raise UsageError(
                            f"{self._root} has more than {LARGEST >> 30} GiB to copy for each run of the proof"
                        )
                    shutil.copy2(path, target / name, follow_symlinks=False)


def _judge(
    before: _Digests, plain: list[tuple[int, _Digests]], captured: tuple[int, _Digests], name: str
) -> Transparency:
    """Sort outputs by whether the plain runs agree, and then by whether capture agrees with them."""
    runs = [digests for _, digests in plain]
    touched = {path for digests in (*runs, captured[1]) for path in before.keys() | digests.keys()}
    same, changed, unstable = [], [], []
    for path in sorted(touched):
        values = {digests.get(path) for digests in runs}
        if len(values) > 1:
            unstable.append(path)
        elif captured[1].get(path) not in values:
            changed.append(path)
        elif captured[1].get(path) != before.get(path):
            same.append(path)
    codes = {code for code, _ in plain}
    if len(codes) > 1:
        unstable.append("exit code")
    elif captured[0] not in codes:
        changed.append("exit code")
    return Transparency(
        run=name,
        plain_runs=len(plain),
        exit_code=captured[0],
        same=tuple(same),
        changed=tuple(changed),
        unstable=tuple(unstable),
    )


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    """Digest of every file by its path below `root`, links to folders not followed."""
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in _LEFT_OUT]
        for name in files:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix(), _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
