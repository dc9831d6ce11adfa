"""Artifacts are aligned by path, then by logical name, and what is ambiguous is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.compare.alignment import Alignment, Artifact, align
from reprocheck.compare.logical_names import logical


def side(*paths: str, role: str = "output") -> list[Artifact]:
    return [Artifact(path=path, file=Path(path), role=role) for path in paths]


def pairs(alignment: Alignment) -> list[tuple[str, str, str]]:
    return [(p.name, p.left.path if p.left else "", p.right.path if p.right else "") for p in alignment.pairs]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("events.out.tfevents.1795217345.vm.13490.0", "events.out.tfevents.1795217351.host-2.13624.0"),
        ("offline-run-20260102_030405-ab12cd34", "offline-run-20270102_030405-zz12cd34"),
        ("run-ab12cd34.wandb", "run-zz12cd34.wandb"),
        ("2026-01-02", "2026-11-12"),
        ("03-04-05", "13-14-15"),
        ("CartPole-v1__dqn__1__1795217345", "CartPole-v1__dqn__1__1795217351"),
        ("Nov21_10-11-12_vm", "Nov22_00-11-12_another"),
        ("0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdee"),
        ("01KAKXG4R8W8TQ2J5N3V9Y7Z1M", "01KAKXG4R8W8TQ2J5N3V9Y7Z1N"),
        ("log_20260102T030405.txt", "log_20260102T030406.txt"),
        ("model.pid1234.bin", "model.pid77.bin"),
    ],
)
def test_names_that_say_when_and_who_have_one_logical_name(left: str, right: str) -> None:
    assert logical(left) == logical(right)
    assert "{" in logical(left)


@pytest.mark.parametrize(
    "name", ["checkpoint-1000", "epoch_10.pt", "model_v2.bin", "train2024.csv", "a1b2c3", "data_12345678.npy"]
)
def test_names_that_say_what_keep_it(name: str) -> None:
    assert logical(name) == name


def test_the_same_path_comes_first() -> None:
    found = align(side("runs/2026-01-01/a", "runs/2026-01-02/a"), side("runs/2026-01-02/a", "runs/2026-01-03/a"))
    assert pairs(found) == [
        ("runs/2026-01-02/a", "runs/2026-01-02/a", "runs/2026-01-02/a"),
        ("runs/{time}/a", "runs/2026-01-01/a", "runs/2026-01-03/a"),
    ]
    assert found.notes == ()


def test_checkpoints_of_other_steps_are_not_aligned() -> None:
    found = align(side("checkpoint-100/w"), side("checkpoint-200/w"))
    assert pairs(found) == [("checkpoint-100/w", "checkpoint-100/w", ""), ("checkpoint-200/w", "", "checkpoint-200/w")]


def test_folders_that_are_counted_run_by_run_are_aligned() -> None:
    found = align(side("logs/version_0/m.csv"), side("logs/version_7/m.csv"))
    assert pairs(found) == [("logs/version_{number}/m.csv", "logs/version_0/m.csv", "logs/version_7/m.csv")]


def test_several_candidates_are_aligned_in_order_and_said() -> None:
    found = align(side("2026-01-01/a", "2026-01-02/a"), side("2026-02-01/a", "2026-02-02/a", "2026-02-03/a"))
    assert pairs(found) == [
        ("2026-02-03/a", "", "2026-02-03/a"),
        ("{time}#1/a", "2026-01-01/a", "2026-02-01/a"),
        ("{time}#2/a", "2026-01-02/a", "2026-02-02/a"),
    ]
    assert found.notes == ("{time}: 2 on the left and 3 on the right have this name; aligned in order",)


def test_other_roles_are_not_aligned() -> None:
    found = align(side("a", role="log"), side("a", role="output"))
    assert pairs(found) == [("a", "a", ""), ("a", "", "a")]
