"""A function or class that nothing reaches: no call, no reference, no test, no export.

## Why
Code that nothing uses still looks like a part of the experiment. It is searched, kept compatible and copied, and its
numbers can't be had again without finding out how it was called.

## Fix
Delete it (version control keeps it), or call it from a test or an entry point.

## Notes
Of low confidence, since code can be reached in ways that reading doesn't show. Silent on what users of an installed
library can import, on anything decorated, exported by `__all__` or a package's `__init__.py`, named by a string, a
setting or a command, and on names that a framework calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule, is_test_path
from reprocheck.rulekit.facts import Class, FileFacts, Function, ValueKind
from reprocheck_rules.debt.callers import FILES_OF_TOOLS
from reprocheck_rules.debt.changes import Changes, last_part

rule = Rule("DBT009", "abandoned-code", __doc__, severity="note", confidence="low")

_CALLED_BY_TOOLS = re.compile(
    r"^(main|cli|app|run|setup|init|handler|handle|lambda_handler|predict|predict_fn|model_fn|input_fn|output_fn|"
    r"transform_fn|score|entrypoint|configure|register\w*|pytest_\w+|test\w*|Test\w*|on_\w+|hook\w*|TritonPythonModel|"
    r"upgrade|downgrade|add_args|get_parser|create_app|__\w+__)$"
)
_TOOL_FILES = re.compile(
    rf"(^|/)({FILES_OF_TOOLS}|setup|conf|versioneer|gunicorn\w*|wsgi|asgi|_version)\.py$|"
    r"(^|/)(migrations|docs?|third_party|vendor|site-packages)/"
)


_USES = ("names", "attributes", "imported inside", "spelled")
"""Kinds of words that name what is used: read, imported, or spelled in a string."""
_COMPUTED = ""
"""Stands among modules for one whose name is computed."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Functions and classes of modules whose name occurs nowhere else."""
    project.once(Changes)
    yield from project.of_files(_of_file)


def _of_file(project: Project, path: str) -> Iterator[Match]:
    if is_test_path(path) or _TOOL_FILES.search(path) or path.endswith(".ipynb"):
        return
    changes = project.once(Changes)
    facts = project.index.files[path]
    definitions = [each for each in _definitions(facts) if not _CALLED_BY_TOOLS.match(each.name)]
    if not definitions or project.value_of(is_opened, path):
        return
    if changes.is_library(path) or project.value_of(is_spread, path):
        definitions = [each for each in definitions if each.name.startswith("_")]
    exported = changes.exported(path)
    names = {each.name for each in definitions} - exported
    unused = set(changes.words.without(_USES, sorted(names)))
    for definition in definitions:
        if definition.name not in unused:
            continue
        if isinstance(definition, Class) and _may_register(changes, path, definition):
            continue
        span = definition.span
        lines = span.end_line - span.line + 1
        kind = "class" if isinstance(definition, Class) else "function"
        message = (
            f"{kind} `{definition.name}` ({lines} lines) is reached from nowhere: "
            "no call, reference, test or export names it"
        )
        yield project.match(path, span, message)


def _definitions(facts: FileFacts) -> Iterator[Function | Class]:
    """Functions and classes of the module itself that nothing decorates."""
    for function in facts.functions[1:]:
        if "." not in function.name and not function.decorators:
            yield function
    for owner in facts.classes:
        if "." not in owner.name and not owner.decorators:
            yield owner


def is_spread(project: Project, path: str) -> bool:
    """Whether a package's `__init__.py` exports the public names of a module with `*`."""
    return path in project.once(_spread)


def _spread(project: Project) -> frozenset[str]:
    packages = (path for path in project.index.files if path.rpartition("/")[2] == "__init__.py")
    return frozenset(project.of_each(_spread_by, packages))


def _spread_by(project: Project, path: str) -> Iterator[str]:
    for star in project.index.files[path].stars:
        module = project.index.symbols.modules.find(path, star)
        if module is not None:
            yield module


def is_opened(project: Project, path: str) -> bool:
    """Whether something looks into a module by computed names, or may import it by one."""
    return project.once(Changes).is_looked_into(path) or path in project.once(_hidden)


def _hidden(project: Project) -> frozenset[str]:
    """Modules that nothing imports, where something is imported by a computed name."""
    found = frozenset(project.of_files(_imported_by))
    return frozenset(project.index.files) - found if _COMPUTED in found else frozenset()


