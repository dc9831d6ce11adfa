"""A DVC pipeline is no longer what its lock records: a command, parameter, input or output changed since it ran.

## Why
`dvc.lock` and `.dvc` files are the project's statement of which data, code and parameters made which results. Where
they disagree with what is in the repository, the committed metrics and models come from something that nobody can
check out any more, and `dvc repro` on another machine gives other ones.

## Fix
Run `dvc repro` (or `dvc commit` when the outputs are known to be right) and commit `dvc.lock`; for a changed data file
run `dvc add`. `dvc status` shows the same differences.

## Notes
Hashes are computed as DVC does: MD5 of files, folders by their `.dir` manifest, `.dvcignore` heeded, and line ends
taken alike where a lock of DVC 1 or 2 did so. Templates, `foreach` and `matrix` are resolved. Only with low confidence
is reported what is tracked and merely not here, as in a fresh clone before `dvc pull`; what differs by line ends alone,
as git turns them on Windows; and what is declared to run always. Pipelines of tests and templates are not looked at.
Files too large to be hashed in a scan are named in a note (pack `strict`), unless their size says that they changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, WHOLE_FILE, Confidence, Match, Note, Project, Rule, Severity
from reprocheck.rulekit.pipelines import LINE_ENDS, Change, DvcFile, Lock, Stage, State, What
from reprocheck_rules.data.stale_lock_examples import show
from reprocheck_rules.data.stored_files import EXAMPLES

rule = Rule("DAT005", "stale-pipeline-lock", __doc__)

_NAMED = 4


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every stage of every pipeline, and every tracked file."""
    for file in project.index.pipelines.dvc:
        if EXAMPLES.search(file.path):
            continue
        yield from _unresolved(project, file)
        if file.path.endswith(".dvc"):
            yield from _tracked(project, file)
        elif file.stages and not file.lock_exists:
            yield _never_locked(project, file)
        elif file.lock is not None and not {stage.name for stage in file.stages} & file.lock.stages.keys():
            yield from _none_locked(project, file, file.lock)
        elif file.lock is not None:
            for stage in file.stages:
                yield from _stage(project, file, stage)


def _unresolved(project: Project, file: DvcFile) -> Iterator[Match]:
    """Stages that DVC itself could not run; a file that is no YAML is reported as such."""
    for item in file.unread:
        if item.file == file.path and item.span != WHOLE_FILE:
            message = f"this can't be resolved, so that DVC refuses to run it: {item.message}"
            yield project.match(file.path, item.span, message, confidence=Confidence.MEDIUM)


def _never_locked(project: Project, file: DvcFile) -> Match:
    count = len(file.stages)
    what = f"its {count} stages were" if count > 1 else "its stage was"
    message = f"`{file.path}` has no `dvc.lock` beside it: nothing records what {what} run with"
    return project.match(file.path, file.stages[0].span, message)


def _none_locked(project: Project, file: DvcFile, lock: Lock) -> Iterator[Match]:
    if file.stages:
        message = f"`{lock.path}` knows no stage of `{file.path}`: it records nothing of what they ran with"
        yield project.match(file.path, file.stages[0].span, message)


def _stage(project: Project, file: DvcFile, stage: Stage) -> Iterator[Match]:
    assert file.lock is not None
    if stage.name not in file.lock.stages and (stage.deps or stage.outs or stage.parameters):
        message = f"stage `{stage.name}` is not in `{file.lock.path}`: it was added or renamed after the last run"
        yield project.match(file.path, stage.span, message)
        return
    changes = project.index.pipelines.changes(file, stage)
    stale = [change for change in changes if _is_stale(project, change)]
    if stale:
        said = [_said(change) for change in stale]
        more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        message = f"stage `{stage.name}` is not what `{file.lock.path}` records: {', '.join(said[:_NAMED])}{more}"
        trail = [note for change in stale for note in _trail(project, file, change)]
        yield project.match(file.path, stage.span, message, trail=trail)
    same = [change for change in changes if change.reason == LINE_ENDS]
    if same:
        names = _listed([change.name for change in same])
        message = (
            f"{names} of stage `{stage.name}` {_is(same)} recorded with other line ends: `dvc status` sees a change"
        )
        yield project.match(file.path, stage.span, message, confidence=Confidence.LOW)
    missing = [change for change in changes if change.state is State.DELETED and change not in stale]
    if missing:
        names = _listed([change.name for change in missing])
        message = (
            f"{names} of stage `{stage.name}` {_is(missing)} not here, so that nothing can be compared: `dvc pull`"
        )
        yield project.match(file.path, stage.span, message, confidence=Confidence.LOW)
    yield from _rest(project, file, changes)


