"""What a name means across the modules of a project."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.index.symbols import ClassRef, External, FunctionRef, Instance, ModuleRef, ValueRef
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

FILES = {
    "app/__init__.py": "from app.nets import Net as Model\nfrom .seeding import *\n",
    "app/nets.py": """
        import torch

        class Base(torch.nn.Module):
            def forward(self, x):
                return x

        class Net(Base):
            width = 8
            def step(self):
                pass

        def build():
            return Net()

        net = Net()
        SIZE = 3
    """,
    "app/seeding.py": "import random\n\ndef seed_all(seed):\n    random.seed(seed)\n",
    "circle_a.py": "from circle_b import name as name\n",
    "circle_b.py": "from circle_a import name as name\n",
    "train.py": "import app\nfrom app import *\nfrom app.nets import net\nimport numpy as np\n",
}


def index_of(files: dict[str, str]) -> ProjectIndex:
    texts = {path: dedent(text).lstrip("\n") for path, text in files.items()}
    facts = {path: extract(PythonFile(SourceText(path, text), ast.parse(text), ())) for path, text in texts.items()}
    return ProjectIndex(facts, paths=texts)


@pytest.fixture(scope="module")
def index() -> ProjectIndex:
    return index_of(FILES)


def test_a_class_is_found_through_a_re_export_under_another_name(index: ProjectIndex) -> None:
    found = index.symbols.resolve("train.py", "app.Model")
    assert isinstance(found, ClassRef)
    assert found.key == ("app/nets.py", "Net")


def test_a_function_is_found_through_a_star(index: ProjectIndex) -> None:
    found = index.symbols.resolve("train.py", "app.seed_all")
    assert isinstance(found, FunctionRef)
    assert found.key == ("app/seeding.py", 1)


def test_a_call_of_a_class_is_an_instance_whose_methods_are_inherited(index: ProjectIndex) -> None:
    made = index.symbols.resolve("train.py", "app.nets.Net()")
    assert isinstance(made, Instance)
    method = index.symbols.resolve("train.py", "app.nets.Net().forward")
    assert isinstance(method, FunctionRef)
    assert method.function.name == "Base.forward"


def test_a_model_stays_what_it_is_behind_fluent_methods(index: ProjectIndex) -> None:
    found = index.symbols.resolve("train.py", "app.nets.Net().to().step")
    assert isinstance(found, FunctionRef)
    assert found.function.name == "Net.step"


def test_a_value_of_a_module_and_the_module_itself(index: ProjectIndex) -> None:
    assert index.symbols.resolve("train.py", "app.nets.SIZE") == ValueRef("app/nets.py", ".SIZE")
    assert index.symbols.resolve("train.py", "app.nets") == ModuleRef("app/nets.py")


def test_names_from_outside_keep_their_name(index: ProjectIndex) -> None:
    assert index.symbols.resolve("train.py", "numpy.random.seed") == External("numpy.random.seed")


@pytest.mark.parametrize("name", ["?.step", "@step", ".missing", "app.nets.Net().missing", ""])
def test_what_is_not_known_means_nothing(index: ProjectIndex, name: str) -> None:
    assert index.symbols.resolve("train.py", name) is None


def test_a_circle_of_imports_means_nothing(index: ProjectIndex) -> None:
    assert index.symbols.resolve("circle_a.py", ".name") is None


def test_bases_outside_the_project_are_known_through_those_inside(index: ProjectIndex) -> None:
    net = index.symbols.resolve("train.py", "app.nets.Net")
    assert isinstance(net, ClassRef)
    assert index.symbols.external_bases(net) == {"torch.nn.Module"}
    assert [owner.definition.name for owner in index.symbols.ancestry(net)] == ["Net", "Base"]


def test_subclasses_and_methods_are_listed(index: ProjectIndex) -> None:
    base = index.symbols.resolve("app/nets.py", ".Base")
    assert isinstance(base, ClassRef)
    assert [owner.definition.name for owner in index.symbols.subclasses(base)] == ["Net"]
    assert [*index.symbols.files_with_method("step")] == ["app/nets.py"]
