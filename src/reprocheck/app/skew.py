"""`reprocheck skew`: gives training's and serving's preprocessing the same samples and compares what comes out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reprocheck.agent import call_samples
from reprocheck.app.errors import UsageError
from reprocheck.app.skew_callables import Named, named
from reprocheck.compare.alignment import Artifact
from reprocheck.compare.tolerances import ToleranceError, Tolerances, parse_tolerances
from reprocheck.compare.trees import compare_artifacts, compare_trees
from reprocheck.compare.verdicts import judge_all
from reprocheck.model.comparison import Comparison, Difference, Outcome, Verdict
from reprocheck.model.finding import Finding
from reprocheck.model.place import Place
from reprocheck.model.skew import Frame, Side, Skew, SpokenOf, Trouble

PREDICTING = frozenset({"SKW001", "SKW002", "SKW007"})
"""Rules that say of two callables that they give other results for the same sample."""
_TAIL = 2000
"""Characters of a callable's output that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewRequest:
    """What the user asked for."""

    train: str
    serve: str
    data: Sequence[Path]
    root: Path
    start: Path
    python: str
    given_as: str = "value"
    """`value`, `path` or `bytes`."""
    each: bool = False
    arguments: Sequence[object] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    train_keywords: Mapping[str, object] = field(default_factory=dict)
    serve_keywords: Mapping[str, object] = field(default_factory=dict)
    init: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    squeeze: bool = False
    seconds: float = 300.0
    tolerances: Sequence[str] = ()
    allow_writes: bool = False
    """Whether the callables may change files of the project."""
    keep: Path | None = None
    """Folder in which the results stay; None for one that goes."""


@dataclass(frozen=True, slots=True)
class _Ran:
    """What one side did."""

    side: Side
    samples: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    """Name of each sample, and the folders with its results."""


Findings = Callable[[], Sequence[Finding]]


