"""Compares the Dockerfile reader with BuildKit's own grammar, as the `dockerfile` package carries it.

    python benchmarks/dockerfile_oracle.py --oracle-python VENV/bin/python [--generated 500] FOLDER...

Read are all Dockerfiles below the folders, and generated ones: random pieces (continuations, comments between them,
here-documents, the `escape` directive, exec forms, flags) put together. Of each instruction the name, the lines, the
flags, the form, the here-documents and the words must agree. What the grammar refuses is counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

PIECES = [
    "RUN echo a",
    "RUN echo a \\\n    && b \\\n  # between\n    && c",
    "RUN a; \\\n\n b",
    "run echo lower",
    "ENV A=1 B=two",
    "ENV A one two",
    'ENV A="x y" B=\\$z',
    "ARG X",
    "ARG X=1 Y=2",
    "COPY --from=base --chown=a:b x y",
    "COPY a b c/",
    'COPY ["a b", "c"]',
    'CMD ["python", "train.py"]',
    "CMD python train.py",
    'ENTRYPOINT ["a"',
    "ENTRYPOINT [\"a\", 'b']",
    "RUN <<EOF\necho hi\n  # not a comment\nEOF",
    "RUN <<-EOF cat\n\ta\n\tEOF",
    "RUN <<'A' <<B\none\nA\ntwo\nB",
    "COPY <<EOF /x\ntext $A\nEOF",
    "RUN cat <<<EOF",
    "RUN echo '<<EOF'",
    "RUN --mount=type=cache,target=/c --network=none pip i",
    "HEALTHCHECK --interval=3s CMD curl x",
    "HEALTHCHECK NONE",
    "ONBUILD RUN echo x",
    "ONBUILD COPY --from=a b c",
    'LABEL a=b c="d e"',
    "EXPOSE 80 443/tcp",
    "USER me",
    "WORKDIR /a b",
    'VOLUME ["/a"]',
    "STOPSIGNAL 9",
    'SHELL ["sh", "-c"]',
    "MAINTAINER someone",
    "  \tRUN indented",
    "# a comment",
    "",
    "RUN a \\ \n b",
    "RUN x\\\\\nUSER b",
    "FROM scratch",
    "FROM a AS b",
    "FROM --platform=$P a:1@sha256:00 as c",
    "RUN é \\\n ü",
    "RUN [ -f x ] && y",
    "ADD --checksum=sha256:0 http://x/y /z",
    "RUN a `b` `\n",
    'RUN ["a", "b"] # no',
    "ARG X=\"a b\" Y='c'",
]
"""What generated files are made of."""
HEADS = [
    "",
    "# escape=`\n",
    "# syntax=docker/dockerfile:1\n",
    "# escape=\\\n# check=skip=all\n",
    "#escape = `\n",
    "# x\n# escape=`\n",
]
Told = list[dict[str, Any]]


def generated(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Names and texts of files put together at random."""
    chance = random.Random(seed)  # noqa: S311 — for cases, not for keys
    for number in range(count):
        pieces = chance.choices(PIECES, k=chance.randint(1, 8))
        end = chance.choice(["\n", "\n", "\n", "\r\n"])
        text = chance.choice(HEADS) + "FROM python:3.12\n" + "\n".join(pieces) + chance.choice(["", "\n"])
        yield f"generated {number}", text.replace("\n", end)


def found(folders: list[Path]) -> Iterator[tuple[str, str]]:
    """Dockerfiles on disk."""
    from reprocheck.project.file_kinds import FileKind, kind_of

    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and kind_of(path.name) is FileKind.DOCKERFILE:
                yield path.relative_to(folder).as_posix(), path.read_bytes().decode("utf-8", "replace")


def oracle() -> None:
    """Answer one request a line: what the grammar makes of a text."""
    dockerfile = import_module("dockerfile")
    for line in sys.stdin:
        try:
            commands = dockerfile.parse_string(json.loads(line))
        except dockerfile.GoParseError as error:
            print(json.dumps({"refused": str(error)}), flush=True)
            continue
        told = [
            {
                "name": command.cmd.upper(),
                "lines": [command.start_line, command.end_line],
                "flags": list(command.flags),
                "exec": command.json,
                "heredocs": [[document.name, document.content] for document in command.heredocs],
                "words": list(command.value),
            }
            for command in commands
        ]
        print(json.dumps({"told": told}), flush=True)


def ours(text: str) -> Told:
    """The same from our reader."""
    from reprocheck.project.documents.dockerfile_syntax import read_syntax
    from reprocheck.project.source import SourceText

    return [
        {
            "name": instruction.name,
            "lines": [instruction.span.line, instruction.span.end_line],
            "flags": [f"--{f.name}" + (f"={f.value}" if f.value is not None else "") for f in instruction.flags],
            "exec": instruction.exec_form,
            "heredocs": [[document.name, document.text] for document in instruction.heredocs],
            "words": [argument.text for argument in instruction.arguments],
        }
        for instruction in read_syntax(SourceText("Dockerfile", text)).instructions
    ]


def comparable(told: Told) -> Told:
    """One form for both: words joined, since the grammar keeps some lines whole and splits others at `=`."""
    told = [item for item in told if item["name"].isalpha()]  # `&&` begins no instruction
    for item in told:
        words = item["words"]
        if not item["exec"]:
            parts = "".join(words).replace("=", "") if item["name"] in ("ENV", "LABEL", "ARG") else "".join(words)
            item["words"] = ["".join(parts.split())]
        if item["name"] == "ONBUILD":  # what the grammar takes apart and we keep as text
            item["words"], item["flags"] = [], []
        item["heredocs"] = [[name, text.replace("\r", "").removesuffix("\n")] for name, text in item["heredocs"]]
    return told


def settled(theirs: Told, own: Told, text: str) -> int:
    """Take over what differs for known reasons; how many JSON lists have text behind them.

    The grammar of the package takes such a list all the same, and counts the blank lines behind a continuation into the
    instruction.
    """
    lines, count = text.split("\n"), 0
    for their, our in zip(theirs, own, strict=False):
        if their["exec"] and not our["exec"] and "".join(our["words"]).startswith("["):
            our["exec"], our["words"] = True, their["words"]
            count += 1
        if not any(line.strip() for line in lines[our["lines"][1] : their["lines"][1]]):
            our["lines"] = [our["lines"][0], max(our["lines"][1], their["lines"][1])]
    return count


def main() -> int:
    """Print what agrees and every disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--oracle-python", default=sys.executable)
    parser.add_argument("--generated", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--oracle", action="store_true")
    arguments = parser.parse_args()
    if arguments.oracle:
        oracle()
        return 0
    command = [arguments.oracle_python, __file__, "--oracle"]
    counts = {"agree": 0, "disagree": 0, "refused by the grammar": 0, "instructions": 0, "text behind a JSON list": 0}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name, text in [*found(arguments.folders), *generated(arguments.generated, arguments.seed)]:
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "refused" in answer:
                counts["refused by the grammar"] += 1
                continue
            theirs, own = comparable(answer["told"]), comparable(ours(text))
            counts["instructions"] += len(theirs)
            counts["text behind a JSON list"] += settled(theirs, own, text)
            counts["agree" if theirs == own else "disagree"] += 1
            if theirs != own:
                differing = next((pair for pair in zip(theirs, own, strict=False) if pair[0] != pair[1]), None)
                print(f"DISAGREE {name}\n  theirs: {differing and differing[0]}\n  ours:   {differing and differing[1]}"
                      f"\n  {len(theirs)} and {len(own)} instructions\n  {text!r}"[:1500])  # fmt: skip
    print(counts)
    return 1 if counts["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main())
