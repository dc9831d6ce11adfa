"""A program goes on in code that the analysis can't follow, so that what is said of it may be incomplete.

## Why
What runs behind `exec` or a module chosen at run time may seed, draw, or set an option. Rules that follow a program
lower their confidence there, and silence means less.

## Fix
Import by name where that is possible, or accept the gap.

## Notes
Reported once for each place, only for programs, and only by the strict pack.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.execution import Run, argument_of

rule = Rule("RPC005", "unresolved-target", __doc__, severity="note")
_MODULES = ("importlib.import_module", "builtins.__import__")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Places of runs where control goes to what can't be known."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    for happening in run.happenings:
        if "runs-unknown-code" not in happening.entry.roles:
            continue
        if happening.name in _MODULES:
            argument = argument_of(happening.call, happening.entry, "name")
            value = project.index.evaluator.value(argument.value, happening.frame) if argument else None
            if isinstance(value, str):
                continue
        yield project.match(
            happening.path,
            happening.call.span,
            f"what `{happening.name.removeprefix('builtins.')}` runs here can't be followed",
        )
    if not run.complete:
        yield project.match(run.entry.path, run.entry.span, "this program is too large to be followed to its end")


rule.flags(
    """
    import sys
    exec(open("configurator.py").read())  # expect: RPC005
    """
)
rule.flags(
    """
    import importlib
    import sys

    def main():
        task = importlib.import_module(sys.argv[1])  # expect: RPC005
        task.run()

    if __name__ == "__main__":
        main()
    """
)
rule.allows(
    """
    import importlib

    backend = importlib.import_module("numpy")
    print(backend.zeros(3))
    """
)
rule.allows(
    """
    def load(name):
        exec(name)
    """,
    title="A library without a start",
)
