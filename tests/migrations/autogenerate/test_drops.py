"""Drops: what is asked, what is left alone, and what a downgrade can bring back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.reviewing import Reviewed, all_of, column, reviewed, table, tables, words

from sqlalchemy_manage.migrations.actions.unimported_models import UnimportedModel
from sqlalchemy_manage.migrations.autogenerate.context import ComparisonContext
from sqlalchemy_manage.migrations.autogenerate.drops import resolve_drops
from sqlalchemy_manage.migrations.questions import Closed

__all__ = ["reviewed"]

NOTHING = tables()


def settled(
    reviewed: Reviewed, define: Any, answers: Any = (), **kw: Any
) -> tuple[ComparisonContext, Any]:
    review, operations = reviewed.review(define, answers, **kw)
    resolve_drops(review, operations)
    return review, operations


@pytest.mark.parametrize(
    ("count", "says"), [(1, "(1 row)"), (37, "(37 rows)"), (1200, "(1,200 rows)")]
)
def test_a_table_with_rows_is_asked_about(reviewed: Reviewed, count: int, says: str) -> None:
    reviewed.create(table("t", "a"), t=[{"id": i} for i in range(count)])
    review, operations = settled(reviewed, NOTHING, ["no"])
    assert reviewed.asked == [f"No model has the table t any more. Drop it with its data {says}?"]
    assert words(operations) == []
    assert review.notices == ["t is kept in the database; the next makemigrations asks again."]
    _, operations = settled(reviewed, NOTHING, ["yes"])
    assert words(operations) == ["drop table t"]


def test_an_empty_table_goes_without_a_word(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "a"))
    assert words(settled(reviewed, NOTHING)[1]) == ["drop table t"]


def test_rows_that_nobody_can_see_are_asked_about(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "a"), table("u", "a")))
    settled(reviewed, table("u"), ["no", "no"], rows_visible=False)
    assert len(reviewed.asked) == 2
    assert all("(its rows cannot be seen here)" in text for text in reviewed.asked)


def test_a_flag_is_the_answer(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "a"), table("u", "a")), t=[{"a": "x"}], u=[{"a": "x"}])
    review, operations = settled(reviewed, table("u"), allow_drop=["t", "u.a"])
    assert reviewed.asked == []
    assert sorted(words(operations)) == ["drop column u.a", "drop table t"]
    assert review.answers.unused() == []


def test_a_table_that_stays_keeps_its_indexes(reviewed: Reviewed) -> None:
    indexed = table("t", column("a", sa.Integer, index=True), "b")
    reviewed.create(indexed, t=[{"a": 1}])
    _, operations = settled(reviewed, NOTHING, ["no"])
    assert operations.ops == []


def test_a_column_is_asked_about_by_its_values(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "a", "b"), t=[{"a": "x"}, {"a": None}, {"a": "y"}])
    _, operations = settled(reviewed, table("t"), ["no"])
    # Nothing is lost with b, so nothing is asked about it.
    assert reviewed.asked == [
        "No model has the column t.a any more. Drop it with its data (2 values in 3 rows)?"
    ]
    assert words(operations) == ["drop column t.b"]


def test_a_column_not_null_comes_back_nullable(reviewed: Reviewed) -> None:
    needed = column("a", sa.Integer, nullable=False)
    reviewed.create(table("t", needed), t=[{"a": 1}])
    review, operations = settled(reviewed, table("t"), ["yes"])
    (drop,) = all_of(operations)
    assert drop.reverse().column.nullable
    assert review.notices == ["A downgrade adds t.a back empty, and therefore nullable."]


@pytest.mark.parametrize(
    ("options", "warned"),
    [({"nullable": False}, True), ({"nullable": False, "server_default": "1"}, False), ({}, False)],
)
def test_a_column_that_is_kept_may_stop_inserts(
    reviewed: Reviewed, options: dict[str, Any], warned: bool
) -> None:
    reviewed.create(table("t", column("a", sa.Integer, **options)), t=[{"a": 1}])
    review, _ = settled(reviewed, table("t"), ["no"])
    assert any("cannot insert rows" in notice for notice in review.notices) == warned


def test_a_column_not_null_with_a_default_comes_back_as_it_was(reviewed: Reviewed) -> None:
    needed = column("a", sa.Integer, nullable=False, server_default="3")
    reviewed.create(table("t", needed), t=[{"a": 1}])
    _, operations = settled(reviewed, table("t"), ["yes"])
    (drop,) = all_of(operations)
    assert not drop.reverse().column.nullable


def test_what_the_history_did_not_make_is_left_alone(reviewed: Reviewed) -> None:
    reviewed.create(
        tables(
            table("theirs", column("a", sa.Integer, index=True)),
            table("t", "mine", column("their_column"), column("i", sa.Integer, index=True)),
        ),
        theirs=[{"a": 1}],
        t=[{"their_column": 1}],
    )
    review, operations = settled(
        reviewed,
        table("t", "mine", column("i")),
        foreign=["theirs", "t.their_column", "t.ix_t_i"],
    )
    assert reviewed.asked == []
    assert operations.ops == []
    assert len(review.notices) == 3
    assert [notice.partition(":")[0] for notice in sorted(review.notices)] == [
        "column t.their_column",
        "index ix_t_i of t",
        "table theirs",
    ]
    assert all(notice.endswith("it is left alone.") for notice in review.notices)


def test_a_foreign_index_that_is_made_anew_is_the_models_own(reviewed: Reviewed) -> None:
    one = table("t", column("a"), column("b"))

    def indexed(name: str, *columns: str) -> Any:
        def define(metadata: sa.MetaData) -> None:
            one(metadata)
            sa.Index(name, *(metadata.tables["t"].c[c] for c in columns))

        return define

    reviewed.create(indexed("ix", "a"))
    review, operations = settled(reviewed, indexed("ix", "a", "b"), foreign=["t.ix"])
    assert words(operations) == ["drop index ix of t", "create index ix on t (a, b)"]
    assert review.notices == []


def test_a_model_that_nobody_imports_is_pointed_out_even_where_there_is_no_row(
    reviewed: Reviewed,
) -> None:
    reviewed.create(table("t", "a"))
    model = UnimportedModel("t", "Thing", Path("app/more.py"), 7, "app.more")
    settled(reviewed, NOTHING, ["no"], unimported=[model])
    assert "t is Thing in app/more.py, line 7; nothing imports app.more" in reviewed.asked[0]


def test_where_nobody_sits_every_question_is_collected(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "a"), table("u", "a")), t=[{"a": "x"}], u=[{"a": "x"}])
    settled(reviewed, table("u"), Closed())
    flags = [option.flags for q in reviewed.questioner.open for option in q.options]
    assert flags == [("--allow-drop t",), (), ("--allow-drop u.a",), ()]
