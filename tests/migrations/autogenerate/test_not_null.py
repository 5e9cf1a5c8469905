"""NOT NULL columns on filled tables: what is asked, and the steps that come out."""

from __future__ import annotations

import enum
from typing import Any

import pytest
import sqlalchemy as sa
from support.reviewing import Reviewed, all_of, column, reviewed, table, words

from sqlalchemy_manage.errors import UsageError
from sqlalchemy_manage.migrations.autogenerate.context import ComparisonContext
from sqlalchemy_manage.migrations.autogenerate.not_null import resolve_not_null
from sqlalchemy_manage.migrations.operations.filling import FillNullsOp
from sqlalchemy_manage.migrations.questions import Answer, Closed

__all__ = ["reviewed"]

TWO = [{"id": 1}, {"id": 2}]


class Grade(enum.Enum):
    junior = "j"
    senior = "s"


def settled(
    reviewed: Reviewed, define: Any, answers: Any = (), **kw: Any
) -> tuple[ComparisonContext, Any]:
    review, operations = reviewed.review(define, answers, **kw)
    resolve_not_null(review, operations)
    return review, operations


def needed(type_: Any = sa.Integer, **kw: Any) -> Any:
    return table("t", column("c", type_, nullable=False, **kw))


FILLED = ["add column t.c", "fill t.c with 0 where it is NULL", "alter column t.c: NOT NULL"]


def test_a_value_is_asked_for_and_given_in_three_steps(reviewed: Reviewed) -> None:
    reviewed.create(table("t"), t=TWO)
    _, operations = settled(reviewed, needed(), [Answer("value", "0")])
    assert reviewed.asked == ["The new column t.c is NOT NULL (INTEGER). What do 2 rows of t get?"]
    assert words(operations) == FILLED
    add, _, alter = all_of(operations)
    assert add.column.nullable
    assert alter.modify_nullable is False
    # On SQLite an addition outside of the batch copies nothing.
    assert operations.ops[0] is add


@pytest.mark.parametrize(
    ("answer", "flags", "says"),
    [
        (Answer("sql", "id * 10"), {"server_default": ["t.c=id * 10"]}, "fill t.c with id * 10 *"),
        (Answer("value", "7"), {"default": ["t.c=7"]}, "fill t.c with 7 where it is NULL"),
    ],
)
def test_each_answer_has_a_flag(
    reviewed: Reviewed, answer: Answer, flags: dict[str, list[str]], says: str
) -> None:
    reviewed.create(table("t"), t=TWO)
    asked = words(settled(reviewed, needed(), [answer])[1])
    review, operations = settled(reviewed, needed(), **flags)
    assert words(operations) == asked
    assert says.removesuffix(" *") in asked[1]
    assert reviewed.asked == []
    assert review.answers.unused() == []


def test_nullable_first(reviewed: Reviewed) -> None:
    reviewed.create(table("t"), t=TWO)
    for answers, flags in ((["nullable"], {}), ((), {"nullable": ["t.c"]})):
        _, operations = settled(reviewed, needed(), answers, **flags)
        (add,) = all_of(operations)
        assert add.column.nullable


def test_an_empty_table_takes_the_column_as_it_is(reviewed: Reviewed) -> None:
    reviewed.create(table("t"))
    review, operations = settled(reviewed, needed())
    (add,) = all_of(operations)
    assert not add.column.nullable
    assert review.notices == [
        "t is empty here, so c NOT NULL can be added. Where it has rows the revision stops; "
        "--default t.c=VALUE would fill them."
    ]
    # Said beforehand, it is done: another database may have rows.
    assert words(settled(reviewed, needed(), default=["t.c=0"])[1]) == FILLED


def test_rows_that_nobody_can_see_are_asked_about(reviewed: Reviewed) -> None:
    reviewed.create(table("t"))
    settled(reviewed, needed(), ["nullable"], rows_visible=False)
    assert "the rows of t (they cannot be seen here) get" in reviewed.asked[0]


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({"default": 5}, 5),
        ({"type_": sa.Enum(Grade), "default": Grade.senior}, "senior"),
        ({"type_": sa.Boolean, "default": False}, False),
    ],
)
def test_the_constant_default_of_the_model_is_taken(
    reviewed: Reviewed, more: dict[str, Any], value: Any
) -> None:
    reviewed.create(table("t"), t=TWO)
    review, operations = settled(reviewed, needed(**more))
    (fill,) = [op for op in all_of(operations) if isinstance(op, FillNullsOp)]
    assert fill.value == value
    assert review.notices == [f"2 rows of t get {value!r} in c, the model's default."]