def skew(request: SkewRequest, findings: Findings) -> Skew:
    """Run both sides and compare; `findings` gives those about skew in the project. Raises UsageError."""
    try:
        tolerances = parse_tolerances(request.tolerances)
    except ToleranceError as error:
        raise UsageError(str(error)) from error
    missing = next((file for file in request.data if not file.is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} is not there")
    train, serve = (named(text, request.root, request.start) for text in (request.train, request.serve))
    scratch = request.keep or Path(tempfile.mkdtemp(prefix="reprocheck-skew-"))
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        first = _run(request, train, {**request.keywords, **request.train_keywords}, scratch / "train")
        second = _run(request, serve, {**request.keywords, **request.serve_keywords}, scratch / "serve")
        comparison = _compare(first, second, tolerances)
        outcome = comparison.verdict.outcome
        return Skew(
            train=first.side,
            serve=second.side,
            comparison=comparison,
            findings=tuple(_spoken_of(findings(), outcome, request, train, serve)),
            notes=tuple(_notes(first.side, second.side)),
        )
    finally:
        if request.keep is None:
            shutil.rmtree(scratch, ignore_errors=True)


def _run(request: SkewRequest, callable_: Named, keywords: Mapping[str, object], folder: Path) -> _Ran:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asked = {
        "root": str(request.root.resolve()),
        "folder": str(folder.resolve()),
        "module": callable_.module,
        "file": str(callable_.file.resolve()) if callable_.file is not None and not callable_.module else "",
        "name": callable_.name,
        "data": [str(file.resolve()) for file in request.data],
        "as": request.given_as,
        "each": request.each,
        "args": list(request.arguments),
        "kwargs": dict(keywords),
        "init": dict(request.init),
        "seed": request.seed,
        "squeeze": request.squeeze,
        "repeat": 2,
        "writes": request.allow_writes,
    }
    (folder / "request.json").write_text(json.dumps(asked), "utf-8")
    path = _relative(callable_.file, request.root) if callable_.file is not None else ""
    side = Side(name=callable_.written, path=path, line=callable_.line)
    trouble = _started(request, folder)
    output = (folder / "output.txt").read_text("utf-8", "replace")[-_TAIL:]
    result = folder / "result.json"
    if trouble is None and not result.is_file():
        trouble = Trouble("call", "", "the process ended before it was done, without an exception")
    told = json.loads(result.read_text("utf-8")) if trouble is None else {"samples": [], "error": None}
    return _read(side, told, trouble, output, request.root)


def _started(request: SkewRequest, folder: Path) -> Trouble | None:
    """Run the script in the user's interpreter; what it says goes to a file."""
    command = [request.python, call_samples.__file__, str(folder / "request.json")]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with (folder / "output.txt").open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 — the interpreter that the user names, and our script
                command,
                cwd=request.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{request.python} can't be started: {error.strerror}") from error
        try:
            code = process.wait(request.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Trouble("time", "", f"no result after {request.seconds:g} s (--timeout)")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code and not (folder / "result.json").is_file():
        return Trouble("call", "", f"the process ended with exit code {code} before it was done")
    return None


def _read(side: Side, told: dict[str, object], trouble: Trouble | None, output: str, root: Path) -> _Ran:
    samples: list[tuple[str, tuple[Path, ...]]] = []
    kind, steady = "", True
    for sample in told["samples"]:  # type: ignore[attr-defined]
        if sample["error"] is not None and trouble is None:
            trouble = _trouble(sample["error"], root, sample["name"])
        if sample["error"] is None:
            folders = tuple(Path(folder) for folder in sample["folders"])
            samples.append((sample["name"], folders))
            kind = kind or sample["kind"]
            steady = steady and _agree(folders)
    error = told["error"]
    if error is not None and trouble is None:
        trouble = _trouble(error, root, "")  # type: ignore[arg-type]
    side = Side(
        name=side.name,
        path=side.path,
        line=side.line,
        samples=len(samples),
        kind=kind,
        steady=steady,
        trouble=trouble,
        output=output.strip(),
    )
    return _Ran(side, tuple(samples))


def _agree(folders: Sequence[Path]) -> bool:
    outcomes = {compare_trees(folders[0], folder).verdict.outcome for folder in folders[1:]}
    return outcomes <= {Outcome.IDENTICAL, Outcome.EQUIVALENT}


def _trouble(told: Mapping[str, object], root: Path, sample: str) -> Trouble:
    frames = tuple(
        Frame(_relative(Path(frame["file"]), root), int(frame["line"] or 0), str(frame["function"]), str(frame["code"]))
        for frame in told["frames"]  # type: ignore[attr-defined]
    )
    return Trouble(str(told["stage"]), str(told["type"]), str(told["message"]), frames, sample)


def _compare(first: _Ran, second: _Ran, tolerances: Tolerances) -> Comparison:
    names = first.side.name, second.side.name
    reason = _no_comparison(first.side, second.side)
    if reason:
        verdict = Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason)
        return Comparison(left=names[0], right=names[1], differences=(), verdict=verdict)
    results = dict(second.samples)
    differences: list[Difference] = []
    for sample, folders in first.samples:
        sides = [list(_artifacts(folder)) for folder in (folders[0], results[sample][0])]
        parts = compare_artifacts(*sides, names=names, tolerances=tolerances).differences
        for part in parts:
            name = sample if len(parts) == 1 and part.name.startswith("result.") else f"{sample}/{part.name}"
            differences.append(msgspec.structs.replace(part, name=name))
    return Comparison(left=names[0], right=names[1], differences=tuple(differences), verdict=judge_all(differences))


def _no_comparison(first: Side, second: Side) -> str:
    """Why nothing can be said; empty where something can."""
    for side in (first, second):
        if side.trouble is not None:
            error = f"{side.trouble.error}: " if side.trouble.error else ""
            return f"{side.name} gave no result: {error}{side.trouble.message.partition(chr(10))[0]}"
    for side in (first, second):
        if not side.steady:
            way_out = "fix its seed with --seed, or call a part that draws nothing"
            return f"{side.name} gives other results for the same sample each time; {way_out}"
    return "" if first.samples else "there are no samples"


def _artifacts(folder: Path) -> list[Artifact]:
    return [
        Artifact(path=file.relative_to(folder).as_posix(), file=file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def _notes(first: Side, second: Side) -> list[str]:
    if first.kind and second.kind and first.kind != second.kind:
        return [f"training returns `{first.kind}`, serving `{second.kind}`; contents are compared, not containers"]
    return []


def _spoken_of(
    findings: Sequence[Finding], outcome: Outcome, request: SkewRequest, train: Named, serve: Named
) -> Iterator[SpokenOf]:
    """The findings about both callables; one alone whose places are all in them is confirmed by a difference."""
    spoken = [found for found in findings if _speaks_of(found, request, train, serve)]
    exact = [found for found in spoken if found.code in PREDICTING and _within(found, request, train, serve)]
    sure = exact if len([found for found in spoken if found.code in PREDICTING]) == 1 else []
    for found in spoken:
        match outcome:
            case Outcome.DIVERGENT:
                yield SpokenOf(found, "confirmed" if found in sure else "may explain")
            case Outcome.INCONCLUSIVE:
                yield SpokenOf(found, "open")
            case _:
                yield SpokenOf(found, "not observed" if found.code in PREDICTING else "open")


def _within(finding: Finding, request: SkewRequest, train: Named, serve: Named) -> bool:
    """Whether a finding stands in one of the callables, and a step of its trail in the other."""
    sides = (train, serve)

    def lies_in(side: Named, place: Place) -> bool:
        here = side.file is not None and place.path == _relative(side.file, request.root)
        return here and side.line <= place.span.line <= side.end_line

    own = [number for number, side in enumerate(sides) if lies_in(side, finding.place)]
    return bool(own) and any(
        lies_in(side, step.place) for number, side in enumerate(sides) if number not in own for step in finding.trail
    )


def _speaks_of(finding: Finding, request: SkewRequest, train: Named, serve: Named) -> bool:
    """Whether a finding stands in, or points to, the files of both callables, and to the lines of one."""
    places = [(finding.place.path, finding.place.span.line)]
    places += [(step.place.path, step.place.span.line) for step in finding.trail]
    files, lines = [], []
    for side in (train, serve):
        own = [line for path, line in places if side.file is not None and path == _relative(side.file, request.root)]
        files.append(bool(own))
        lines.append(any(not side.line or side.line <= line <= side.end_line for line in own))
    # What a callable calls in its own file counts too, as long as the other side is met exactly.
    return all(files) and any(lines)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)


def default_python() -> str:
    """The interpreter of the active environment, else the one that runs this."""
    active = os.environ.get("VIRTUAL_ENV")
    python = Path(active, "bin", "python") if active else None
    return str(python) if python is not None and python.is_file() else shutil.which("python") or sys.executable
