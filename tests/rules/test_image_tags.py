"""What a tag promises."""

from __future__ import annotations

import pytest

from reprocheck.rulekit import parse_image_reference
from reprocheck_rules.environment.image_tags import Pinning, pinning


@pytest.mark.parametrize(
    ("tag", "promise"),
    [
        ("paddlex3.1.2-paddlepaddle3.0.0-cpu", Pinning.VERSION),
        ("py3.11-slim", Pinning.VERSION),
        ("nightly-torch2.1", Pinning.FLOATING),
        ("ubuntu22", Pinning.FLOATING),
        ("backend-api", Pinning.FLOATING),
    ],
)
def test_a_version_counts_with_its_product_in_front(tag: str, promise: Pinning) -> None:
    image = parse_image_reference(f"registry.example.org/team/image:{tag}")
    assert image is not None
    assert pinning(image) is promise


@pytest.mark.parametrize(
    ("written", "promise"),
    [
        ("ros:noetic-robot", Pinning.VERSION),
        ("osrf/ros:humble-desktop", Pinning.VERSION),
        ("ros:latest", Pinning.FLOATING),
        ("acme/web:noetic", Pinning.FLOATING),
    ],
)
def test_names_of_releases_count_for_the_system_that_has_them(written: str, promise: Pinning) -> None:
    image = parse_image_reference(written)
    assert image is not None
    assert pinning(image) is promise
