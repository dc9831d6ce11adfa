"""Compares what reprocheck says of a DVC repository with what `dvc status` says, over generated and damaged ones.

    python benchmarks/dvc_oracle.py --dvc-python VENV/bin/python --bases 60 --damages 8

For each base repository a process under the other interpreter, which has `dvc` installed, writes files and a random
`dvc.yaml`, runs it with DVC, damages copies at random, and tells what DVC says of each. Every entry must agree, word by
word: what of which stage is deleted, modified or new, which command changed. Where DVC says `not in cache`, which is
about a machine and not about the repository, its answer about the workspace counts instead. `--write FILE` keeps the
cases with DVC's answers, one JSON object a line, for a test that runs without DVC.
"""

# ruff: noqa: D102 — each kind of damage is called what it does
from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

Report = dict[str, dict[str, Any]]


# The side that has DVC


class Base:
    """A repository made by DVC."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def lines(self) -> str:
        end = self.chance.choice(["\n", "\n", "\r\n"])
        return "".join(f"{self.chance.randint(0, 99)},{self.chance.randint(0, 99)}{end}" for _ in range(5))

    def make(self) -> None:
        chance = self.chance
        repo_class = import_module("dvc.repo").Repo

        for index in range(3):
            self.write(f"data/raw/part{index}.csv", self.lines())
        self.write("data/raw/deep/more.csv", self.lines())
        self.write("data/single.csv", self.lines())
        self.write("src/step.py", "print('step')\n")
        self.write("src/common.py", "VALUE = 1\n")
        self.write("params.yaml", chance.choice(PARAMETERS))
        self.write("settings.toml", 'name = "first"\n[optim]\nrate = 0.25\nsteps = [1, 2]\n')
        self.write("config.json", '{"depth": 3, "flag": false}\n')
        self.write("values.py", "SEED = 7\nclass Train:\n    epochs = 3\n")
        repo = repo_class.init(str(self.folder), no_scm=True)
        with contextlib.suppress(Exception):
            repo.config.setdefault("core", {})["analytics"] = False
        tracked = chance.sample(["data/single.csv", "data/raw"], chance.randint(0, 2))
        for path in tracked:
            repo.add(str(self.folder / path))
        self.write("dvc.yaml", self.pipeline())
        if chance.choice([True, True, False, False, False]):
            self.write("sub/input.txt", "input\n")
            self.write("sub/params.yaml", "lr: 0.5\n")
            self.write("sub/dvc.yaml", SUB)
        if chance.choice([True, False, False]):
            self.write(".dvcignore", "*.tmp\n/data/raw/deep/skip*\n")
            self.write("data/raw/notes.tmp", "ignored\n")
        self.write("work/keep", "")
        repo.reproduce()
        text = (self.folder / "dvc.yaml").read_text()
        self.write("dvc.yaml", text.replace("> still.txt\n", "> still.txt\n    frozen: true\n"))
        repo.close()

    def pipeline(self) -> str:
        chance = self.chance
        parts = ["stages:\n"]
        names = ["prepare", *chance.sample(list(STAGES), chance.randint(2, len(STAGES)))]
        if chance.choice([True, True, True, False]) and "always" in names:
            names.remove("always")
        parts.extend(STAGES.get(name, PREPARE) for name in names)
        text = "".join(parts)
        return ("vars:\n  - shared:\n      word: hello\n      n: 3\n" if "shared." in text else "") + text


PARAMETERS = [
    "lr: 0.1\ntrain:\n  epochs: 3\n  sizes: [1, 2]\n  on: yes\nmodels: [a, b]\n",
    "lr: 1e-1\ntrain: {epochs: 3, sizes: [1, 2], on: 'yes'}\nmodels:\n- a\n- b\n",
    "lr: .1\ntrain:\n  epochs: 0o3\n  sizes:\n  - 1\n  - 2\n  on: null\nmodels: [a, b]\n",
]
PREPARE = """\
  prepare:
    cmd: mkdir -p out/prepared && cat data/raw/*.csv > out/prepared/all.csv && cp data/single.csv out/prepared/s.csv
    deps:
      - data/raw
      - data/single.csv
      - src/step.py
    outs:
      - out/prepared
"""
STAGES = {
    "train": """\
  train:
    cmd: >-
      cat out/prepared/all.csv > model.bin &&
      echo '{"loss": ${lr}}' > metrics.json
    deps:
    - out/prepared/all.csv
    - src
    params:
    - lr
    - train.epochs
    - settings.toml:
      - optim.rate
      - name
    outs:
    - model.bin
    metrics:
    - metrics.json:
        cache: false
""",
    "many": """\
  many:
    foreach: ${models}
    do:
      cmd: echo ${item} > out/${item}.txt
      deps: [src/common.py]
      outs: ["out/${item}.txt"]
""",
    "mapped": """\
  mapped:
    foreach:
      x: {depth: 1}
      y: {depth: 2}
    do:
      cmd: echo ${key} ${item.depth} ${shared.word} > mapped_${key}.txt
      params:
        - config.json:
      outs:
        - mapped_${key}.txt:
            persist: true
""",
    "grid": """\
  grid:
    matrix:
      model: [a, b]
      size: [1, 2]
    cmd: echo ${item.model}-${item.size} > grid_${key}.txt
    outs:
      - grid_${key}.txt
""",
    "listed": """\
  listed:
    cmd:
      - echo ${shared.n} > listed.txt
      - cat src/common.py >> listed.txt
    deps:
      - ./src/common.py
    params:
      - values.py:
          - SEED
          - Train.epochs
      - train
    outs:
      - listed.txt
""",
    "always": """\
  always:
    cmd: echo now
    always_changed: true
""",
    "still": """\
  still:
    cmd: cat src/step.py > still.txt
    deps:
      - src/step.py
    outs:
      - still.txt
""",
    "moved": """\
  moved:
    cmd: cat ../data/single.csv > here.csv
    wdir: work
    deps:
      - ../data/single.csv
    outs:
      - here.csv
    plots:
      - ../plot.csv:
          cache: false
          x: a
""",
}
STAGES["moved"] = STAGES["moved"].replace("> here.csv", "> here.csv && echo a,b > ../plot.csv")
SUB = """\
stages:
  below:
    cmd: cat input.txt > output.txt
    deps:
      - input.txt
    params:
      - lr
    outs:
      - output.txt
"""


class Damage:
    """One copy of a base, changed at random."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance

    def apply(self) -> list[str]:
        kinds: list[Callable[[], None]] = [
            self.nothing, self.nothing, self.nothing, self.same_parameter, self.change_file, self.change_file,
            self.delete_file, self.touch, self.line_ends,
            self.add_to_folder, self.folder_for_file, self.command, self.reformat, self.add_stage, self.remove_stage,
            self.rename_stage, self.parameter, self.parameter, self.same_parameter, self.drop_parameter, self.add_dep,
            self.drop_entry, self.lock_digest, self.lock_command, self.lock_drop_stage, self.lock_drop_entry,
            self.lock_size, self.lock_parameter, self.lock_delete, self.legacy_lock, self.ignore, self.tracked_digest,
            self.freeze, self.swap_files, self.remove_folder,
        ]  # fmt: skip
        chosen = self.chance.sample(kinds, self.chance.choice([1, 1, 1, 2, 3]))
        for kind in chosen:
            with contextlib.suppress(FileNotFoundError, IndexError, NotADirectoryError, IsADirectoryError):
                kind()
        return [kind.__name__ for kind in chosen]

    def files(self, *, outs: bool = True) -> list[Path]:
        found = [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
            and ".dvc" not in path.relative_to(self.folder).parts[:1]
            and path.name not in ("dvc.yaml", "dvc.lock", ".gitignore", ".dvcignore")
            and path.suffix != ".dvc"
        ]
        return found if outs else [path for path in found if "out" not in path.parts]

    def some(self, paths: list[Path]) -> Path:
        return self.chance.choice(paths)

    def edit(self, name: str, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> None:
        """Replace one of the places where the pattern matches."""
        path = self.some([p for p in self.folder.rglob(name) if ".dvc" not in p.relative_to(self.folder).parts[:1]])
        text = path.read_text()
        match = self.chance.choice(list(re.finditer(pattern, text, re.MULTILINE)))
        new = match.expand(replacement) if isinstance(replacement, str) else replacement(match)
        path.write_text(text[: match.start()] + new + text[match.end() :])

    def nothing(self) -> None:
        pass

    def change_file(self) -> None:
        path = self.some(self.files())
        path.write_bytes(path.read_bytes() + b"1\n")

    def delete_file(self) -> None:
        self.some(self.files()).unlink()

    def touch(self) -> None:
        os.utime(self.some(self.files()), (1, 1))

    def line_ends(self) -> None:
        path = self.some(self.files())
        data = path.read_bytes()
        path.write_bytes(data.replace(b"\r\n", b"\n") if b"\r" in data else data.replace(b"\n", b"\r\n"))

    def add_to_folder(self) -> None:
        folder = self.some([self.folder / "data/raw", self.folder / "src", self.folder / "out/prepared"])
        name = self.chance.choice(["new.csv", "x.tmp", "__pycache__/a.pyc", "é.csv", "deep/skip1"])
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("new\n")

    def folder_for_file(self) -> None:
        path = self.some(self.files())
        path.unlink()
        path.mkdir()
        (path / "inner.txt").write_text("x\n")

    def remove_folder(self) -> None:
        shutil.rmtree(self.some([self.folder / "data/raw", self.folder / "out/prepared", self.folder / "src"]))

    def swap_files(self) -> None:
        first, second = self.some(self.files()), self.some(self.files())
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)

    def command(self) -> None:
        self.edit("dvc.yaml", r"^( +cmd: )(?![>|])(\S.*)$", r"\1\2 && true")

    def reformat(self) -> None:
        path = self.folder / "dvc.yaml"
        text = re.sub(r"^( +)cmd:", r"\1desc: words  # and a comment\n\1cmd:", path.read_text(), flags=re.MULTILINE)
        path.write_text("# a comment\n" + text)

    def add_stage(self) -> None:
        path = self.folder / "dvc.yaml"
        path.write_text(path.read_text() + "  added:\n    cmd: cat src/step.py > added.txt\n"
                        "    deps: [src/step.py]\n    params: [lr]\n    outs: [added.txt]\n")  # fmt: skip

    def remove_stage(self) -> None:
        self.edit("dvc.yaml", r"^  \w+:\n(    .*\n|\n)+", "")

    def rename_stage(self) -> None:
        self.edit("dvc.yaml", r"^  (\w+):\n(?=    )", r"  \1_again:\n")

    def parameter(self) -> None:
        name, pattern, new = self.chance.choice([
            ("params.yaml", r"^lr: .*$", "lr: 0.2"), ("params.yaml", r"epochs: [0-9a-z]+", "epochs: 4"),
            ("params.yaml", r"on: [^,}\n]+", "on: off"), ("settings.toml", "0.25", "0.5"),
            ("settings.toml", "first", "second"), ("config.json", "3", "4"), ("values.py", "SEED = 7", "SEED = 8"),
            ("values.py", "epochs = 3", "epochs = 'three'"), ("params.yaml", r"^lr: .*$", "lr: '0.1'"),
        ])  # fmt: skip
        self.edit(name, pattern, new)

    def same_parameter(self) -> None:
        name, pattern, new = self.chance.choice([
            ("params.yaml", r"^lr: .*$", "lr: 10e-2"), ("params.yaml", r"epochs: [0-9a-z]+", "epochs: 3"),
            ("settings.toml", "0.25", "2.5e-1"), ("config.json", '"depth"', ' "depth" '),
            ("values.py", "SEED = 7", "SEED: int = 7  # fixed"), ("params.yaml", r"\A", "# first\nother: 1\n"),
            ("params.yaml", r"^lr: .*$", "base: &b 0.1\nlr: *b"),
        ])  # fmt: skip
        self.edit(name, pattern, new)

    def drop_parameter(self) -> None:
        name, pattern = self.chance.choice(
            [("params.yaml", r"^lr: .*\n"), ("settings.toml", "^name.*\n"), ("values.py", "SEED = 7\n")]
        )
        self.edit(name, pattern, "")

    def add_dep(self) -> None:
        self.edit("dvc.yaml", r"^    deps:\n( +)- ", r"    deps:\n\1- config.json\n\1- ")

    def drop_entry(self) -> None:
        self.edit("dvc.yaml", r"^ +- [^\s:]+\n(?= +- )", "")

    def lock_digest(self) -> None:
        self.edit("dvc.lock", r"md5: ([0-9a-f])", lambda m: f"md5: {'0' if m[1] != '0' else '1'}")

    def lock_command(self) -> None:
        self.edit("dvc.lock", r"^( +cmd: )(\S.*)$", r"\1echo other")

    def lock_drop_stage(self) -> None:
        self.edit("dvc.lock", r"^  \S+:\n(    .*\n)+", "")

    def lock_drop_entry(self) -> None:
        self.edit("dvc.lock", r"^    - path: .*\n(      .*\n)+(?=    - path)", "")

    def lock_size(self) -> None:
        self.edit("dvc.lock", r"size: \d+", "size: 999999")

    def lock_parameter(self) -> None:
        self.edit("dvc.lock", r"^        (lr|train.epochs|SEED|optim.rate|depth): .*$", r"        \1: 42")

    def lock_delete(self) -> None:
        (self.folder / "dvc.lock").unlink()

    def legacy_lock(self) -> None:
        path = self.folder / "dvc.lock"
        path.write_text(path.read_text().replace("      hash: md5\n", ""))

    def ignore(self) -> None:
        with (self.folder / ".dvcignore").open("a") as file:
            file.write(
                self.chance.choice(
                    ["part?.csv\n!part1.csv\n", "/src/common.py\n", "more.*\n", "deep/\n", "*.pyc\n", "config.json\n"]
                )
            )

    def tracked_digest(self) -> None:
        self.edit("*.dvc", r"md5: ([0-9a-f])", lambda m: f"md5: {'0' if m[1] != '0' else '1'}")

    def freeze(self) -> None:
        self.edit("dvc.yaml", r"^    cmd:", "    frozen: true\n    cmd:")


def ask_dvc(folder: Path) -> dict[str, Any]:
    """What DVC says of a repository: of its workspace and cache as `dvc status` does, and of its workspace alone."""
    repo_class, output = import_module("dvc.repo").Repo, import_module("dvc.output").Output

    os.chdir(folder)
    try:
        with repo_class(str(folder)) as repo:
            status = repo.status()
        original = output.status
        output.status = lambda self: self.workspace_status()
        try:
            with repo_class(str(folder)) as repo:
                workspace = repo.status()
        finally:
            output.status = original
    except Exception as error:  # noqa: BLE001 — what DVC refuses is an answer
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"status": status, "workspace": workspace}


def worker() -> None:
    """Answer requests, one JSON object a line: make a base, or damage a copy of one and ask DVC about it."""
    import logging

    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        chance = random.Random(request["seed"])  # noqa: S311 — for cases, not for keys
        folder = Path(request["folder"])
        answer: dict[str, Any] = {}
        if request["kind"] == "base":
            folder.mkdir()
            os.chdir(folder)
            Base(folder, chance).make()
        else:
            shutil.copytree(request["base"], folder, symlinks=True)
            answer["damage"] = Damage(folder, chance).apply()
            answer |= ask_dvc(folder)
        print(json.dumps(answer), file=answers, flush=True)


# The side that has reprocheck


def ask_reprocheck(folder: Path) -> tuple[Report, list[str]]:
    """The same in our words, and what could not be told."""
    from reprocheck.project.index.pipelines import Pipelines
    from reprocheck.project.work_tree import DiskTree

    paths = [
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if ".dvc" not in p.relative_to(folder).parts[:1]
    ]
    pipelines = Pipelines(frozenset(paths), DiskTree(folder))
    unread = [f"{item.file}: {item.message}" for file in pipelines.dvc for item in file.unread]
    report: Report = {}
    for file, stage in pipelines.stages:
        said: dict[str, Any] = {}
        for change in pipelines.changes(file, stage):
            if change.state == "unknown":
                unread.append(f"{stage.file}:{stage.name}: {change.name} {change.reason}")
                continue
            shown = change.path or change.name
            match change.what:
                case "command":
                    said["command"] = "changed"
                case "always":
                    said["always"] = "changed"
                case "parameter" if change.key:
                    said.setdefault(f"dep {shown}", {})[change.key] = change.state.value
                case "parameter":
                    said[f"dep {shown}"] = change.state.value
                case what:
                    said[f"{what.value} {shown}"] = change.state.value
        if said:
            folder_of = stage.file.rpartition("/")[0]
            plain = stage.file if stage.file.endswith(".dvc") else stage.name
            report[f"{stage.file}:{stage.name}" if folder_of and plain == stage.name else plain] = said
    return report, unread


def rule_speaks(folder: Path) -> bool:
    """Whether DAT005 reports anything of a repository, with any confidence; what can't be compared is a note."""
    from reprocheck.project.index.project_index import ProjectIndex
    from reprocheck.project.work_tree import DiskTree
    from reprocheck.rulekit import Catalog, Project, Severity
    from reprocheck_rules.data.stale_pipeline_lock import check

    paths = [
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if ".dvc" not in p.relative_to(folder).parts[:1]
    ]
    project = Project(ProjectIndex({}, {}, paths, (), DiskTree(folder)), Catalog())
    return any(match.severity is not Severity.NOTE for match in check(project))


def simplified(status: dict[str, list[Any]]) -> Report:
    """DVC's report in the same form."""
    words = {"changed command": "command", "always changed": "always", "changed checksum": "checksum"}
    report: Report = {}
    for name, items in status.items():
        said = report.setdefault(name, {})
        for item in items:
            if isinstance(item, str):
                said[words[item]] = "changed"
            else:
                for kind, entries in item.items():
                    said.update(
                        {f"{kind.removeprefix('changed ')[:-1]} {path}": state for path, state in entries.items()}
                    )
    return report


def combined(answer: dict[str, Any]) -> tuple[Report, int]:
    """DVC's status, with its word about the workspace wherever it says `not in cache`, and how often that was."""
    status, workspace = simplified(answer["status"]), simplified(answer["workspace"])
    replaced = 0
    for name, said in status.items():
        for entry in [entry for entry, state in said.items() if state == "not in cache"]:
            replaced += 1
            state = workspace.get(name, {}).get(entry)
            if state is None:
                del said[entry]
            else:
                said[entry] = state
    return {name: said for name, said in status.items() if said}, replaced


class Worker:
    """The process that has DVC."""

    def __init__(self, python: str) -> None:
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
        self._process = subprocess.Popen(
            [python, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def cases(process: Worker, folder: Path, bases: int, damages: int, seed: int) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Damaged repositories with DVC's answers."""
    for number in range(bases):
        base = folder / f"base{number}"
        process.ask({"kind": "base", "seed": seed * 1000 + number, "folder": str(base)})
        for index in range(damages):
            case = folder / f"case{number}_{index}"
            request = {"kind": "damage", "seed": seed * 1000 + number + index * 7919, "folder": str(case)}
            yield case, process.ask({**request, "base": str(base)})
            shutil.rmtree(case, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)


def as_line(case: Path, answer: dict[str, Any], status: Report) -> str:
    """One case with DVC's answer, without what DVC keeps for itself."""
    files = {
        path.relative_to(case).as_posix(): path.read_bytes().decode()
        for path in sorted(case.rglob("*"))
        if path.is_file() and path.relative_to(case).parts[0] != ".dvc"
    }
    return json.dumps({"damage": answer["damage"], "files": files, "status": status}) + "\n"


def main() -> int:
    """Print the agreement and every disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dvc-python", default=sys.executable)
    parser.add_argument("--bases", type=int, default=60)
    parser.add_argument("--damages", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--worker", action="store_true")
    arguments = parser.parse_args()
    if arguments.worker:
        worker()
        return 0
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    lines: list[str] = []
    process = Worker(arguments.dvc_python)
    with tempfile.TemporaryDirectory() as folder:
        for case, answer in cases(process, Path(folder), arguments.bases, arguments.damages, arguments.seed):
            ours, unread = ask_reprocheck(case)
            if "refused" in answer:
                counts["refused by dvc"] += 1
                print(f"refused: {answer['refused'][:150]} {answer['damage']} ours: {unread or 'readable'}")
                continue
            theirs, replaced = combined(answer)
            counts["not in cache"] += replaced
            counts["agree" if ours == theirs and not unread else "disagree"] += 1
            counts["rule agrees" if rule_speaks(case) == bool(theirs) else "rule disagrees"] += 1
            counts["changed" if theirs else "up to date"] += 1
            kinds.update(answer["damage"])
            lines.append(as_line(case, answer, theirs))
            if ours != theirs or unread or rule_speaks(case) != bool(theirs):
                print(f"DISAGREE {case.name} {answer['damage']} {unread}\n  dvc:  {theirs}\n  ours: {ours}")
    process.close()
    if arguments.write is not None:
        arguments.write.write_text("".join(lines))
    print(dict(sorted(counts.items())))
    print(dict(sorted(kinds.items())))
    return 1 if counts["disagree"] or counts["rule disagrees"] else 0


if __name__ == "__main__":
    sys.exit(main())
