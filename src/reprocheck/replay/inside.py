"""How the supervisor gets into a container: in the image's own Python, else in ours, which is lent to it."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

import reprocheck
from reprocheck.model.record import Gap
from reprocheck.replay.docker import ContainerRequest, Engine, Mount
from reprocheck.replay.inside_look import Look, Seen
from reprocheck.replay.recipes import Recipe

TOOL = "/opt/reprocheck/tool"
"""Where we are inside; nothing that a program of a user's reads."""
_SOURCE, _LIBRARY, _PYTHON = f"{TOOL}/source", f"{TOOL}/library", f"{TOOL}/python"
_LIBRARIES = ("msgspec", "blake3")
"""What the supervisor and its launcher import beside the standard library."""
_START = "import sys; sys.path += sys.argv[1:3]; "
_PROBE = f"{_START}from reprocheck.replay.inside_look import main; sys.exit(main(sys.argv[3]))"
_STAGE = (
    f"{_START}from pathlib import Path; from reprocheck.replay.stage import main; sys.exit(main(Path(sys.argv[3])))"
)
_SECONDS = 60
NOTHING = Look()
_SYSTEM = ("/usr", "/lib", "/bin")
"""Interpreters of the system stand on its libraries, which another system hasn't."""


class Inside(msgspec.Struct, frozen=True):
    """A way in."""

    python: str
    """Interpreter, as it is called inside."""
    mounts: tuple[Mount, ...]
    seen: Seen

    def command(self, request: str) -> tuple[str, ...]:
        """What carries out a stage's request, which lies at a path inside."""
        return (self.python, "-I", "-S", "-c", _STAGE, _SOURCE, _LIBRARY, request)


def way_inside(
    engine: Engine, image: str, recipe: Recipe, user: str, look: Look = NOTHING
) -> tuple[Inside | None, tuple[Gap, ...]]:
    """The first way that works in an image; none, and a gap, where neither does. Raises ReplayError.

    `user` is `UID:GID`.
    """
    said = ""
    asked = msgspec.json.encode(look).decode()
    for way in _ways(recipe):
        with tempfile.TemporaryDirectory(prefix="reprocheck-") as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = ContainerRequest(
                image=image,
                command=(way.python, "-I", "-S", "-c", _PROBE, _SOURCE, _LIBRARY, asked),
                mounts=way.mounts,
                environment={},
                cwd="/",
                user=user,
            )
            ended = engine.run(request, out=out, err=err, seconds=_SECONDS)
            if ended.code == 0:
                return msgspec.structs.replace(way, seen=msgspec.json.decode(out.read_bytes(), type=Seen)), ()
            lines = err.read_text("utf-8", "replace").strip().splitlines()
            said = said or (lines[-1] if lines else f"exit {ended.code}")
    gap = Gap(
        "files",
        f"files were not watched inside of the container: the supervisor does not run on its Python ({said[:200]})",
        "What the replay read is known as far as the agent saw it; what it left is compared in full",
    )
    return None, (gap,)


def _ways(recipe: Recipe) -> Iterator[Inside]:
    """The image's interpreter with our libraries fits where it is of our version; our own fits most other images."""
    found = [importlib.util.find_spec(name) for name in _LIBRARIES]
    places = {Path(spec.origin).parent.parent for spec in found if spec is not None and spec.origin}
    if len(places) != 1:
        return
    source = Path(reprocheck.__path__[0]).parent
    mounts = (Mount(str(source), _SOURCE, read_only=True), Mount(str(places.pop()), _LIBRARY, read_only=True))
    yield Inside(recipe.python, mounts, Seen())
    base = Path(sys.base_prefix).resolve()
    if not any(base.is_relative_to(folder) for folder in _SYSTEM):
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        yield Inside(f"{_PYTHON}/bin/{name}", (*mounts, Mount(str(base), _PYTHON, read_only=True)), Seen())
