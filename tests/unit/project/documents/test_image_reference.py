"""Image references are told apart as the distribution project's grammar tells them."""

import pytest

from reprocheck.project.documents.image_reference import ImageReference, parse_image_reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", ("docker.io", "library/python", None, None)),
        ("python:3.11-slim", ("docker.io", "library/python", "3.11-slim", None)),
        ("pytorch/pytorch", ("docker.io", "pytorch/pytorch", None, None)),
        ("localhost:5000/a", ("localhost:5000", "a", None, None)),
        ("localhost/a:b", ("localhost", "a", "b", None)),
        ("host:5000/a/b:1", ("host:5000", "a/b", "1", None)),
        ("python:5000", ("docker.io", "library/python", "5000", None)),
        (f"python@{DIGEST}", ("docker.io", "library/python", None, DIGEST)),
        (f"nvcr.io/nvidia/pytorch:24.01-py3@{DIGEST}", ("nvcr.io", "nvidia/pytorch", "24.01-py3", DIGEST)),
        ("index.docker.io/python", ("docker.io", "library/python", None, None)),
        ("docker.io/a/b", ("docker.io", "a/b", None, None)),
        ("LOCAL/a", ("LOCAL", "a", None, None)),
        ("[fe80::1]:500/a", ("[fe80::1]:500", "a", None, None)),
        ("a_b/c__d/e-f--g.h", ("docker.io", "a_b/c__d/e-f--g.h", None, None)),
        ("a:" + "t" * 128, ("docker.io", "library/a", "t" * 128, None)),
    ],
)
def test_a_reference_is_taken_apart(text: str, expected: tuple[str, str, str | None, str | None]) -> None:
    assert parse_image_reference(text) == ImageReference(*expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python",
        "a/Python",
        "ghcr.io/Owner/image",
        "a:",
        "a:-x",
        "a:" + "t" * 129,
        "a@sha256:abc",
        "a@md5:" + "0" * 32,
        "a@" + DIGEST.replace("0a", "0A"),
        "a___b",
        "a..b",
        "-a",
        "a/",
        "/a",
        "a//b",
        "host:port/a",
        "-host.x/a",
        "0a" * 32,
        "a b",
        "$IMAGE",
        "a" * 256,
        "python\n",
    ],
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_image_reference(text) is None


@pytest.mark.parametrize("name", ["python", "pytorch/pytorch", "ghcr.io/owner/image"])
def test_the_name_is_the_short_one(name: str) -> None:
    image = parse_image_reference(name + ":1")
    assert image is not None
    assert image.name == name
