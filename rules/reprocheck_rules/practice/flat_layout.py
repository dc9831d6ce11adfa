"""Most modules lie side by side at the root, so that nothing says which are programs and which are imported.

## Why
What is a program, what a library and what a leftover can only be told by reading all of it. Modules import each other
by the folder that the program is started in, so that nothing can be installed, tested from elsewhere or served as it
is.

## Fix
Move what is imported into a package (`src/NAME/`), keep the programs in one folder (`scripts/`), and install the
package in editable mode.

## Notes
From six modules at the root on, where they are at least half of the project's own code and some import others; programs
that stand alone side by side are a collection. Up to there a flat
folder is the simplest thing that works. `setup.py` and its like don't count.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import counted, gap_at_root, listed, sources

rule = Rule("PRJ001", "flat-layout", __doc__, severity="note")

_MANY = 6
_TOOLING = frozenset({"hubconf.py", "fabfile.py", "tasks.py", "dodo.py", "wsgi.py", "manage.py"})


@rule.on_practice
def check(project: Project) -> Practice:
    """Modules at the root against modules in folders."""
    modules = [path for path in sources(project) if path not in _TOOLING]
    at_root = [path for path in modules if "/" not in path]
    if len(modules) < _MANY:
        return not_applicable(f"{counted(len(modules), 'module')}, too few to need folders")
    looked_at = f"{counted(len(modules), 'module')}, {len(at_root)} of them at the root"
    if len(at_root) < _MANY or 2 * len(at_root) < len(modules) or not _is_mixed(project, set(at_root)):
        packages = (path for path in modules if path.endswith("/__init__.py"))
        return Practice(
            looked_at=looked_at, found=listed(note for path in packages for note in project.of_file(_package, path))
        )
    message = (
        f"{len(at_root)} of {len(modules)} modules lie side by side at the root, programs and what they import alike"
    )
    return Practice(looked_at=looked_at, gap=gap_at_root(project, message))


def _is_mixed(project: Project, root: set[str]) -> bool:
    """Whether some of the modules at the root import others of them."""
    return any((project.index.reached([path]) - {path}) & root for path in sorted(root))


def _package(project: Project, path: str) -> Iterator[Note]:
    folder = path.rpartition("/")[0]
    yield Note(project.index.files[path].functions[0].span, f"`{folder}` is a package", path)


_MODULE = "def work():\n    return 1\n"


def _files(first: str, *paths: str) -> dict[str, str]:
    """Modules of which the last one imports the first."""
    last = f"import {first.rpartition('/')[2].removesuffix('.py')}\n{_MODULE}"
    return {**dict.fromkeys((first, *paths), _MODULE), paths[-1]: last}


rule.flags(_files("data.py", "losses.py", "main.py", "metrics.py", "model.py", "train.py"))
rule.flags(
    {**_files("a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py"), "tests/test_a.py": _MODULE},
    title="Tests don't help",
)
rule.flags({**_files("a.py", "b.py", "c.py", "d.py", "e.py", "f.py"), "pyproject.toml": "[project]\nname = 'x'\n"})
rule.flags(
    {**_files("a.py", "b.py", "c.py", "d.py", "e.py", "f.py"), "layers/attention.py": _MODULE}, title="One small folder"
)
rule.flags(_files("net.py", "train.py", "train_v2.py", "eval.py", "infer.py", "utils.py"))
rule.flags({**_files("a.py", "b.py", "c.py", "d.py", "e.py", "f.py"), "README.md": "# A model\n"})
rule.allows(_files("train.py", "model.py", "data.py"), title="Few modules")
rule.allows(_files("train.py", "net/__init__.py", "net/a.py", "net/b.py", "net/c.py", "net/d.py", "net/e.py"))
rule.allows(_files("src/a.py", "src/b.py", "src/c.py", "src/d.py", "src/e.py", "src/f.py", "src/g.py"))
rule.allows(_files("a.py", "b.py", "c.py", "d.py", "e.py", *(f"lib/m{n}.py" for n in range(6))), title="Mostly folders")
rule.allows(_files("test_a.py", "test_b.py", "test_c.py", "test_d.py", "test_e.py", "test_f.py", "a.py"), title="Tests")
rule.allows(_files("setup.py", "conftest.py", "noxfile.py", "hubconf.py", "a.py", "b.py"), title="Tools of packaging")
rule.allows({f"algorithm_{n}.py": _MODULE for n in range(9)}, title="A collection of programs that stand alone")
