"""The `reprocheck` command: finds the subcommand, imports it alone, and turns errors into exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import click

from reprocheck.cli.exit_codes import INTERNAL, USAGE

COMMANDS: dict[str, tuple[str, str]] = {
    "scan": ("reprocheck.cli.scan", "Find what will stop a result from being reproduced or maintained."),
    "tui": ("reprocheck.cli.tui", "Go through findings and runs on the terminal."),
    "run": ("reprocheck.cli.run", "Run a command and keep a record of what exactly ran."),
    "ls": ("reprocheck.cli.ls", "List the runs."),
    "show": ("reprocheck.cli.show", "Show the record of a run."),
    "replay": ("reprocheck.cli.replay", "Run again what a record describes, and say whether the same came out."),
    "skew": ("reprocheck.cli.skew", "Give training's and serving's preprocessing the same samples and compare."),
    "diff": ("reprocheck.cli.diff", "Say in what two runs differ."),
    "verify": ("reprocheck.cli.verify", "Check that what was kept of runs is what was written."),
    "export": ("reprocheck.cli.export", "Write a run into one file, for another machine."),
    "import": ("reprocheck.cli.import_bundle", "Take a run out of such a file."),
    "badge": ("reprocheck.cli.badge", "Print what replays have proved of a run, as a badge."),
    "gc": ("reprocheck.cli.gc", "Remove what no run stands on."),
    "doctor": ("reprocheck.cli.doctor", "Try out what capture can see on this machine."),
    "explain": ("reprocheck.cli.explain", "Explain a rule."),
    "rules": ("reprocheck.cli.rules", "List the rules, or check their examples."),
    "triage": ("reprocheck.cli.triage", "Decide about findings, so that they are not asked again."),
    "baseline": ("reprocheck.cli.baseline", "Record today's findings so that only new ones count."),
    "db": ("reprocheck.cli.db", "Make the local database of advisories, or say what it holds."),
    "config": ("reprocheck.cli.config", "Show the settings in force and where each comes from."),
    "init": ("reprocheck.cli.init", "Write a first configuration for this project."),
    "clean": ("reprocheck.cli.clean", "Remove what reprocheck keeps in this project."),
    "completion": ("reprocheck.cli.completion", "Print a completion script for your shell."),
}
"""Module and one-line help by command; the module is imported when the command is called."""
_REPORT = "This is a defect of reprocheck. Run again with `-v` for details, and please report it."


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 — click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 — click's signature
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a misspelt one."""
        import difflib

        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            hint = f" Did you mean `{close[0]}`?" if close else " `reprocheck --help` lists them."
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 — click's signature
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"reprocheck {version('reprocheck')}")
        ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def cli() -> None:
    """Reproducibility audit for machine-learning code.

    \b
    reprocheck scan .             what will stop me from reproducing this?
    reprocheck run -- COMMAND     what exactly ran?
    reprocheck explain RNG001     what does a rule mean?
    """  # noqa: D301 — click keeps line breaks behind the character itself


def main() -> None:
    """Entry point: run and exit with the documented code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"] or (arguments[:1] == ["scan"] and "--watch" not in arguments):
        # What one scan leaves goes with the process: to look for circles among millions of objects takes a third of a
        # second, once when the scan is done and once more when Python ends. A run's launcher imports, waits and writes.
        gc.disable()
    code = run(arguments)
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; nothing is raised."""
    try:
        code: Any = cli.main(args=arguments, prog_name="reprocheck", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except BrokenPipeError:
        # The reader of the report has gone (`| head`); what it wanted it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 — the one place where the unexpected becomes an exit code
        return _unexpected(error, arguments)
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception, arguments: list[str]) -> int:
    from reprocheck.cli.refusals import REFUSALS

    if isinstance(error, REFUSALS):
        click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)
        return USAGE
    if "-v" in arguments or "--verbose" in arguments:
        import traceback

        traceback.print_exception(error)
    click.echo(f"{click.style('internal error', fg='red', bold=True)}: {type(error).__name__}: {error}", err=True)
    click.echo(_REPORT, err=True)
    return INTERNAL
