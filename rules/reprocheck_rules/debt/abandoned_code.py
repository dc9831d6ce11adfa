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
from reprocheck.rulekit.facts import Class, FileFacts, Function, Import, ValueKind
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


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Functions and classes of modules whose name occurs nowhere else."""
    changes = Changes(project)
    used = _used(changes)
    opened = _opened(changes)
    spread = _spread(changes)
    for path, facts in sorted(project.index.files.items()):
        if is_test_path(path) or _TOOL_FILES.search(path) or path.endswith(".ipynb") or path in opened:
            continue
        library = changes.is_library(path)
        exported = changes.exported(path)
        for definition in _definitions(facts):
            name = definition.name
            if name in used or name in exported or _CALLED_BY_TOOLS.match(name):
                continue
            if (library or path in spread) and not name.startswith("_"):
                continue
            if isinstance(definition, Class) and _may_register(changes, path, definition):
                continue
            span = definition.span
            lines = span.end_line - span.line + 1
            kind = "class" if isinstance(definition, Class) else "function"
            message = (
                f"{kind} `{name}` ({lines} lines) is reached from nowhere: no call, reference, test or export names it"
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


def _spread(changes: Changes) -> frozenset[str]:
    """Modules whose public names a package's `__init__.py` exports with `*`."""
    return frozenset(
        module
        for path, facts in changes.index.files.items()
        if path.rpartition("/")[2] == "__init__.py"
        for star in facts.stars
        if (module := changes.symbols.modules.find(path, star)) is not None
    )


def _used(changes: Changes) -> frozenset[str]:
    """Every name that is read, imported or spelled in a string anywhere."""
    found: set[str] = set(changes.lookup_names)
    for facts in changes.index.files.values():
        found.update(facts.names)
        found.update(facts.attributes)
        found.update(last_part(target) for target in facts.imports.values())
        for function in facts.functions:
            found.update(last_part(event.target) for event in function.events if isinstance(event, Import))
    return frozenset(found)


def _opened(changes: Changes) -> frozenset[str]:
    """Modules that something looks into by computed names."""
    found = set(changes.looked_into)
    computed_import = False
    for site in changes.calls.get("import_module", ()):
        value = site.call.arguments[0].value if site.call.arguments else None
        computed_import = computed_import or value is None or value.kind is not ValueKind.CONSTANT
    imported = {
        module
        for path, facts in changes.index.files.items()
        for target in facts.imports.values()
        for name in (target, target.rpartition(".")[0])
        if name.strip(".") and (module := changes.symbols.modules.find(path, name)) is not None
    }
    if computed_import:
        found.update(path for path in changes.index.files if path not in imported)
    return frozenset(found)


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