def test_a_default_that_is_called_for_each_row_is_no_value_for_all(reviewed: Reviewed) -> None:
    reviewed.create(table("t"), t=TWO)
    settled(reviewed, needed(default=lambda: 1), ["nullable"])
    assert len(reviewed.asked) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"server_default": "0"},
        {"server_default": sa.text("CURRENT_TIMESTAMP"), "type_": sa.DateTime},
    ],
)
def test_nothing_is_asked_where_the_database_has_a_value(
    reviewed: Reviewed, more: dict[str, Any]
) -> None:
    reviewed.create(table("t"), t=TWO)
    _, operations = settled(reviewed, needed(**more))
    assert reviewed.asked == []
    assert words(operations) == ["add column t.c"]


def test_one_value_does_not_fill_a_unique_column(reviewed: Reviewed) -> None:
    reviewed.create(table("t"), t=TWO)
    unique = needed(unique=True, default=3)
    settled(reviewed, unique, Closed())
    (question,) = reviewed.questioner.open
    assert [option.answer for option in question.options] == ["sql", "nullable"]
    with pytest.raises(UsageError, match="unique, so one value cannot fill 2 rows of t"):
        settled(reviewed, unique, default=["t.c=3"])
    # To a single row it can be given.
    reviewed.connection.exec_driver_sql("DELETE FROM t WHERE id = 2")
    assert "fill t.c with 3 where it is NULL" in words(
        settled(reviewed, unique, default=["t.c=3"])[1]
    )


def test_a_value_that_does_not_fit_is_refused_at_the_question_too(reviewed: Reviewed) -> None:
    reviewed.create(table("t"), t=TWO)
    settled(reviewed, needed(), Closed())
    (question,) = reviewed.questioner.open
    check = question.options[0].check
    assert check is not None
    assert check("5") == 5
    with pytest.raises(UsageError, match="a whole number"):
        check("five")


def test_not_null_on_a_column_with_rows_without_a_value(reviewed: Reviewed) -> None:
    reviewed.create(table("t", column("c")), t=[{"c": 1}, {"c": None}, {"c": None}])
    _, operations = settled(reviewed, needed(), [Answer("value", "0")])
    assert reviewed.asked == [
        "t.c becomes NOT NULL (INTEGER). What do 2 rows without a value of t get?"
    ]
    assert words(operations) == FILLED[1:]


def test_not_null_left_for_later_changes_nothing(reviewed: Reviewed) -> None:
    reviewed.create(table("t", column("c")), t=[{"c": None}])
    assert words(settled(reviewed, needed(), ["nullable"])[1]) == []


def test_not_null_where_every_row_has_a_value(reviewed: Reviewed) -> None:
    reviewed.create(table("t", column("c")), t=[{"c": 1}])
    _, operations = settled(reviewed, needed())
    assert words(operations) == ["alter column t.c: NOT NULL"]


def test_nothing_is_asked_of_a_new_table(reviewed: Reviewed) -> None:
    _, operations = settled(reviewed, needed())
    assert words(operations) == ["create table t"]


@pytest.mark.parametrize(
    ("type_", "example"),
    [
        (sa.Integer, "0"),
        (sa.Boolean, "False"),
        (sa.Numeric(5, 2), "0"),
        (sa.Date, "'\"2026-01-31\"'"),
        (sa.DateTime, "'\"2026-01-31T09:00:00\"'"),
        (sa.Enum("a", "b"), "'\"a\"'"),
        (sa.JSON, "'{}'"),
        (sa.String(9), "'\"\"'"),
    ],
)
def test_the_example_in_the_flag_fits_the_type(
    reviewed: Reviewed, type_: Any, example: str
) -> None:
    reviewed.create(table("t"), t=TWO)
    settled(reviewed, needed(type_), Closed())
    (question,) = reviewed.questioner.open
    (flag,) = question.options[0].flags
    assert flag.replace("'t.c=", "t.c='", 1) == f"--default t.c={example}"
    import shlex

    typed = shlex.split(flag)[1].partition("=")[2]
    check = question.options[0].check
    assert check is not None
    check(typed)