def _rest(project: Project, file: DvcFile, changes: tuple[Change, ...]) -> Iterator[Match]:
    for change in changes:
        if change.what is What.ALWAYS:
            message = f"stage `{change.name}` runs at every `dvc repro`, whether anything changed or not"
            yield project.match(file.path, change.span, message, confidence=Confidence.LOW)
        elif change.state is State.UNKNOWN and change.path is not None:
            message = f"`{change.name}` was not compared with what is recorded: it {change.reason}"
            yield project.match(file.path, change.span, message, severity=Severity.NOTE)


def _is_stale(project: Project, change: Change) -> bool:
    """Whether a change says that the record is out of date, rather than that data was not fetched."""
    if change.what is What.ALWAYS or change.state is State.UNKNOWN or change.reason == LINE_ENDS:
        return False
    if change.state is not State.DELETED or change.what in (What.COMMAND, What.PARAMETER):
        return True
    return change.what is What.DEP and change.path is not None and not project.index.pipelines.is_made(change.path)


def _said(change: Change) -> str:
    match change.what, change.state:
        case What.COMMAND, _:
            return "its command changed"
        case What.PARAMETER, State.DELETED if change.key:
            return f"parameter `{change.key}` is gone from `{change.name}`"
        case What.PARAMETER, State.DELETED:
            return f"`{change.name}` is gone"
        case What.PARAMETER, State.NEW:
            return f"parameter `{change.key}` is not recorded" if change.key else f"`{change.name}` is not recorded"
        case What.PARAMETER, _:
            key, was, now = _innermost(change.key, change.was, change.now)
            return f"parameter `{key}` was `{_shown(was)}` and is `{_shown(now)}`"
        case What.DEP, State.DELETED:
            return f"`{change.name}` is not here, and neither a stage nor a `.dvc` file gives it"
        case _ if change.recorded is None or not change.recorded.digest:
            return f"`{change.name}` is not recorded"
        case _:
            return f"`{change.name}` changed"


def _innermost(key: str, was: object, now: object) -> tuple[str, object, object]:
    """The first key of nested parameters that differs."""
    while isinstance(was, dict) and isinstance(now, dict):
        name = next((name for name in {**was, **now} if was.get(name, ABSENT) != now.get(name, ABSENT)), None)
        if name is None:
            break
        key, was, now = f"{key}.{name}", was.get(name, "not there"), now.get(name, "not there")
    return key, was, now


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 — characters that fit into a message


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names[:_NAMED]]
    return ", ".join(quoted) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _is(changes: list[Change]) -> str:
    return "is" if len(changes) == 1 else "are"


def _trail(project: Project, file: DvcFile, change: Change) -> Iterator[Note]:
    yield project.note(file.path, change.span, "declared here")
    if change.recorded is not None and file.lock is not None:
        yield project.note(file.lock.path, change.recorded.span, f"recorded with MD5 {change.recorded.digest[:8]}…")


def _tracked(project: Project, file: DvcFile) -> Iterator[Match]:
    for stage in file.stages:
        changes = project.index.pipelines.changes(file, stage)
        for change in changes:
            if change.state is State.MODIFIED and change.recorded is not None and change.recorded.digest:
                message = f"`{change.path or change.name}` is no longer what `{file.path}` records"
                confidence = Confidence.LOW if change.reason == LINE_ENDS else None
                yield project.match(file.path, change.span, message, confidence=confidence)
            elif change.state is State.DELETED:
                message = f"`{change.path or change.name}` is not here, so that nothing can be compared: `dvc pull`"
                yield project.match(file.path, change.span, message, confidence=Confidence.LOW)
        yield from _rest(project, file, changes)


show(rule)
