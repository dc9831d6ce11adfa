"""`reprocheck triage`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from reprocheck.app import decide as decisions
from reprocheck.app import triage
from reprocheck.app.errors import UsageError
from reprocheck.cli.audit_options import audit_options, audit_request
from reprocheck.cli.exit_codes import CLEAN, NOTHING
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.run_options import color_option, painter, width, write_json
from reprocheck.cli.settings import load_config, selection_options
from reprocheck.model.ledger import Decision, Standing, State
from reprocheck.report.decisions import SCHEMA, decision_lines, decision_value, standing_lines
from reprocheck.report.evidence import evidence_line
from reprocheck.report.visible import visible
from reprocheck.scan.own_rules import AUDIT_RULES

if TYPE_CHECKING:
    from reprocheck.app.scan_project import Scanned
    from reprocheck.config import Config

_DOINGS = ("state", "reopen", "prune", "update", "resolve")
_NEEDS_REASON = (State.ACCEPTED, State.FALSE_POSITIVE)


@click.command("triage", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT]...")
@click.option("--state", type=click.Choice([state.value for state in State]), help="What to decide.")
@click.option("--reason", default="", help="Why; `accepted` and `false-positive` need it.")
@click.option("--until", metavar="DATE", help="Last day on which it holds, such as 2027-01-31.")
@click.option("--author", help="Who decides; git's user.name if left out.")
@click.option("--code", "codes", multiple=True, metavar="RULE", help="Only this rule or family; repeatable.")
@click.option("--path", "paths", multiple=True, metavar="PATTERN", help="Only there, as in .gitignore; repeatable.")
@click.option("--line", type=click.IntRange(min=1), help="Only on this line, to tell identical findings apart.")
@click.option("--reopen", is_flag=True, help="Take decisions back.")
@click.option("--prune", is_flag=True, help="Take back decisions whose finding is gone; scans the whole project.")
@click.option("--update", is_flag=True, help="Write down where decided findings stand today, in renamed files too.")
@click.option("--resolve", is_flag=True, help="Put both sides of a conflicted merge of the ledger together.")
@click.option("-y", "--yes", is_flag=True, help="Do it for all that are listed.")
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would be decided or taken back.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@audit_options
@selection_options
@color_option
def command(fingerprints: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 — values of many types, by option name
    """Decide about findings, so that they are not asked again; without options, list what was decided.

    \b
    reprocheck triage 3f2a1b9c --state accepted --reason "made by ourselves" --until 2027-01-31
    reprocheck triage --code ART003 --path "tests/" --state false-positive --reason "fixtures" --yes
    reprocheck triage --audit --code ENV011 --state accepted --reason "not reachable" --until 2027-01-31 --yes
    reprocheck triage --reopen 3f2a1b9c

    A FINGERPRINT is the id that `scan -v` and the JSON report show, or a unique beginning of it. The decisions stand
    in `.reprocheck-ledger.toml`, which belongs into git.
    """  # noqa: D301 — click keeps line breaks behind the character itself
    doing = [name for name in _DOINGS if options[name]]
    if len(doing) > 1:
        raise UsageError(f"--{doing[0]} and --{doing[1]} can't be done at once")
    keys = ("select", "extend_select", "ignore", "pack", "min_confidence")
    config = load_config(Path(), {key: options[key] for key in keys}, isolated=options["isolated"])
    selection = triage.Selection(
        fingerprints=fingerprints, codes=options["codes"], paths=options["paths"], line=options["line"]
    )
    if doing and doing[0] in {"prune", "update", "resolve"} and selection:
        raise UsageError(f"--{doing[0]} takes no selection")
    match doing:
        case ["state"]:
            return _decide(config, selection, options)
        case ["reopen"]:
            return _reopen(config, selection, options)
        case ["prune"]:
            return _prune(config, options)
        case ["update"]:
            return _update(config, options)
        case ["resolve"]:
            count = decisions.resolve(config)
            click.echo(f"{count} conflict(s) resolved; `git add` the ledger." if count else "There is no conflict.")
            return CLEAN if count else NOTHING
        case _:
            return _list(config, selection, options)


def _list(config: Config, selection: triage.Selection, options: dict[str, Any]) -> int:
    if options["reason"] or options["until"]:
        raise UsageError("--reason and --until go with --state")
    ledger = decisions.look(config, (), whole=False).ledger
    chosen = triage.chosen_decisions(ledger, selection)
    evidence = () if selection else ledger.evidence
    if options["output"] == "json":
        shown = {"decisions": [decision_value(d, decisions.today()) for d in chosen]}
        write_json({"schema": SCHEMA, **shown, "evidence": msgspec.to_builtins(evidence)})
    elif chosen or evidence:
        _show(chosen, options)
        for item in evidence:
            click.echo(evidence_line(item))
    else:
        click.echo("No decisions. `reprocheck triage FINGERPRINT --state accepted --reason ...` makes one.", err=True)
    return CLEAN if chosen or evidence else NOTHING


def _decide(config: Config, selection: triage.Selection, options: dict[str, Any]) -> int:
    ruling = _ruling(options)
    if not selection:
        raise UsageError("say which findings: fingerprints, --code or --path")
    progress = ProgressLine(enabled=True)
    looked = triage.look_at(config, selection, progress, audit_request(options))
    progress.clear()
    _say_unaudited(looked.scanned, options)
    chosen = triage.chosen_findings(looked, selection)
    if not chosen:
        click.echo(f"No finding fits.{_audit_hint(options)}", err=True)
        return NOTHING
    named = len({standing.finding.fingerprint for standing in chosen}) == len(chosen)
    if not _go_on(chosen, options, certain=bool(selection.fingerprints) and named):
        return NOTHING
    change = decisions.decide(config, looked.view, [standing.finding for standing in chosen], ruling)
    return _done(change, options, f"{len(change.added)} finding(s) decided: {ruling.state}.")


def _say_unaudited(scanned: Scanned, options: dict[str, Any]) -> None:
    """Why an audit that was asked for says less than it should."""
    if options["audit"] and scanned.result.not_audited:
        for reason in scanned.result.incomplete:
            click.echo(visible(reason), err=True)


def _audit_hint(options: dict[str, Any]) -> str:
    wanted = any(code.startswith(word) for word in options["codes"] for code in AUDIT_RULES)
    return " What an audit finds is looked up with --audit." if wanted and not options["audit"] else ""


def _ruling(options: dict[str, Any]) -> decisions.Ruling:
    state, reason, until = State(options["state"]), options["reason"].strip(), options["until"]
    if state in _NEEDS_REASON and not reason:
        raise UsageError(f"say why with --reason: whoever reads `{state}` in a year will want to know")
    day = None
    if until is not None:
        try:
            day = dt.date.fromisoformat(until)
        except ValueError:
            raise UsageError(f"--until {until}: a date is expected, such as 2027-01-31") from None
        if day < decisions.today():
            raise UsageError(f"--until {until}: that day has passed")
    return decisions.Ruling(state=state, reason=reason, author=options["author"], until=day)


def _reopen(config: Config, selection: triage.Selection, options: dict[str, Any]) -> int:
    if not selection:
        raise UsageError("say which decisions: fingerprints, --code or --path")
    if selection.line is not None:
        raise UsageError("--line doesn't go with --reopen: the ledger has no lines; give --path")
    chosen = triage.chosen_decisions(decisions.look(config, (), whole=False).ledger, selection)
    if not chosen:
        click.echo("No decision fits.", err=True)
        return NOTHING
    named = len({decision.fingerprint for decision in chosen}) == len(chosen)
    if not _go_on(chosen, options, certain=bool(selection.fingerprints) and named):
        return NOTHING
    change = decisions.forget(config, chosen)
    return _done(change, options, f"{len(change.removed)} decision(s) taken back.")


def _prune(config: Config, options: dict[str, Any]) -> int:
    progress = ProgressLine(enabled=True)
    outlived = triage.outlived(config, progress, audit_request(options))
    progress.clear()
    if outlived.unseen:
        click.echo(f"{len(outlived.unseen)} decision(s) kept whose rule or file this scan didn't reach.", err=True)
    if not outlived.gone:
        click.echo("No decision has outlived its finding.", err=True)
        return NOTHING
    if not _go_on(outlived.gone, options, certain=True):
        return NOTHING
    change = decisions.forget(config, outlived.gone)
    return _done(change, options, f"{len(change.removed)} decision(s) forgotten.")


def _update(config: Config, options: dict[str, Any]) -> int:
    progress = ProgressLine(enabled=True)
    view = triage.outlived(config, progress, audit_request(options)).view
    progress.clear()
    moved = [s for s in view.standings if s.decision is not None and s.fit != "exact"]
    if not moved:
        click.echo("Every decision stands where its finding is.", err=True)
        return NOTHING
    if not _go_on(moved, options, certain=True):
        return NOTHING
    change = decisions.update(config, view)
    return _done(change, options, f"{len(change.added)} decision(s) brought up to date.")


def _go_on(chosen: Sequence[Standing] | Sequence[Decision], options: dict[str, Any], *, certain: bool) -> bool:
    """List what is meant, unless it is certain; whether to carry on."""
    if (certain or options["yes"]) and not options["dry_run"]:
        return True
    _show(chosen, options)
    if not options["dry_run"]:
        click.echo(
            f"{len(chosen)} of them; nothing was changed. --yes does it, --path and --line narrow down.", err=True
        )
    return False


def _show(chosen: Sequence[Standing] | Sequence[Decision], options: dict[str, Any]) -> None:
    paint = painter(options["color"])
    standings = [item for item in chosen if isinstance(item, Standing)]
    decided = [item for item in chosen if isinstance(item, Decision)]
    for line in standing_lines(standings, paint):
        click.echo(line, color=True)
    for line in decision_lines(decided, decisions.today(), paint, width=width()):
        click.echo(line, color=True)


def _done(change: decisions.Change, options: dict[str, Any], sentence: str) -> int:
    if options["output"] == "json":
        today = decisions.today()
        parts = {name: getattr(change, name) for name in ("added", "removed", "overtaken")}
        write_json({"schema": SCHEMA, **{name: [decision_value(d, today) for d in ds] for name, ds in parts.items()}})
    else:
        click.echo(sentence)
    for decision in change.overtaken:
        what = f"{decision.code} in {decision.path}: {decision.state}, {decision.reason}, {decision.author}"
        click.echo(f"Not touched, since somebody else decided meanwhile: {visible(what)}", err=True)
    return CLEAN
