"""Seeds a program at its start: by a helper of the project, by one written for it, or by a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reprocheck.rulekit import (
    WHOLE_FILE,
    AddImport,
    Edit,
    Fix,
    InsertStatements,
    Project,
    Safety,
    Span,
    Where,
    WriteFile,
    is_test_path,
)
from reprocheck.rulekit.execution import Run
from reprocheck.rulekit.facts import Call, FileFacts, Function, FunctionRef, Import, Parameter, Value, ValueKind
from reprocheck_rules.randomness.seed_values import DEFAULT
from reprocheck_rules.randomness.seeding import Seeding, seedings

REVEALS = ("DET002", "DET003", "DET004", "DET007", "EXP004")
"""What only matters once a program is seeded."""
_FEW = 2
"""Families that a program seeds by itself; for more of them a helper is easier to read."""
_FILE = "seeding.py"
_NAME = "seed_everything"
_HELPER = re.compile(r"((set|fix|init|make|reset|setup)_?)*(all_|global_|random_)*(seeds?|seed_everything|seed_all)$")
_PARSERS = (".parse_args", ".parse_known_args")
_IMPORTS = {
    "python": AddImport("random"),
    "numpy": AddImport("numpy", alias="np"),
    "torch": AddImport("torch"),
    "tensorflow": AddImport("tensorflow", alias="tf"),
    "keras": AddImport("keras"),
    "mxnet": AddImport("mxnet", alias="mx"),
    "paddle": AddImport("paddle"),
    "cupy": AddImport("cupy"),
}
_CALLS = {
    "python": "random.seed({seed})",
    "numpy": "np.random.seed({seed})",
    "torch": "torch.manual_seed({seed})",
    "tensorflow": "tf.random.set_seed({seed})",
    "keras": "keras.utils.set_random_seed({seed})",
    "mxnet": "mx.random.seed({seed})",
    "paddle": "paddle.seed({seed})",
    "cupy": "cupy.random.seed({seed})",
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one entry point is to be seeded."""

    needed: frozenset[str]
    """Families that it draws from."""
    span: Span
    where: Where
    seed: str
    """Source of the seed."""


def seeded_entry(project: Project, run: Run) -> Fix | None:
    """What seeds all that a run draws from, before it does; None where no place for that can be told."""
    plan = _plan(project, run, seedings(project, run))
    if plan is None:
        return None
    path = run.entry.path
    if path.endswith(".ipynb"):
        edits = _written_out(plan, path)
    else:
        beside = project.value_of(planned_in, folder_of(path))
        edits = _by_helper(project, run, plan) or _by_itself(path, plan, beside) or []
        edits = edits or _by_new_helper(project, path, plan, beside) or []
    return Fix("seed what is drawn from", Safety.UNSAFE, tuple(edits), REVEALS) if edits else None


class _Planned(NamedTuple):
    """A plan of some program."""

    path: str
    span: Span
    needed: tuple[str, ...]


def _planned(project: Project, run: Run) -> Iterator[_Planned]:
    plan = _plan(project, run, seedings(project, run))
    if plan is not None:
        yield _Planned(run.entry.path, plan.span, tuple(sorted(plan.needed)))


class _Beside(NamedTuple):
    """What is to be seeded by the programs of one folder, notebooks left out."""

    places: tuple[tuple[str, Span], ...]
    """Where; of several programs their paths alone."""
    needed: tuple[str, ...]


def planned_in(project: Project, folder: str) -> _Beside:
    """What the programs of a folder are to seed."""
    here = project.once(_by_folder).get(folder, [])
    single = len({planned.path for planned in here}) == 1
    places = {(planned.path, planned.span if single else WHOLE_FILE) for planned in here}
    return _Beside(tuple(sorted(places)), tuple(sorted({family for planned in here for family in planned.needed})))


def _by_folder(project: Project) -> dict[str, list[_Planned]]:
    found: dict[str, list[_Planned]] = {}
    for planned in project.of_runs(_planned):
        if not planned.path.endswith(".ipynb"):
            found.setdefault(folder_of(planned.path), []).append(planned)
    return found


