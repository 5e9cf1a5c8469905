"""Indexes and constraints of another name: renamed, and one after the other."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.reviewing import Reviewed, reviewed, words

from sqlalchemy_manage.migrations.autogenerate.renamed_constraints import resolve_constraint_names

__all__ = ["reviewed"]


def t(*items: Any) -> Any:
    """Defines ``t`` with integers ``a`` and ``b``; of ``items`` each makes one."""

    def define(metadata: sa.MetaData) -> None:
        columns = [sa.Column(name, sa.Integer) for name in ("a", "b")]
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("t", metadata, key, *columns, *(item() for item in items))

    return define


def index(name: str, *keys: Any, **kw: Any) -> Any:
    return lambda: sa.Index(name, *keys, **kw)


def unique(name: str, *columns: str) -> Any:
    return lambda: sa.UniqueConstraint(*columns, name=name)


def check(name: str, text: str) -> Any:
    return lambda: sa.CheckConstraint(text, name=name)


def refers(name: str, column: str = "a", **kw: Any) -> Any:
    return lambda: sa.ForeignKeyConstraint([column], ["t.id"], name=name, **kw)


def settled(reviewed: Reviewed, old: Any, new: Any) -> list[str]:
    reviewed.create(old)
    review, operations = reviewed.review(new)
    names = resolve_constraint_names(review, operations)
    return [*words(names), *words(operations)]


@pytest.mark.parametrize(
    ("old", "new", "does"),
    [
        (index("x", "a"), index("y", "a"), "rename index x of t to y"),
        (index("x", "a", unique=True), index("y", "a", unique=True), "rename index x of t to y"),
        (unique("x", "a", "b"), unique("y", "a", "b"), "rename constraint x of t to y"),
        (check("x", "a > 0"), check("y", "(a>0)"), "rename constraint x of t to y"),
        (refers("x"), refers("y"), "rename constraint x of t to y"),
    ],
)
def test_the_name_alone(reviewed: Reviewed, old: Any, new: Any, does: str) -> None:
    assert settled(reviewed, t(old), t(new)) == [does]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (index("x", "a"), index("y", "b")),
        (index("x", "a"), index("y", "a", unique=True)),
        (index("x", "a", "b"), index("y", "b", "a")),
        (index("x", "a"), index("y", "a", sqlite_where=sa.text("a > 0"))),
        (unique("x", "a"), unique("y", "a", "b")),
        (check("x", "a > 0"), check("y", "a > 1")),
        (unique("x", "a"), check("y", "a > 1")),
        (refers("x"), refers("y", ondelete="CASCADE")),
        (refers("x"), index("y", "a")),
        (unique("x", "a"), index("y", "a", unique=True)),
    ],
)
def test_what_is_another_one_is_made_anew(reviewed: Reviewed, old: Any, new: Any) -> None:
    found = settled(reviewed, t(old), t(new))
    assert not [word for word in found if word.startswith("rename")]
    assert len(found) == 2


def test_names_that_two_swap_go_by_way_of_a_third(reviewed: Reviewed) -> None:
    old = t(index("one", "a"), index("two", "b"))
    new = t(index("one", "b"), index("two", "a"))
    found = settled(reviewed, old, new)
    assert len(found) == 3
    held = {"one", "two"}
    for step in found:
        _, _, before, _, _, _, after = step.split()
        assert after not in held
        held = held - {before} | {after}
    assert held == {"one", "two"}


def test_of_a_chain_the_last_goes_first(reviewed: Reviewed) -> None:
    old = t(index("one", "a"), index("two", "b"))
    new = t(index("two", "a"), index("three", "b"))
    assert settled(reviewed, old, new) == [
        "rename index two of t to three",
        "rename index one of t to two",
    ]


def test_foreign_keys_that_swap_their_names(reviewed: Reviewed) -> None:
    old = t(refers("one", "a"), refers("two", "b"))
    new = t(refers("one", "b"), refers("two", "a"))
    assert len(settled(reviewed, old, new)) == 3


def test_an_index_and_a_constraint_are_not_each_other(reviewed: Reviewed) -> None:
    found = settled(reviewed, t(index("x", "a")), t(unique("y", "a")))
    assert not [word for word in found if word.startswith("rename")]
