"""Files of pipelines from strangers: reading them ends, raises nothing, and looks at nothing outside of the root."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.project.documents.snakefile import read_snakefile
from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.pipelines.values import read_values
from reprocheck.project.source import SourceText
from reprocheck.project.work_tree import WorkTree

CASES = Path(__file__).parents[1] / "unit" / "project" / "pipelines" / "made_by_dvc.jsonl"
FILES: dict[str, str] = json.loads(CASES.read_text("utf-8").splitlines()[0])["files"]
EDITED = sorted(name for name in FILES if name.endswith((".yaml", ".lock", ".dvc", ".toml", ".json", ".py")))
TOKENS = st.sampled_from(
    [
        "", "\0", "\n", ": ", "- ", "  ", "${", "}", "${lr}", "*a", "&a ", "<<: ", "[", "]", "{", "'", '"', "foreach:",
        "matrix:", "../../../etc/passwd", "/etc/passwd", "null", "1e999", "-", "!!python/object:os.system ", "\r\n",
        "é", "stages:", "md5: ", "9" * 5000,
    ]
)  # fmt: skip


@st.composite
def edits(draw: st.DrawFn) -> dict[str, str]:
    """The files of a repository that DVC made, with pieces put in or taken out."""
    files = dict(FILES)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(EDITED))
        text = files[name]
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        files[name] = text[:start] + draw(TOKENS) + text[end:]
    return files


@given(edits())
@settings(max_examples=150, deadline=None)
def test_damaged_repositories_are_told_or_named_as_unread(files: dict[str, str]) -> None:
    tree = WorkTree({name: text.encode("utf-8", "surrogatepass") for name, text in files.items()})
    pipelines = Pipelines(files, tree)
    for file, stage in pipelines.stages:
        for change in pipelines.changes(file, stage):
            assert change.path is None or not change.path.startswith(("/", ".."))
    assert not any(path.startswith(("/", "..")) for path in tree.observed)


@given(st.sampled_from(["yaml", "json", "toml", "py"]), st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_a_parameter_file_has_plain_values_or_is_refused(extension: str, data: bytes) -> None:
    with contextlib.suppress(ValueError):
        json.dumps(read_values(f"params.{extension}", data))


@given(
    st.lists(
        st.sampled_from(["rule a:", "\n", "    ", "\t", "input:", "shell:", '"""', "'", '"x"', "#", "\\", ":", "é"])
    )
)
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_as_a_workflow(pieces: list[str]) -> None:
    document = read_snakefile(SourceText("Snakefile", "".join(pieces)))
    assert len(document.roots) == 1