def _plan(project: Project, run: Run, found: dict[str, Seeding]) -> _Plan | None:
    if run.entry.kind == "step" or any(seeding.seeds for seeding in found.values()):
        return None  # a step may be shipped without its module: what it calls has to stand inside of it
    open_ones = [seeding for seeding in found.values() if seeding.draws and not seeding.optional]
    if not open_ones:
        return None
    path = run.entry.path
    _, first = min((seeding.draws[0] for seeding in open_ones), key=lambda pair: pair[0])
    chain = [hop.span for hop in first.hops if hop.path == path]
    if first.path == path:
        chain.append(first.call.span)
    facts = project.index.files[path]
    imports = {event.span for event in facts.functions[0].events if isinstance(event, Import)}
    if not chain or chain[0] in imports:
        return None
    needed = frozenset(seeding.family for seeding in open_ones)
    for span in chain:
        function = _function(facts, span)
        parsed = _parsed(project, path, function, span)
        if parsed is not None:
            return _Plan(needed, parsed[0], Where.AFTER, parsed[1])
        parameter = next((p for p in function.parameters if p.name == "seed"), None)
        if parameter is not None and _given(parameter):
            return _Plan(needed, span, Where.BEFORE_BLOCK, "seed")
    return _Plan(needed, chain[0], Where.BEFORE_BLOCK, DEFAULT)


def folder_of(path: str) -> str:
    """Folder that a file lies in; empty for the root."""
    return path.rpartition("/")[0]


def _given(parameter: Parameter) -> bool:
    """Whether a parameter can't be None by default."""
    default = parameter.default
    return parameter.required or (
        default is not None and default.kind is ValueKind.CONSTANT and default.value is not None
    )


def _function(facts: FileFacts, span: Span) -> Function:
    """The innermost function around a place; the module's body where there is none."""
    place = (span.line, span.column)
    inside = [
        function
        for function in facts.functions[1:]
        if (function.span.line, function.span.column) <= place < (function.span.end_line, function.span.end_column)
    ]
    return max(inside, key=lambda function: (function.span.line, function.span.column), default=facts.functions[0])


def _parsed(project: Project, path: str, function: Function, span: Span) -> tuple[Span, str] | None:
    """Where a function reads the options, among them a seed, in front of a place; and how to say the seed."""
    option = next((each for each in reversed(project.index.options.of_file(path)) if each.name == "seed"), None)
    if option is None or option.kind != "argparse":
        return None
    for event in function.events:
        if not isinstance(event, Call) or event.span.line >= span.line or event.guard != -1 or event.loop:
            continue
        if event.callee.endswith(_PARSERS) and event.result.isidentifier():
            value = f"{event.result}.seed"
            if option.default is None and not option.required:
                return None
            if _is_none(option.default) and not option.required:
                value = f"{value} if {value} is not None else {DEFAULT}"
            return event.span, value
    return None


def _is_none(value: Value | None) -> bool:
    return value is None or (value.kind is ValueKind.CONSTANT and value.value is None)


def _by_itself(path: str, plan: _Plan, beside: _Beside) -> list[Edit]:
    """The lines that seed all, where they are few and the folder has no other program to share a helper with."""
    alone = beside.places == ((path, plan.span),)
    return _written_out(plan, path) if alone and len(plan.needed) <= _FEW else []


def _written_out(plan: _Plan, path: str) -> list[Edit]:
    imports = [AddImport(i.module, i.name, i.alias, path) for i in _imports(plan.needed)]
    text = "\n".join(line.format(seed=plan.seed) for line in _calls(plan.needed))
    return [*imports, InsertStatements(plan.span, plan.where, text, path)]


def _imports(families: frozenset[str]) -> list[AddImport]:
    return [_IMPORTS[family] for family in _IMPORTS if family in families]


def _calls(families: frozenset[str]) -> list[str]:
    return [_CALLS[family] for family in _CALLS if family in families]


