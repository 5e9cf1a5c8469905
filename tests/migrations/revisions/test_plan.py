"""Where a target lies from where the database stands."""

from __future__ import annotations

import re
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


BRANCHES = History(
    [
        Revision("0001_shop", (), Path("1"), labels=("shop",)),
        Revision("0002_shop", ("0001_shop",), Path("2")),
        Revision("0001_users", (), Path("3"), labels=("users",)),
        Revision("0002_users", ("0001_users",), Path("4"), depends_on=("0001_shop",)),
        Revision("0003_users", ("0002_users",), Path("5")),
    ]
)


@pytest.mark.parametrize(
    ("current", "target", "ids"),
    [
        ((), "shop@head", "0001_shop 0002_shop"),
        ((), "0001_s@heads", "0001_shop 0002_shop"),
        ((), "users@head", "0001_shop 0001_users 0002_users 0003_users"),
        ((), "users", "0001_users"),
        ((), "users@+1", "0001_users"),
        (("0001_users",), "users@+1", "0001_shop 0002_users"),
        (("0002_shop", "0003_users"), "users@-1", "0003_users"),
        (("0002_shop", "0003_users"), "shop@-1", "0002_shop"),
        (("0002_shop", "0003_users"), "shop@-2", "0003_users 0002_users 0002_shop 0001_shop"),
        (("0002_shop", "0003_users"), "users@base", "0003_users 0002_users 0001_users"),
        (("0002_shop", "0003_users"), "users", "0003_users 0002_users"),
        ((), "shop@base", ""),
        ((), "heads", "0001_shop 0001_users 0002_shop 0002_users 0003_users"),
    ],
)
def test_a_branch_by_its_label(current: tuple[str, ...], target: str, ids: str) -> None:
    plan = make_plan(BRANCHES, current, target)
    assert [step.id for step in plan.steps] == ids.split()


@pytest.mark.parametrize(
    ("current", "target", "says"),
    [
        ((), "shop@+3", "Cannot go forward 3 revisions on 'shop': 2 are left to apply"),
        (("0001_shop",), "shop@-2", "Cannot go back 2 revisions on 'shop': 1 is applied"),
        ((), "shop@top", "'top' is no place on a branch"),
        ((), "shopp@head", "No revision 'shopp'. Did you mean 'shop'?"),
    ],
)
def test_a_place_on_a_branch_that_is_not_there(
    current: tuple[str, ...], target: str, says: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        make_plan(BRANCHES, current, target)


@pytest.mark.parametrize(("current", "target"), [((A,), "-2"), ((), "-1"), ((B,), "+2")])
def test_a_relative_target_outside_the_history_is_wrong_usage(
    current: tuple[str, ...], target: str
) -> None:
    with pytest.raises(UsageError, match=r"Cannot go|nothing to undo"):
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
