"""What the image of a replay is made of."""

from __future__ import annotations

import msgspec
import pytest

from records import INTERPRETER, package, record
from reprocheck.model.record import Container, Environment, Observations, PythonProcess, Record
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.recipes import base_of, make_recipe


def in_container(image: str, digest: str) -> Record:
    container = Container(kind="docker", image=image, image_digest=digest)
    return msgspec.structs.replace(record(), environment=Environment(interpreter=INTERPRETER, container=container))


@pytest.mark.parametrize(
    ("run", "asked", "base"),
    [
        (record(), "", "python:3.11.7-slim"),
        (record(), "base:1", "base:1"),
        (in_container("team/train:2", "sha256:ab"), "", "team/train@sha256:ab"),
        (in_container("", "sha256:ab"), "", "sha256:ab"),
        (in_container("team/train:2", ""), "", "python:3.11.7-slim"),
    ],
)
def test_the_image_to_begin_with(run: Record, asked: str, base: str) -> None:
    assert base_of(run, asked) == base


def test_without_an_interpreter_an_image_must_be_named() -> None:
    with pytest.raises(ReplayError):
        base_of(record(interpreter=None))


def test_packages_are_installed_by_exact_version_in_the_recorded_place() -> None:
    run = record(packages=(package("numpy", "1.2"), package("mine", "0.1", editable=True)))
    recipe = make_recipe(run, "base:1")
    assert recipe.requirements == "numpy==1.2\n"
    assert f"RUN python3.11 -m venv {INTERPRETER.prefix}\n" in recipe.dockerfile
    assert "--no-deps" in recipe.dockerfile


def test_the_tools_that_make_an_environment_are_not_pinned_unless_they_were_imported() -> None:
    packages = (package("pip", "1"), package("setuptools", "1"), package("wheel", "1"))
    assert make_recipe(record(packages=packages), "base:1").requirements == ""
    process = PythonProcess(pid=1, started=1, modules=("pkg_resources",))
    run = record(packages=packages, observations=Observations(processes=(process,)))
    assert make_recipe(run, "base:1").requirements == "setuptools==1\n"


def test_the_same_record_makes_the_same_image_and_another_one_another() -> None:
    one, other = (record(packages=(package("numpy", version),)) for version in ("1", "2"))
    assert make_recipe(one, "base:1").key == make_recipe(one, "base:1").key
    assert make_recipe(one, "base:1").key != make_recipe(other, "base:1").key
    assert make_recipe(one, "base:1").key != make_recipe(one, "base:2").key
    assert make_recipe(one, "base:1", wheels=["a.whl 1"]).key != make_recipe(one, "base:1", wheels=["a.whl 2"]).key


def test_a_plain_interpreter_is_led_to_the_environment_by_its_path() -> None:
    plain = msgspec.structs.replace(
        INTERPRETER, executable="/opt/py/bin/python3", prefix="/opt/py", base_prefix="/opt/py"
    )
    recipe = make_recipe(record(interpreter=plain), "base:1")
    assert recipe.environment != "/opt/py"
    assert "ln -s" in recipe.dockerfile
    assert "/opt/py/bin/python3" in recipe.dockerfile


def test_offline_takes_wheels_alone() -> None:
    recipe = make_recipe(record(packages=(package("numpy", "1"),)), "base:1", wheels=["numpy-1.whl x"], offline=True)
    assert "--no-index --find-links=/wheels" in recipe.dockerfile
    assert "COPY wheels /wheels" in recipe.dockerfile