# A helper that is there


def _by_helper(project: Project, run: Run, plan: _Plan) -> list[Edit]:
    """A call of a helper of the project that seeds all that is needed and that this program doesn't call."""
    path = run.entry.path
    for helper in project.value_of(helpers):
        if not plan.needed.issubset(helper.families):
            continue
        call = InsertStatements(plan.span, plan.where, f"{helper.name}({plan.seed})", path)
        if helper.path == path:
            if plan.span.line > helper.end_line or run.entry.function != 0:
                return [call]
            continue
        module = _module_name(project, path, helper.path)
        if module is not None:
            return [AddImport(module, helper.name, path=path), call]
    return []


class _Helper(NamedTuple):
    """A function of the project that takes a seed and sets global states by it."""

    path: str
    name: str
    end_line: int
    families: tuple[str, ...]
    """What it seeds."""


def helpers(project: Project) -> tuple[_Helper, ...]:
    """All helpers that seed, in order of their files."""
    return tuple(project.of_files(_helpers))


def _helpers(project: Project, path: str) -> Iterator[_Helper]:
    if path.endswith(".ipynb") or is_test_path(path):
        return
    for function in project.index.files[path].functions[1:]:
        if "." in function.name or _HELPER.match(function.name) is None or not _takes_seed(function):
            continue
        families: set[str] = set()
        for event in function.events:
            entry = project.catalog.entry(project.catalog.canonical(event.callee)) if isinstance(event, Call) else None
            if entry is not None and "seeder" in entry.roles and isinstance(event, Call) and event.guard == -1:
                families.update(entry.families)
        if families:
            yield _Helper(path, function.name, function.span.end_line, tuple(sorted(families)))


def _takes_seed(function: Function) -> bool:
    parameters = function.parameters
    return bool(parameters) and "seed" in parameters[0].name and not any(p.required for p in parameters[1:])


def _module_name(project: Project, path: str, target: str) -> str | None:
    """How code in one file would import another file, judged by what it imports already."""
    facts = project.index.files[path]
    for name, imported in facts.imports.items():
        symbol = project.index.symbols.resolve(path, name)
        if getattr(symbol, "path", None) == target:
            module = imported.rpartition(".")[0] if isinstance(symbol, FunctionRef) else imported
            if project.index.symbols.modules.find(path, module) == target:
                return module
    return _beside(project, path, target)


def _beside(project: Project, path: str, target: str) -> str | None:
    """The name of a file in the same folder or below it, with the prefix that imports of its neighbours have."""
    folder = path.rpartition("/")[0]
    start = f"{folder}/" if folder else ""
    if not target.startswith(start):
        return None
    name = target.removeprefix(start).removesuffix(".py").replace("/", ".")
    prefix = _prefix(project, path)
    return None if prefix is None else f"{prefix}{name}"


def _prefix(project: Project, path: str) -> str | None:
    """What stands before the names of neighbours in the imports of a file: nothing for scripts, `.` or `package.`."""
    folder = path.rpartition("/")[0]
    start = f"{folder}/" if folder else ""
    facts = project.index.files[path]
    for imported in facts.imports.values():
        module = imported
        while module.strip("."):
            found = project.index.symbols.modules.find(path, module)
            if found is not None and found.startswith(start) and not found.endswith("__init__.py"):
                name = found.removeprefix(start).removesuffix(".py").replace("/", ".")
                if module.endswith(name):
                    return module.removesuffix(name)
            if "." not in module.strip("."):
                break
            module = module.rpartition(".")[0]
    return None if f"{start}__init__.py" in project.index.files else ""


# A helper that is written


