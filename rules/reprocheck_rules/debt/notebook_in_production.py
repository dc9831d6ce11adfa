"""Production code imports or executes a notebook, or hands work to another language's prototype.

## Why
A notebook has no interface, no tests and no review of its cells' order; what runs in production is then whatever was
saved last in somebody's browser. The same holds for a script of another language behind a subprocess: types, errors and
randomness end at the border.

## Fix
Move what is needed into a module that the notebook and the program both import. Keep the notebook for looking at
things; where one must be run on a schedule, pass it parameters and pin its kernel's environment.

## Notes
Counted: `papermill`, `nbconvert`, `nbclient` and `import_ipynb` in programs, and commands of pipelines, images,
Makefiles and shell scripts that execute notebooks. CI and tests that run notebooks to check them are passed over, and
so are documentation, examples, and modules that no program imports. Bridges to R, Julia, MATLAB and the like have low
confidence: some are there for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.facts import Call, Command, FileFacts, Import

rule = Rule("DBT008", "multiple-languages-or-prototype", __doc__, confidence="high")

_EXECUTES = frozenset(
    {
        "papermill.execute_notebook", "nbclient.execute", "nbclient.NotebookClient",
        "nbconvert.preprocessors.ExecutePreprocessor", "nbconvert.preprocessors.execute.ExecutePreprocessor",
        "runipy.notebook_runner.NotebookRunner", "scrapbook.execute_notebook",
    }
)  # fmt: skip
_IMPORTS = frozenset({"import_ipynb", "nbimporter", "importnb", "ipynb.fs.full", "ipynb.fs.defs", "ipynb.fs", "ipynb"})
_BRIDGES = frozenset({"rpy2", "oct2py", "matlab.engine", "juliacall", "julia", "pyjulia", "mlab", "pymatbridge"})
_NOT_PRODUCTION = re.compile(
    r"(^|/)(tests?|testing|docs?|documentation|examples?|tutorials?|\.github|\.circleci|\.ci|ci|tools?|dev|benchmarks?|book)/"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest|noxfile|conf|setup|tasks)\.py$|(^|/)(\.gitlab-ci|\.travis|azure-pipelines)"
    r"|(^|/)[^/]*(test|docs?|lint|check|clean|format)[^/]*\.(sh|ya?ml|toml)$",
    re.IGNORECASE,
)
_KINDS = frozenset({"shell", "makefile", "dockerfile", "yaml", "snakemake", "toml", "json"})
_CHECKS = re.compile(r"^(pytest|nbval|treon|nbmake|jupyter-book|sphinx|mkdocs|nbqa|jupytext|nbstripout|nbdime)")
_FOREIGN = re.compile(r"(^|/)(Rscript|julia|matlab|octave)$")
_SHELLS = frozenset(
    {
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.Popen",
        "os.system",
    }
)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Programs first, then commands."""
    programs = [entry.path for entry in project.entries if entry.path.endswith(".py")]
    runs = project.index.reached(path for path in programs if not _NOT_PRODUCTION.search(path))
    yield from (match for match in project.of_files(_of_program) if match.path in runs)
    yield from project.of_documents(_of_commands)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    if not path.endswith(".py") or _NOT_PRODUCTION.search(path):
        return
    met: set[str] = set()
    for match in _of_events(project, project.index.files[path]):
        if match.message not in met:
            met.add(match.message)
            yield match


def _of_events(project: Project, facts: FileFacts) -> Iterator[Match]:
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Import):
                yield from _of_import(project, facts, event)
            elif isinstance(event, Call):
                yield from _of_call(project, facts, event)


def _of_import(project: Project, facts: FileFacts, event: Import) -> Iterator[Match]:
    package = next((p for p in _IMPORTS if event.target == p or event.target.startswith(f"{p}.")), None)
    if package is not None:
        message = f"`{package}` imports notebooks as if they were modules: what runs is what was saved last"
        yield project.match(facts.path, event.span, message)
    bridge = next((p for p in _BRIDGES if event.target == p or event.target.startswith(f"{p}.")), None)
    if bridge is not None:
        message = f"`{bridge}` crosses into another language: types, errors and random states end at the border"
        yield project.match(facts.path, event.span, message, confidence=Confidence.LOW)


