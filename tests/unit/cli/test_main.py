"""Errors become exit codes in one place."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from reprocheck.app.errors import UsageError
from reprocheck.cli import main
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.settings import color_wanted
from reprocheck.config import ConfigError
from reprocheck.config.origin import Origin, Source
from reprocheck.triage.baseline import BaselineError


def raising(error: BaseException) -> Callable[..., object]:
    def fail(**_: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("say it otherwise"), 2, "error: say it otherwise"),
        (BaselineError("no baseline"), 2, "error: no baseline"),
        (ConfigError("no key", Origin(Source.FLAG, "--x")), 2, "no key"),
        (click.UsageError("no option"), 2, "no option"),
        (click.Abort(), 130, "Interrupted."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ValueError("odd"), 3, "internal error: ValueError: odd"),
        (click.exceptions.Exit(4), 4, ""),
    ],
)
def test_exit_code_of_an_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    message: str,
) -> None:
    monkeypatch.setattr(main.cli, "main", raising(error))
    assert main.run(["scan"]) == code
    written = capsys.readouterr()
    assert written.out == ""
    assert message in written.err
    assert "Traceback" not in written.err


def test_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(main.cli, "main", raising(ValueError("odd")))
    assert main.run(["scan", "-v"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_code_of_a_command_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.cli, "main", lambda **_: 5)
    assert main.run([]) == 5
    monkeypatch.setattr(main.cli, "main", lambda **_: None)
    assert main.run([]) == 0


def test_every_command_of_the_table_can_be_imported() -> None:
    context = click.Context(main.cli)
    for name in main.COMMANDS:
        command = main.cli.get_command(context, name)
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.help


@pytest.mark.parametrize(
    ("choice", "variables", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(
    monkeypatch: pytest.MonkeyPatch, choice: str, variables: dict[str, str], terminal: bool, wanted: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert color_wanted(choice, stream_is_terminal=terminal) is wanted


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine(enabled=True)
    for done in range(100):
        line(done, 100)
    line.clear()
    assert capsys.readouterr().err == ""