def _by_new_helper(project: Project, path: str, plan: _Plan, beside: _Beside) -> list[Edit] | None:
    folder = folder_of(path)
    helper = f"{folder}/{_FILE}" if folder else _FILE
    prefix = _prefix(project, path)
    if not prefix and all(entry.kind in {"console", "command"} for entry in project.index.entries_of(path)):
        prefix = "."  # a console script imports its program as part of a package
    if prefix is None or helper in project.index.files:
        return None
    call = InsertStatements(plan.span, plan.where, f"{_NAME}({plan.seed})", path)
    return [
        WriteFile(helper, _helper_text(frozenset(beside.needed))),
        AddImport(f"{prefix}{_FILE.removesuffix('.py')}", _NAME, path=path),
        call,
    ]


def _helper_text(families: frozenset[str]) -> str:
    imports = _imports(families)
    own = [f"import {i.module}" for i in imports if i.module == "random"]
    others = [f"import {i.module} as {i.alias}" if i.alias else f"import {i.module}" for i in imports]
    blocks = ["\n".join(own), "\n".join(line for line in others if line not in own)]
    body = "\n".join(f"    {line.format(seed='seed')}" for line in _calls(families))
    return (
        '"""Seeds the random generators that the programs of this folder draw from."""\n\n'
        + "\n\n".join(block for block in blocks if block)
        + f'\n\n\ndef {_NAME}(seed):\n    """Make all that is drawn from here on depend on the seed alone."""\n{body}\n'
    )


# A family that was forgotten


def completed_seed(project: Project, path: str, call: Call, family: str) -> Fix | None:
    """The missing seeder behind a call that seeds another family, with the same seed.

    None where the call stands in code that has nothing to do with the family: a loader of data that seeds its own
    sampling is no place for the seed of a network, nor should it come to need the network's library.
    """
    seed = _said(project, path, call)
    wanted = _IMPORTS[family]
    facts = project.index.files[path]
    used = {imported.partition(".")[0] for imported in facts.imports.values()}
    at_home = family == "python" or wanted.module in used or _is_helper(project, _function(facts, call.span))
    if seed is None or not at_home:
        return None
    edits = (
        AddImport(wanted.module, wanted.name, wanted.alias, path),
        InsertStatements(call.span, Where.AFTER, _CALLS[family].format(seed=seed), path),
    )
    return Fix(f"seed {family} as well", Safety.UNSAFE, edits, REVEALS)


def _is_helper(project: Project, function: Function) -> bool:
    """Whether a function is there to seed: by its name, or because it calls nothing but seeders."""
    if _HELPER.match(function.name.rpartition(".")[2]) is not None:
        return True
    callees = [project.catalog.canonical(event.callee) for event in function.events if isinstance(event, Call)]
    entries = [project.catalog.entry(callee) for callee in callees]
    return bool(function.name) and all(entry is not None and "seeder" in entry.roles for entry in entries)


def _said(project: Project, path: str, call: Call) -> str | None:
    """Source of the seed that a call is given, where the facts tell how it was written."""
    facts = project.index.files[path]
    if not call.arguments:
        return None
    value = next((a.value for a in call.arguments if "seed" in a.name), call.arguments[0].value)
    match value:
        case Value(kind=ValueKind.CONSTANT, value=int() as number, path="") if number is not True:
            return str(number)
        case Value(kind=ValueKind.PARAMETER, value=str() as name, path=behind):
            attributes = [part for part in behind.split(".") if part]
            return f"{name}{behind}" if all(part in facts.attributes for part in attributes) else None
        case Value(kind=ValueKind.SELF, path=behind):
            attributes = [part for part in behind.split(".") if part]
            return f"self{behind}" if all(part in facts.attributes for part in attributes) else None
        case Value(kind=ValueKind.NAME, value=str() as name, path="") if (
            name.startswith(".") and name[1:].isidentifier()
        ):
            return name[1:]
        case Value(kind=ValueKind.NAME, value=str() as name, path=""):
            parser, _, option = name.rpartition(".parse_args().")
            results = {e.result for f in facts.functions for e in f.events if isinstance(e, Call) and _is_parse(e)}
            if parser and option.isidentifier() and len(results) == 1:
                return f"{results.pop()}.{option}"
    return None


def _is_parse(event: Call) -> bool:
    return event.callee.endswith(_PARSERS) and event.result.isidentifier()