def _of_call(project: Project, facts: FileFacts, event: Call) -> Iterator[Match]:
    name = project.catalog.canonical(event.callee)
    if name in _EXECUTES:
        notebook = next(
            (str(a.value.value) for a in event.arguments if a.value and str(a.value.value).endswith(".ipynb")), ""
        )
        what = f"`{notebook}`" if notebook else "a notebook"
        yield project.match(
            facts.path, event.span, f"this program executes {what}: its code has no interface and no tests"
        )
    elif name in _SHELLS:
        words = [str(a.value.value) for a in event.arguments if a.value is not None and isinstance(a.value.value, str)]
        text = " ".join(words)
        if ".ipynb" in text and ("execute" in text or "papermill" in text):
            message = "this program executes a notebook through a shell: its code has no interface and no tests"
            yield project.match(facts.path, event.span, message)


def _of_commands(project: Project, path: str) -> Iterator[Match]:
    document = project.index.documents[path]
    if document.kind not in _KINDS or _NOT_PRODUCTION.search(path):
        return
    for command in document.commands:
        notebook = _executed(command)
        if notebook is not None:
            what = f"`{notebook}`" if notebook else "notebooks"
            message = f"this command executes {what}: a notebook is part of the pipeline, without interface or tests"
            yield project.match(document.path, command.span, message)


def _executed(command: Command) -> str | None:
    """The notebook that a command executes; empty where its name isn't there, None for no such command."""
    words = command.words
    while words and words[0] in {"uv", "poetry", "pipenv", "run", "exec", "time", "sudo", "nohup"}:
        words = words[1:]
    if not words or _CHECKS.match(words[0].rpartition("/")[2]):
        return None
    program = words[0].rpartition("/")[2]
    notebook = next((word for word in words if word.endswith(".ipynb")), "")
    is_papermill = program == "papermill" or words[:3] == ("python", "-m", "papermill")
    is_convert = "nbconvert" in " ".join(words[:4]) and any(word.startswith("--execute") for word in words)
    is_run = program == "jupyter" and words[1:2] in (("run",), ("execute",))
    if is_papermill or is_convert or is_run or program in {"runipy", "jupyter-execute"}:
        return notebook
    return None


rule.flags(
    "import papermill as pm\n\npm.execute_notebook('train.ipynb', 'out.ipynb')  # expect: DBT008\n", title="papermill"
)
rule.flags(
    "import import_ipynb  # expect: DBT008\nimport features\n\nfeatures.build()\n", title="A notebook as a module"
)
rule.flags("from ipynb.fs.full.model import Net  # expect: DBT008\n\nNet()\n", title="A notebook as a package")
rule.flags(
    """
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    notebook = nbformat.read("score.ipynb", as_version=4)
    ExecutePreprocessor(timeout=600).preprocess(notebook)  # expect: DBT008
    """,
    title="nbconvert in a program",
)
rule.flags(
    {
        "dvc.yaml": """
        stages:
          train:
            cmd: papermill train.ipynb out/train.ipynb  # expect: DBT008
            outs: [model.pkl]
        """
    },
    title="A stage of a pipeline",
)
rule.flags(
    {"run.sh": "jupyter nbconvert --to notebook --execute report.ipynb  # expect: DBT008\n"}, title="A shell script"
)
rule.flags("import rpy2.robjects as ro  # expect: DBT008\n\nro.r('fit <- lm(y ~ x)')\n", title="R, low confidence")
rule.allows(
    {"tests/test_notebooks.py": "import papermill\n\npapermill.execute_notebook('a.ipynb', 'b.ipynb')\n"},
    title="A test",
)
rule.allows(
    {".github/workflows/docs.yml": "jobs:\n  a:\n    steps:\n      - run: jupyter nbconvert --execute a.ipynb\n"}
)
rule.allows({"run.sh": "jupyter nbconvert --to html report.ipynb\n"}, title="Converted, not executed")
rule.allows("import nbformat\n\nprint(nbformat.read('a.ipynb', as_version=4).cells)\n", title="Read as data")
rule.allows({"Makefile": "test:\n\tpytest --nbmake notebooks\n"}, title="Checked")
rule.allows(
    {"train.py": "from features import build\n\nbuild()\n", "features.py": "def build():\n    pass\n"}, title="A module"
)
