"""Where standard input comes from."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from reprocheck.capture.standard_input import StandardInput, standard_input


def test_a_file_is_named_and_one_without_a_name_is_as_good_as_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("x")
    with path.open("rb") as file:
        assert standard_input(file.fileno()) == StandardInput(path=str(path))
        path.unlink()
        assert standard_input(file.fileno()) == StandardInput(piped=True)


def test_pipes_and_sockets_are_gone_once_they_are_read_and_devices_are_nothing() -> None:
    reading, writing = os.pipe()
    here, there = socket.socketpair()
    with here, there, Path(os.devnull).open("rb") as null:
        assert standard_input(reading) == standard_input(here.fileno()) == StandardInput(piped=True)
        assert standard_input(null.fileno()) == StandardInput()
    os.close(reading)
    os.close(writing)
    assert standard_input(reading) == StandardInput()
