"""What is read out of an engine's answers."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from reprocheck.replay.docker import digests_of, local_digests


def test_digests_are_those_of_the_repository_that_the_tag_belongs_to() -> None:
    listed = [
        {
            "RepoTags": ["python:3.11-slim", "mirror.example.org:5000/python:mine"],
            "RepoDigests": ["mirror.example.org:5000/python@sha256:bb", "python@sha256:aa"],
        }
    ]
    assert digests_of(listed) == {"mirror.example.org:5000/python:mine": "sha256:bb", "python:3.11-slim": "sha256:aa"}


def test_images_that_came_from_no_registry_or_have_no_tag_are_left_out() -> None:
    listed: list[dict[str, Any]] = [
        {"RepoTags": ["built:here"], "RepoDigests": []},
        {"RepoTags": None, "RepoDigests": None},
        {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]},
        {"RepoTags": [], "RepoDigests": ["python@sha256:aa"]},
    ]
    assert digests_of(listed) == {}


# The SDK forgets to close a socket that nobody answers at.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
def test_where_no_engine_answers_there_are_no_digests() -> None:
    for address in ("unix:///nowhere/docker.sock", "no address at all", "tcp://127.0.0.1:1"):
        assert local_digests({"DOCKER_HOST": address}) == {}
    gc.collect()  # while the warnings about them are looked away from
