"""What `dvc.yaml`, `dvc.lock` and `.dvc` files say, and what of them can't be told."""

from __future__ import annotations

import hashlib

from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.pipelines.dvc_files import is_dvc_file, read_pipeline
from reprocheck.project.pipelines.dvc_records import read_lock, read_tracked
from reprocheck.project.pipelines.dvc_status import LINE_ENDS, State, What
from reprocheck.project.work_tree import WorkTree

MD5_OF_AB = "187ef4436122d1cc2f40dc2b92f0eba0"


def tree(**files: str) -> WorkTree:
    return WorkTree({name.replace("__", "/").replace("_yaml", ".yaml"): text.encode() for name, text in files.items()})


def files(given: dict[str, str]) -> WorkTree:
    return WorkTree({name: text.encode() for name, text in given.items()})


def test_a_stage_is_read_with_places() -> None:
    text = """\
stages:
  train:
    cmd: python train.py
    wdir: sub
    deps:
      - ../data/a.csv
      - https://example.com/b.csv
    params:
      - lr
      - other.toml:
          - x
      - whole.json:
    outs:
      - model.bin:
          cache: false
    metrics: [scores.json]
"""
    (stage,) = read_pipeline(tree(dvc_yaml=text), "dvc.yaml").stages
    assert (stage.name, stage.folder, stage.command) == ("train", "sub", "python train.py")
    assert (stage.span.line, stage.command_span.line) == (2, 3)
    assert [(dep.written, dep.path, dep.span.line) for dep in stage.deps] == [
        ("../data/a.csv", "data/a.csv", 6), ("https://example.com/b.csv", None, 7),
    ]  # fmt: skip
    assert [(p.path, p.keys) for p in stage.parameters] == [
        ("sub/params.yaml", ("lr",)), ("sub/other.toml", ("x",)), ("sub/whole.json", ()),
    ]  # fmt: skip
    assert [(out.path, out.kind, out.cached) for out in stage.outs] == [
        ("sub/model.bin", "out", False), ("sub/scores.json", "metric", True),
    ]  # fmt: skip


def test_variables_come_from_parameter_files_and_vars() -> None:
    given = {
        "dvc.yaml": "vars: [extra.yaml:name, {n: 2}]\nstages:\n  a:\n    cmd: run ${lr} ${name} ${n}\n",
        "params.yaml": "lr: 1e-3\n",
        "extra.yaml": "name: x\nother: y\n",
    }
    (stage,) = read_pipeline(files(given), "dvc.yaml").stages
    assert stage.command == "run 0.001 x 2"


def test_a_stage_that_cannot_be_resolved_is_named_and_hides_no_other() -> None:
    text = "stages:\n  a: {cmd: 'run ${missing}'}\n  b: {cmd: run}\n  c: {cmd: run, wdir: ../../out}\n"
    file = read_pipeline(tree(dvc_yaml=text), "dvc.yaml")
    assert [stage.name for stage in file.stages] == ["b"]
    assert [(item.span.line, item.message) for item in file.unread] == [
        (2, "`${missing}` is not known"), (4, "works outside of the project"),
    ]  # fmt: skip


def test_a_broken_file_is_unread_and_never_an_exception() -> None:
    for text in ("stages: [", "stages: 3", "", "- a\n- b\n", "stages: {a: 3, b: {foreach: 3, do: {cmd: x}}}", "\x00"):
        assert read_pipeline(tree(dvc_yaml=text), "dvc.yaml").stages == ()
    assert read_tracked(files({"a.dvc": "- 1"}), "a.dvc").unread[0].message == "holds no mapping"
    assert read_pipeline(WorkTree(), "dvc.yaml").unread[0].message == "can't be read"


def test_a_file_has_so_many_stages_and_no_more() -> None:
    axes = "{a: [" + ", ".join(map(str, range(9000))) + "]}"
    text = "stages:\n" + "".join(f"  s{n}:\n    matrix: {axes}\n    cmd: run\n" for n in range(4))
    file = read_pipeline(tree(dvc_yaml=text), "dvc.yaml")
    assert len(file.stages) == 20_000
    assert [item.message for item in file.unread] == ["has more than 20,000 stages"]


def test_a_lock_of_the_first_format_is_read() -> None:
    lock = read_lock(
        files({"dvc.lock": f"train:\n  cmd: run\n  deps:\n  - path: a\n    md5: {MD5_OF_AB}\n"}), "dvc.lock"
    )
    assert lock.stages["train"].command == "run"
    assert lock.stages["train"].deps["a"].digest == MD5_OF_AB
    assert lock.stages["train"].deps["a"].unix_line_ends


def test_names_of_tracked_files() -> None:
    assert is_dvc_file("data/a.csv.dvc")
    assert not is_dvc_file(".dvc")
    assert not is_dvc_file("sub/.dvc")


def tracked(content: str, digest: str, more: str = "") -> list[tuple[What, State, str]]:
    given = {"a.csv": content, "a.csv.dvc": f"outs:\n- md5: {digest}\n  path: a.csv\n{more}"}
    pipelines = Pipelines(given, files(given))
    ((file, stage),) = pipelines.stages
    return [(change.what, change.state, change.reason) for change in pipelines.changes(file, stage)]


def test_a_tracked_file_is_compared_with_its_hash() -> None:
    assert tracked("ab", MD5_OF_AB, "  hash: md5\n") == []
    assert tracked("ac", MD5_OF_AB, "  hash: md5\n") == [(What.OUT, State.MODIFIED, "")]
    assert tracked("ab", MD5_OF_AB, "  hash: sha1\n")[0][1] is State.UNKNOWN


def test_line_ends_count_as_the_version_of_dvc_had_it() -> None:
    dos_content, unix_content = "a\r\nb\r\n", "a\nb\n"
    unix = hashlib.md5(unix_content.encode(), usedforsecurity=False).hexdigest()
    dos = hashlib.md5(dos_content.encode(), usedforsecurity=False).hexdigest()
    assert tracked(dos_content, unix) == []
    assert tracked(dos_content, unix, "  hash: md5\n") == [(What.OUT, State.MODIFIED, LINE_ENDS)]
    assert tracked(unix_content, dos, "  hash: md5\n") == [(What.OUT, State.MODIFIED, LINE_ENDS)]


def test_what_stages_and_tracked_files_give() -> None:
    given = {
        "dvc.yaml": "stages:\n  a:\n    cmd: x\n    outs: [out/all, b.csv]\n",
        "data/c.csv.dvc": "outs:\n- md5: x\n  path: c.csv\n",
    }
    pipelines = Pipelines(given, files(given))
    assert pipelines.is_made("out/all/part.csv")
    assert pipelines.is_made("data/c.csv")
    assert not pipelines.is_made("out/other")
