"""Working copies that can't be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from records import record
from reprocheck.model.plan import Executor, Need, Origin, Plan, Purpose, Sourced
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.workspace import lay_out


def test_an_input_that_vanishes_while_it_is_copied_has_a_remedy_of_its_own(tmp_path: Path) -> None:
    need = Need(path="in.txt", digest="0" * 64, size=1, purpose=Purpose.INPUT)
    lost = Sourced(need=need, origin=Origin.DISK, place=str(tmp_path / "in.txt"))
    plan = Plan(
        run="r", executor=Executor.SAME, command=("true",), root=str(tmp_path), cwd=".", variables={}, files=(lost,)
    )
    (tmp_path / "copy").mkdir()
    with pytest.raises(ReplayError) as error:
        lay_out(plan, tmp_path / "copy", record(), lend=True, progress=lambda _: None)
    assert "No such file" in error.value.reason
    assert "nothing moves or removes files" in error.value.remedy
