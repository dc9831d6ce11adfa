"""What the launcher tells the agent, in one environment variable."""

from __future__ import annotations


class Options:
    """The variable `REPROCHECK_AGENT`: the journal's folder on the first line, then one `key=value` per line."""

    __slots__ = ("board", "entropy", "entropy_from", "files", "journal", "root", "trace")

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        values = dict([line.split("=", 1) for line in lines[1:] if "=" in line])
        self.journal = lines[0]
        self.root = values.get("root", "")
        """Absolute path of the project, without a slash at its end."""
        self.trace = values.get("trace", "off")
        """`off` or `steps`."""
        self.files = values.get("files", "here")
        """`here` when only we see which process uses which file, `outside` when a supervisor does."""
        self.board = values.get("board", "")
        """Where opens are posted, and two words, in hexadecimal, with which such a call passes; empty for nowhere."""
        self.entropy = values.get("entropy", "off")
        """`off`, `record` or `replay`."""
        self.entropy_from = values.get("entropy_from", "")
        """Journal folder of the run that is replayed."""