def _imported_by(project: Project, path: str) -> Iterator[str]:
    """Modules that a module imports by name, and a sign where it imports by a computed one."""
    for site in project.once(Changes).calls_in(path, "import_module"):
        value = site.call.arguments[0].value if site.call.arguments else None
        if value is None or value.kind is not ValueKind.CONSTANT:
            yield _COMPUTED
    targets = project.index.files[path].imports.values()
    names = dict.fromkeys(name for target in targets for name in (target, target.rpartition(".")[0]))
    modules = (project.index.symbols.modules.find(path, name) for name in names if name.strip("."))
    yield from dict.fromkeys(module for module in modules if module is not None)


def _may_register(changes: Changes, path: str, owner: Class) -> bool:
    """Whether a base class can find the class by itself."""
    reference = changes.symbols.table(path).classes[owner.name]
    if changes.symbols.external_bases(reference) - {"torch.nn.Module", "builtins.object", "abc.ABC"}:
        return True
    return any(
        _collects_subclasses(changes.index.files[ancestor.path])
        for ancestor in changes.symbols.ancestry(reference)
        if ancestor.key != reference.key
    )


def _collects_subclasses(facts: FileFacts) -> bool:
    names = {*facts.attributes, *(last_part(function.name) for function in facts.functions)}
    return not names.isdisjoint({"__subclasses__", "__init_subclass__"})


rule.flags(
    """
    def load(path):
        return open(path).read()

    def load_old(path):  # expect: DBT009
        return open(path, "rb").read()

    class Legacy:  # expect: DBT009
        def forward(self, x):
            return x

    print(load("data.txt"))
    """,
    file="train.py",
)
rule.flags(
    {
        "model.py": """
        import torch

        class Net(torch.nn.Module):
            def forward(self, x):
                return x

        class NetV1(torch.nn.Module):  # expect: DBT009
            def forward(self, x):
                return -x

        def _warm(net):  # expect: DBT009
            return net(torch.zeros(1))
        """,
        "train.py": """
        from model import Net

        def plot(history):  # expect: DBT009
            return history

        Net()
        """,
    },
    title="beside what is used",
)
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "layers"\n',
        "layers/__init__.py": "",
        "layers/core.py": """
        def attention(query):
            return query

        def _rescale(query):  # expect: DBT009
            return query / 2
        """,
    },
    title="what a library keeps private",
)
rule.flags(
    {
        "project/__init__.py": "",
        "project/losses.py": """
        def dice(x, y):
            return x * y

        def focal_v1(x, y):  # expect: DBT009
            return dice(x, y) ** 2
        """,
        "project/train.py": """
        from project.losses import dice

        if __name__ == "__main__":
            print(dice(1, 2))
        """,
    },
    title="a package that is not distributed",
)
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "layers"\n\n[project.scripts]\nlayers-report = "tool:report"\n',
        "layers/__init__.py": "from layers.core import _fused",
        "layers/core.py": """
        __all__ = ["_listed"]

        def attention(query):
            return query

        def _fused(query):
            return query

        def _listed(query):
            return query
        """,
        "tool.py": """
        def report():
            return 1
        """,
    },
    title="public, exported, or an entry point",
)
rule.allows(
    """
    import argparse
    from registry import register

    @register("adam")
    def adam(parameters):
        return parameters

    def sgd(parameters):
        return parameters

    def cosine(step):
        return step

    SCHEDULES = {"cosine": cosine}
    name = argparse.ArgumentParser().parse_args().optimizer
    globals()[name]([])
    """,
    file="optim.py",
    title="found by name, by table, by decorator",
)
rule.allows(
    {
        "metrics.py": """
        def accuracy(x, y):
            return x == y

        def lambda_handler(event, context):
            return accuracy(event, context)

        def _only_in_test(x):
            return x
        """,
        "losses.py": """
        def focal(x):
            return x
        """,
        "train.py": """
        import losses

        def main(name):
            return getattr(losses, name)

        main("focal")
        """,
        "tests/test_metrics.py": """
        from metrics import _only_in_test

        def test_it():
            assert _only_in_test(1) == 1
        """,
    },
    title="called by a platform, a test or a computed name",
)
