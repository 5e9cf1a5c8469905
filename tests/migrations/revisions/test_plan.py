"""Where a target lies from where the database stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.errors import HistoryError, UsageError
from sqlalchemy_manage.migrations.revisions.history import History, Revision
from sqlalchemy_manage.migrations.revisions.plan import make_plan

A, B, C = "0001_a", "0002_b", "0003_c"
LINE = History(
    [
        Revision(A, (), Path(f"{A}.py")),
        Revision(B, (A,), Path(f"{B}.py")),
        Revision(C, (B,), Path(f"{C}.py")),
    ]
)


@pytest.mark.parametrize(
    ("current", "target", "backwards", "ids"),
    [
        ((), None, False, [A, B, C]),
        ((A,), None, False, [B, C]),
        ((C,), None, False, []),
        ((), "0002", False, [A, B]),
        ((C,), "0001", True, [C, B]),
        ((C,), "0003", True, []),
        ((C,), "zero", True, [C, B, A]),
        ((), "zero", True, []),
        ((C,), "-1", True, [C]),
        ((C,), "-3", True, [C, B, A]),
        ((), "+1", False, [A]),
        ((A,), "+2", False, [B, C]),
        ((A,), "heads", False, [B, C]),
    ],
)
def test_steps(current: tuple[str, ...], target: str | None, backwards: bool, ids: list) -> None:
    plan = make_plan(LINE, current, target)
    assert [step.id for step in plan.steps] == ids
    assert plan.backwards is backwards or not ids


@pytest.mark.parametrize(("current", "target"), [((A,), "-2"), ((), "-1"), ((B,), "+2")])
def test_a_relative_target_outside_the_history_is_wrong_usage(
    current: tuple[str, ...], target: str
) -> None:
    with pytest.raises(UsageError, match="Cannot go"):
        make_plan(LINE, current, target)


def test_a_database_at_a_revision_without_a_file_is_named() -> None:
    with pytest.raises(HistoryError, match="is at 0009_gone"):
        make_plan(LINE, ("0009_gone",), None)


def test_one_branch_is_undone_and_the_other_kept() -> None:
    fork = History([*LINE.revisions, Revision("0003_d", (B,), Path("0003_d.py"))])
    plan = make_plan(fork, (C, "0003_d"), B)
    assert {step.id for step in plan.steps} == {C, "0003_d"}
    with pytest.raises(UsageError, match="unclear"):
        make_plan(fork, (C, "0003_d"), "-1")
    with pytest.raises(HistoryError, match="2 heads"):
        make_plan(fork, (), None)
