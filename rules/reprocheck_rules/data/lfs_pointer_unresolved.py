"""A data file is only a pointer of Git LFS: its content is not here.

## Why
Code that opens it reads three lines of text instead of data: it fails with a puzzling error, or, for text formats,
trains on nonsense. Where no attribute names the file, `git lfs pull` leaves it as it is.

## Fix
`git lfs install && git lfs pull`; in CI check out with `lfs: true`. A pointer that no pattern in `.gitattributes`
covers was committed by mistake: `git lfs track` its pattern and commit the file again.

## Notes
One finding for all that `git lfs pull` brings, with the other folders in its trail, and one for each folder with
pointers that no attribute covers. The former may be resolved on another machine, so that the confidence is medium; the
latter are pointers everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Confidence, Match, Project, Rule
from reprocheck_rules.data.stored_files import TESTS, is_stored_data, lfs_attributes

rule = Rule("DAT007", "lfs-pointer-unresolved", __doc__)

_SHOWN = re.compile(
    r"\.(?:gif|svg|pptx?|pdf|mov|drawio)$|(?:^|/)(?:docs?|assets|images?|imgs?|figures?|media)/[^/]*\.(?:png|jpe?g|mp4|webm)$",
    re.IGNORECASE,
)
"""What pages show."""
_HEAD = b"version https://git-lfs.github.com/spec/v1\n"
_OID = b"\noid sha256:"
_SIZES = range(100, 1024)
"""Bytes that a pointer has."""
_NAMED = 3
_STEPS = 60
_READ_LIMIT = 20_000
"""Files of that size that are looked into."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every small file that goes by the name of data."""
    tree, attributes = project.index.tree, lfs_attributes(project)
    folders: dict[tuple[str, bool], list[str]] = {}
    left = _READ_LIMIT
    named = frozenset(project.of_project(_named_as_data))
    strangers = (path for path in project.index.paths - named if not TESTS.search(path) and attributes.is_lfs(path))
    for path in sorted(named.union(path for path in strangers if not _SHOWN.search(path))):
        if tree.look(path).size in _SIZES and left > 0:
            left -= 1
            data = tree.head(path, _SIZES.stop) or b""
            if data.startswith(_HEAD) and _OID in data:
                folders.setdefault((path.rpartition("/")[0], attributes.is_lfs(path)), []).append(path)
    covered = [paths for (_, is_covered), paths in sorted(folders.items()) if is_covered]
    if covered:
        first, *others = covered
        notes = [project.note(paths[0], WHOLE_FILE, f"{_listed(paths)}: pointers too") for paths in others[:_STEPS]]
        message = f"{_listed([path for paths in covered for path in paths])}: only the Git LFS pointer is here"
        message += f"{'' if not others else f', in {len(covered)} folders'}, not the data (`git lfs pull`)"
        yield project.match(first[0], WHOLE_FILE, message, confidence=Confidence.MEDIUM, trail=notes)
    for (_, is_covered), paths in sorted(folders.items()):
        if not is_covered:
            message = (
                f"{_listed(paths)}: a Git LFS pointer that no `.gitattributes` covers, so that nothing resolves it"
            )
            yield project.match(paths[0], WHOLE_FILE, message)


def _named_as_data(project: Project) -> Iterator[str]:
    for path in sorted(project.index.paths):
        if is_stored_data(path) and not TESTS.search(path) and not _SHOWN.search(path):
            yield path


def _listed(paths: list[str]) -> str:
    names = ", ".join(f"`{path.rpartition('/')[2]}`" for path in paths[:_NAMED])
    return names + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")


def _pointer(digit: str) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digit * 64}\nsize 12345678"


_LFS = "filter=lfs diff=lfs merge=lfs -text"
rule.flags({"data/train.csv": _pointer("0"), ".gitattributes": f"*.csv {_LFS}"}, title="Not pulled")
rule.flags({"data/train.csv": _pointer("1")}, title="No attribute covers it")
rule.flags({"models/net.pt": _pointer("2"), "models/.gitattributes": f"*.pt {_LFS}"})
rule.flags({"models/net.safetensors": _pointer("3"), ".gitattributes": f"*.bin {_LFS}"}, title="Another pattern")
rule.flags({"audio/speech.wav": _pointer("4"), ".gitattributes": f"audio/** {_LFS}"})
rule.flags({"raw/images": _pointer("5"), ".gitattributes": f"/raw/* {_LFS}"}, title="A name that tells nothing")
rule.allows({"data/train.csv": "id,label\n1,0\n" * 20, ".gitattributes": f"*.csv {_LFS}"}, title="Resolved")
rule.allows({"data/demo.gif": _pointer("6"), ".gitattributes": f"*.gif {_LFS}"}, title="What a page shows")
rule.allows({"docs/lfs.md": _pointer("6")}, title="Documentation")
rule.allows({"tests/data/pointer.bin": _pointer("7")}, title="A test's own")
rule.allows({"data/notes.txt": "version https://git-lfs.github.com/spec/v2\n" + "see the manual of Git LFS\n" * 5})
rule.allows({"lfs.py": f'POINTER = """{_pointer("8")}"""'}, title="Code that writes pointers")
rule.allows({"data/small.csv": "a,b\n", "data/.gitattributes": f"*.csv {_LFS}"}, title="A small file")
