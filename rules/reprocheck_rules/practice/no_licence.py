"""The repository states no licence.

## Why
Without one nobody else may copy, run in a company, or build on the code: a result that may not be repeated isn't
reproducible.

## Fix
A file `LICENSE` with the text of the licence, and its name in the project's metadata.

## Notes
A file at the root, the metadata of `pyproject.toml`, and a section or sentence of the read-me file count.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import at_files, counted, gap_at_root, listed

rule = Rule("PRJ013", "no-licence", __doc__, severity="note")

_FILE = re.compile(
    r"(?!.*\.py$)^(licen[cs]es?|copying|unlicense|mit-license|notice)([._-][^/]*)?(/.*)?$|^[^/]+[._-]licen[cs]e(\.\w+)?$",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"^(project\.license(\..+|-files.*|-expression)?|tool\.poetry\.license|license|metadata\.license)$"
)
_CITATION = frozenset({"CITATION.cff", "codemeta.json", "pyproject.toml"})
_TOPIC = re.compile(r"^licen[cs]ed?$")


@rule.on_practice
def check(project: Project) -> Practice:
    """Files, metadata and read-me files that state a licence."""
    index = project.index
    if not index.paths:
        return not_applicable("no files")
    notes = [*at_files(sorted(path for path in index.paths if _FILE.match(path)), "states a licence")]
    notes += project.of_documents(_stated)
    looked_at = f"{counted(sum('/' not in path for path in index.paths), 'file')} at the root"
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    return Practice(
        looked_at=looked_at,
        gap=gap_at_root(project, "the repository states no licence, so that nobody else may use it"),
    )


def _stated(project: Project, path: str) -> Iterator[Note]:
    document = project.index.documents[path]
    setting = next((s for s in document.settings if _SETTING.match(s.key)), None) if path in _CITATION else None
    if setting is not None:
        yield Note(setting.span, "names a licence", path)
    if document.kind == "readme" and "/" not in path and any(_TOPIC.match(topic) for topic in document.topics):
        yield Note(WHOLE_FILE, "speaks of a licence", path)


_CODE = {"train.py": "print(1)\n"}

rule.flags(_CODE)
rule.flags({**_CODE, "README.md": "# Net\n\nCode of our paper.\n"})
rule.flags({**_CODE, "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n"})
rule.flags({**_CODE, "third_party/lib/LICENSE": "MIT\n"}, title="Of something else")
rule.flags({**_CODE, "licenses.py": "print(1)\n"}, title="A module")
rule.flags({**_CODE, "docs/README.md": "# License\n\nSee there.\n"})
rule.allows({**_CODE, "LICENSE": "MIT\n"})
rule.allows({**_CODE, "LICENCE.txt": "MIT\n"})
rule.allows({**_CODE, "COPYING": "GPL\n"})
rule.allows({**_CODE, "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\nlicense = 'MIT'\n"})
rule.allows({**_CODE, "README.md": "# Net\n\n## License\n\nMIT\n"})
rule.allows({**_CODE, "LICENSES/MIT.txt": "MIT\n"}, title="As REUSE has them")
