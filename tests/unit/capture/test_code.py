"""Code that git doesn't have is kept by content, unless it has changed, is too large, or holds credentials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from blake3 import blake3

from reprocheck.capture import code as module
from reprocheck.capture.code import CodeProbe, CodeState, source_of
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import FileRole, FileUse


class Sink:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = blake3(data).hexdigest()
        self.objects[digest] = data
        return digest

    def put_file(self, path: Path) -> str:
        return self.put(path.read_bytes())

    def put_files(self, paths: Sequence[Path]) -> list[str | OSError]:
        return [self.put_file(path) for path in paths]

    def discard(self, digest: str) -> None:
        self.objects.pop(digest, None)

    def __contains__(self, digest: str) -> bool:
        return digest in self.objects


@pytest.fixture
def sink() -> Sink:
    return Sink()


def use(root: Path, name: str, text: str = "x = 1\n", role: FileRole = FileRole.CODE) -> FileUse:
    """A file that was read as it is now."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return FileUse(path=name, role=role, before=blake3(text.encode()).hexdigest(), size_before=len(text))


def finish(root: Path, sink: Sink, *uses: FileUse, command: tuple[str, ...] = ()) -> CodeState:
    return CodeProbe(root, command, root).finish(uses, sink, Secrets({}))


def reasons(state: CodeState) -> list[str]:
    return [gap.reason for gap in state.gaps if gap.channel == "code.files"]


def test_used_code_is_kept(tmp_path: Path, sink: Sink) -> None:
    state = finish(tmp_path, sink, use(tmp_path, "a.py"), use(tmp_path, "b/c.py", "y\n"))
    assert [(file.path, file.tracked, file.stored) for file in state.code.files] == [
        ("a.py", None, True),
        ("b/c.py", None, True),
    ]
    assert {file.digest for file in state.code.files} == set(sink.objects)


def test_code_outside_the_project_has_its_whole_path(tmp_path: Path, sink: Sink) -> None:
    outside = tmp_path / "lib" / "m.py"
    (tmp_path / "project").mkdir()
    entry = use(tmp_path, "lib/m.py")
    state = finish(tmp_path / "project", sink, FileUse(path=str(outside), role=FileRole.CODE, before=entry.before))
    assert [file.path for file in state.code.files] == [str(outside)]


def test_the_program_is_known_even_where_nothing_was_observed(tmp_path: Path, sink: Sink) -> None:
    use(tmp_path, "train.py")
    state = finish(tmp_path, sink, command=("python", "train.py", "data.csv", "missing.py"))
    assert [file.path for file in state.code.files] == ["train.py"]


def test_settings_that_steer_a_run_are_code_and_data_is_not(tmp_path: Path, sink: Sink) -> None:
    inputs = [use(tmp_path, name, role=FileRole.INPUT) for name in ("c.yaml", "big.json", "d.csv")]
    large = FileUse(path="big.json", role=FileRole.INPUT, before=inputs[1].before, size_before=1 << 20)
    state = finish(tmp_path, sink, inputs[0], large, inputs[2])
    assert [file.path for file in state.code.files] == ["c.yaml"]
    assert state.untracked == {"c.yaml", "big.json", "d.csv"}


def test_code_that_changed_meanwhile_is_known_as_it_ran(tmp_path: Path, sink: Sink) -> None:
    entry = use(tmp_path, "a.py")
    (tmp_path / "a.py").write_text("edited\n", "utf-8")
    state = finish(tmp_path, sink, entry)
    assert [(file.digest, file.stored) for file in state.code.files] == [(entry.before, False)]
    assert reasons(state) == ["a.py was changed after it had been used"]
    assert sink.objects == {}


def test_code_that_is_gone_is_known_by_its_digest(tmp_path: Path, sink: Sink) -> None:
    entry = use(tmp_path, "a.py")
    (tmp_path / "a.py").unlink()
    state = finish(tmp_path, sink, entry)
    assert [file.digest for file in state.code.files] == [entry.before]
    assert "can't be read any more" in reasons(state)[0]


def test_code_with_credentials_is_not_kept(tmp_path: Path, sink: Sink) -> None:
    state = finish(tmp_path, sink, use(tmp_path, "a.py", "password = 'open sesame'\n"))
    assert [file.stored for file in state.code.files] == [False]
    assert "looks like a credential" in reasons(state)[0]
    assert sink.objects == {}


def test_huge_code_is_not_kept(tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_KEPT", 3)
    state = finish(tmp_path, sink, use(tmp_path, "a.py"))
    assert [file.stored for file in state.code.files] == [False]
    assert "larger than" in reasons(state)[0]


def test_what_hydra_resolved_is_configuration(tmp_path: Path, sink: Sink) -> None:
    text = "lr: 0.1\n"
    entry = use(tmp_path, "outputs/x/.hydra/config.yaml", text, FileRole.OUTPUT)
    written = FileUse(path=entry.path, role=FileRole.OUTPUT, after=entry.before)
    state = finish(tmp_path, sink, written)
    assert [file.path for file in state.configuration] == ["outputs/x/.hydra/config.yaml"]
    assert list(sink.objects.values()) == [text.encode()]


def test_a_full_disk_is_a_gap(tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sink, "put", full)
    state = finish(tmp_path, sink, use(tmp_path, "a.py"))
    assert [file.stored for file in state.code.files] == [False]
    assert "No space left" in reasons(state)[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a/__pycache__/b.cpython-311.pyc", "a/b.py"),
        ("__pycache__/b.c.cpython-312.opt-2.pyc", "b.c.py"),
        ("/x/__pycache__/test_a.cpython-311-pytest-8.3.2.pyc", "/x/test_a.py"),
        ("a/b.pyc", "a/b.pyc"),
        ("a/b.py", "a/b.py"),
    ],
)
def test_source_behind_compiled_code(path: str, source: str) -> None:
    assert source_of(path) == source
