"""No linter and no type checker is set up.

## Why
Names that are never defined in a branch that runs once a week, an argument that a function doesn't take, an import that
is gone: these cost hours of a cluster when they show at the end of a training run, and a second in a linter.

## Fix
`ruff check` with its default rules in a pre-commit hook or in CI; types where data changes hands.

## Notes
Counts configuration files, sections of `pyproject.toml`, declared development dependencies and commands of CI,
Makefiles and hooks. Sections of `setup.cfg` and `tox.ini` can't be seen, so that the confidence is low where one of
these exists.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import at_files, counted, gap_at_root, listed

rule = Rule("PRJ007", "no-lint-or-types", __doc__, severity="note")

_FILES = re.compile(
    r"(^|/)(\.flake8|\.?pylintrc|\.?ruff\.toml|\.?mypy\.ini|pyrightconfig\.json|\.pre-commit-config\.ya?ml|\.prospector\.ya?ml"
    r"|\.isort\.cfg|\.style\.yapf|\.pytype\.cfg|\.pyre_configuration|\.bandit|\.pydocstyle|biome\.json|\.trunk/.+|ty\.toml"
    r"|\.pycodestyle|\.lintrunner\.toml|\.super-linter\.env)$",
    re.IGNORECASE,
)
_TOOLS = frozenset(
    {"ruff", "flake8", "pylint", "mypy", "pyright", "basedpyright", "black", "isort", "pycodestyle", "pyflakes",
     "bandit", "pytype", "pyre", "yapf", "autopep8", "pre-commit", "autoflake", "pydocstyle", "ufmt", "lintrunner",
     "ty", "pyre-check"}
)  # fmt: skip
_SECTIONS = re.compile(rf"^tool\.({'|'.join(sorted(_TOOLS))})(\.|$)")
_UNSEEN = frozenset({"setup.cfg", "tox.ini"})


@rule.on_practice
def check(project: Project) -> Practice:
    """Configuration of linters and type checkers, declared tools, and commands that call one."""
    index = project.index
    python = [path for path in index.files if path.endswith(".py")]
    if not python:
        return not_applicable("no Python modules")
    notes = [*at_files(sorted(path for path in index.paths if _FILES.search(path)), "sets up a linter or type checker")]
    notes += project.of_documents(_set_up)
    for path, source in index.dependencies.sources.items():
        declared = next((d for d in source.dependencies if d.name in _TOOLS), None)
        if declared is not None:
            notes.append(Note(declared.span, f"declares `{declared.name}`", path))
    notes += project.of_documents(_called)
    looked_at = f"{counted(len(python), 'module')}, {counted(len(index.documents), 'configuration file')}"
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    unseen = sorted(path for path in index.paths if path in _UNSEEN)
    gap = gap_at_root(project, f"neither a linter nor a type checker looks at the {counted(len(python), 'module')}")
    if unseen:
        gap = project.match(gap.path, gap.span, gap.message, confidence=Confidence.LOW)
    return Practice(looked_at=looked_at, gap=gap)


def _set_up(project: Project, path: str) -> Iterator[Note]:
    if path.rpartition("/")[2] != "pyproject.toml":
        return
    setting = next((s for s in project.index.documents[path].settings if _SECTIONS.match(s.key)), None)
    if setting is not None:
        yield Note(setting.span, f"sets up `{setting.key.split('.')[1]}`", path)


def _called(project: Project, path: str) -> Iterator[Note]:
    for command in project.index.documents[path].commands:
        tool = next((word for word in command.words if word.rpartition("/")[2] in _TOOLS), "")
        if tool and not {"install", "add"} & set(command.words[:4]):
            yield Note(command.span, f"calls `{tool}`", path)


_CODE = {"train.py": "print(1)\n"}

rule.flags(_CODE)
rule.flags({**_CODE, "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n"})
rule.flags({**_CODE, "requirements.txt": "torch==2.4.0\n"})
rule.flags({**_CODE, ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: pytest\n"})
rule.flags({**_CODE, "Makefile": "train:\n\tpython train.py\n"})
rule.flags({**_CODE, "setup.cfg": "[metadata]\nname = x\n"}, title="With low confidence: sections can't be seen")
rule.allows({**_CODE, ".flake8": "[flake8]\n"})
rule.allows({**_CODE, "pyproject.toml": "[tool.ruff]\nline-length = 100\n"})
rule.allows({**_CODE, "pyproject.toml": "[tool.mypy]\nstrict = true\n"})
rule.allows({**_CODE, "requirements-dev.txt": "flake8==7.1.0\n"})
rule.allows({**_CODE, ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: python -m mypy src\n"})
rule.allows({**_CODE, ".pre-commit-config.yaml": "repos: []\n"})
