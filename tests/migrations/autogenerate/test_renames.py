"""Renames of tables and columns: which are candidates, who is asked, in what order they run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder
from support.reviewing import Reviewed, column, reviewed, table, tables, words

from sqlalchemy_manage.errors import UsageError
from sqlalchemy_manage.migrations.autogenerate.renames import in_order, name_aside, resolve_renames
from sqlalchemy_manage.migrations.questions import Closed

__all__ = ["reviewed"]


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        ({"a": "b"}, [("a", "b")]),
        ({"a": "b", "b": "c"}, [("b", "c"), ("a", "b")]),
        ({"b": "c", "a": "b", "c": "d"}, [("c", "d"), ("b", "c"), ("a", "b")]),
        ({"a": "b", "b": "a"}, [("a", "_renaming_a"), ("b", "a"), ("_renaming_a", "b")]),
        (
            {"a": "b", "b": "c", "c": "a", "x": "y"},
            [("x", "y"), ("a", "_renaming_a"), ("c", "a"), ("b", "c"), ("_renaming_a", "b")],
        ),
    ],
)
def test_no_step_meets_a_name_that_is_taken(
    names: dict[str, str], steps: list[tuple[str, str]]
) -> None:
    assert in_order(names) == steps
    held = set(names)
    for old, new in steps:
        assert new not in held
        held = held - {old} | {new}
    assert held == set(names.values())


def test_the_third_name_has_no_more_characters_than_fit() -> None:
    assert len(name_aside("n" * 63)) == 63


def settled(reviewed: Reviewed, define: Any, answers: Any = (), **kw: Any) -> list[str]:
    """The renames in words, and after ``|`` what is left."""
    review, operations = reviewed.review(define, answers, **kw)
    renames, left = resolve_renames(review, operations)
    return [*words(renames), "|", *words(left)]


def test_a_no_for_one_never_suppresses_the_next(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "name"), t=[{"name": "Ann"}, {"name": None}])
    found = settled(reviewed, table("t", "names", "other"), ["no", "yes"])
    assert found == ["rename column t.name to other", "|", "add column t.names"]
    for text, new in zip(reviewed.asked, ("names", "other"), strict=True):
        assert text.splitlines()[0] == f"Was t.name renamed to t.{new} (VARCHAR(50))?"


def test_a_yes_takes_both_names_out_of_the_others(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "first", "last"), t=[{"first": "x"}])
    found = settled(reviewed, table("t", "first_name", "last_name"), ["yes", "yes"])
    assert found[:2] == [
        "rename column t.first to first_name",
        "rename column t.last to last_name",
    ]
    assert len(reviewed.asked) == 2


def test_nothing_is_asked_of_types_that_cannot_have_become_each_other(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "name", column("age")), t=[{"name": "x", "age": 1}])
    found = settled(reviewed, table("t", column("born", sa.Date), column("raw", sa.LargeBinary)))
    assert reviewed.asked == []
    assert found[0] == "|"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (sa.String(50), sa.Text),
        (sa.Integer, sa.BigInteger),
        (sa.Integer, sa.Boolean),
        (sa.Integer, sa.Numeric(9, 2)),
        (sa.Date, sa.DateTime),
        (sa.String(50), sa.Enum("a", "b")),
    ],
)
def test_a_rename_may_come_with_another_type(reviewed: Reviewed, old: Any, new: Any) -> None:
    reviewed.create(table("t", column("a", old)))
    assert settled(reviewed, table("t", column("b", new)), ["yes"])[0] == "rename column t.a to b"
    assert " to " in reviewed.asked[0].splitlines()[0].partition("renamed to")[2]


def test_what_is_alike_is_asked_first(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "alpha", "full_name"), t=[{"alpha": "x"}])
    settled(reviewed, table("t", "zeta", "full_names"), ["yes", "yes"])
    assert "t.full_name renamed to t.full_names" in reviewed.asked[0]


def test_where_nobody_sits_one_question_names_all_candidates(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "name"), t=[{"name": "Ann"}])
    settled(reviewed, table("t", "names", "other"), Closed())
    (question,) = reviewed.questioner.open
    assert [option.flags for option in question.options] == [
        ("--rename t.name=names",),
        ("--rename t.name=other",),
        ("--allow-drop t.name",),
    ]
    assert question.default == "no"


def test_the_candidate_of_the_same_type_comes_first(reviewed: Reviewed) -> None:
    reviewed.create(table("t", column("owner_id", sa.Uuid)))
    new = table("t", "owner_ids", column("made_by", sa.Uuid))
    settled(reviewed, new, Closed())
    (question,) = reviewed.questioner.open
    assert question.options[0].flags == ("--rename t.owner_id=made_by",)


def test_the_flags_of_no_answer_what_no_would_raise(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "name"), t=[{"name": "Ann"}, {"name": "Bo"}])
    settled(reviewed, table("t", column("label", sa.String(50), nullable=False)), Closed())
    (question,) = reviewed.questioner.open
    assert question.options[-1].flags == ("--allow-drop t.name", "--default t.label=VALUE")
    unique = column("label", sa.String(50), nullable=False, unique=True)
    settled(reviewed, table("t", unique), Closed())
    (question,) = reviewed.questioner.open
    assert question.options[-1].flags == ("--allow-drop t.name", "--nullable t.label")


def test_a_column_or_a_table_of_somebody_else_was_not_renamed(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "theirs"), table("other", "a", "b")))
    new = tables(table("t", "mine"), table("another", "a", "b"))
    settled(reviewed, new, foreign=["t.theirs", "other"])
    assert reviewed.asked == []


def test_allow_drop_is_an_answer_to_the_question_of_a_rename(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "name"), table("u", "x")))
    new = tables(table("t", "label"), table("v", "x"))
    found = settled(reviewed, new, allow_drop=["t.name", "u"])
    assert reviewed.asked == []
    assert found[0] == "|"


def test_tables_are_asked_about_by_their_columns(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("a", "x", "y"), table("b", "p", "q", "r")), a=[{"x": "1"}])
    new = tables(table("c", "x", "y"), table("d", "p", "q"), table("e", column("n")))
    found = settled(reviewed, new, ["yes", "yes", "no"])
    assert found[:2] == ["rename table a to c", "rename table b to d"]
    assert [text.splitlines()[0] for text in reviewed.asked[:2]] == [
        "Was the table a (1 row) renamed to c?",
        "Was the table b (0 rows) renamed to d?",
    ]


def test_a_table_with_its_columns_renamed_is_asked_about_by_types(reviewed: Reviewed) -> None:
    reviewed.create(table("a", "x", column("n")))
    found = settled(reviewed, table("b", "title", column("size")), ["yes", "yes", "yes"])
    assert found[0] == "rename table a to b"
    assert sorted(found[1:3]) == ["rename column b.n to size", "rename column b.x to title"]


def test_rows_are_counted_under_the_names_of_the_database(reviewed: Reviewed) -> None:
    reviewed.create(table("a", "x"), a=[{"x": "1"}, {"x": None}])
    review, operations = reviewed.review(table("b", "y"), rename_table=["a=b"], rename=["b.x=y"])
    resolve_renames(review, operations)
    assert review.rows(None, "b") == 2
    assert review.values(None, "b", "y") == 1
    assert review.stored(None, "b", "y") == ((None, "a"), "x")


def test_tables_that_swap_their_names_are_counted_where_they_are(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("a", "x"), table("b", "y")), a=[{"x": "1"}, {"x": "2"}])
    new = tables(table("b", "x"), table("a", "y"))
    review, operations = reviewed.review(new, rename_table=["a=b", "b=a"])
    resolve_renames(review, operations)
    assert (review.rows(None, "a"), review.rows(None, "b")) == (0, 2)


def test_a_hint_of_the_models_is_followed_once(reviewed: Reviewed) -> None:
    hinted = table("t", column("b", sa.String(50), info={"renamed_from": "a"}))
    reviewed.create(table("t", "a"))
    assert settled(reviewed, hinted) == ["rename column t.a to b", "|"]
    reviewed.connection.exec_driver_sql("ALTER TABLE t RENAME COLUMN a TO b")
    assert settled(reviewed, hinted) == ["|"]


def test_a_hint_that_has_become_old_does_nothing(reviewed: Reviewed) -> None:
    """The column was renamed long ago, and another one has its name by now."""
    hinted = table("t", "a", column("b", sa.String(50), info={"renamed_from": "a"}))
    reviewed.create(table("t", "a", "b"))
    assert settled(reviewed, hinted) == ["|"]


def test_a_name_that_is_free_again_may_be_given_to_a_new_one(reviewed: Reviewed) -> None:
    reviewed.create(tables(table("t", "a"), table("u", "x")))
    new = tables(table("t", "a", "b"), table("u", "x", "y"), table("v", "x"))
    found = settled(reviewed, new, rename=["t.a=b"], rename_table=["u=v"])
    assert found[:2] == ["rename table u to v", "rename column t.a to b"]
    assert "add column t.a" in found
    assert "create table u" in found


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"rename": ["t.nam=label"]}, "t has no column 'nam'. Did you mean 'name'?"),
        ({"rename": ["t.name=lable"]}, "the models have no 'lable'. Did you mean 'label'?"),
        ({"rename": ["tt.name=label"]}, "no table 'tt'. Did you mean 't'?"),
        ({"rename": ["t.name=size"]}, "'size' already exists in the database"),
        ({"rename_table": ["x=t"]}, "the database has no table 'x'"),
        ({"rename_table": ["u=w"]}, "the models have no 'w'"),
        ({"rename_table": ["u=t"]}, "'t' already exists in the database"),
        ({"rename": ["u.x=y"]}, "no table 'u'"),
    ],
)
def test_a_flag_that_fits_nothing(
    reviewed: Reviewed, flags: dict[str, list[str]], says: str
) -> None:
    reviewed.create(tables(table("t", "name", column("size")), table("u", "x")))
    with pytest.raises(UsageError) as caught:
        settled(reviewed, table("t", "label", column("size")), **flags)
    assert says in caught.value.message


def test_a_rename_that_was_made_already_is_said_to_be(reviewed: Reviewed) -> None:
    reviewed.create(table("t", "label"))
    for flags in ({"rename": ["t.name=label"]}, {"rename_table": ["u=t"]}):
        with pytest.raises(UsageError, match="is already renamed"):
            settled(reviewed, table("t", "label"), **flags)


TYPES = (
    *("Integer", "BigInteger", "Boolean", "Float", "Double", "Numeric(6, 2)", "String(9)", "Text"),
    *("Unicode(9)", "Date", "DateTime", "Time", "Interval", "Uuid", "JSON", "LargeBinary"),
    *("Enum('x', 'y', name='e')", "PickleType", "Enum('x', native_enum=False, name='f')"),
)
"""Types that every database has."""


@pytest.mark.server
def test_a_column_of_any_type_may_have_been_renamed_and_gets_a_value_as_printed(
    tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database(backend))

    def models(columns: str) -> str:
        made = (columns.replace("TYPE", type_) for type_ in TYPES)
        return "".join(f"table('t{n}', key(), {text})\n" for n, text in enumerate(made))

    project.begin(models("Column('a', TYPE)"))
    project.execute(*(f"INSERT INTO t{n} (id) VALUES (1)" for n in range(len(TYPES))))
    project.models(models("Column('b', TYPE)"))
    asked = project.manage("makemigrations", "--no-input")
    flags = re.findall(r"--rename t\d+\.a=b", asked.stderr)
    assert len(flags) == len(TYPES), asked
    project.done("makemigrations", *shlex.split(" ".join(flags)))
    assert "drop_column" not in project.newest()
    project.done("migrate")
    # And what is printed for a new column of the type is taken.
    project.models(models("Column('b', TYPE), Column('c', TYPE, nullable=False)"))
    asked = project.manage("makemigrations", "--no-input")
    flags = re.findall(r"--default \S.*", asked.stderr)
    assert len(flags) == len(TYPES), asked
    project.done("makemigrations", *shlex.split(" ".join(flags)))
    for command in ("migrate", "rollback", "migrate"):
        project.done(command)
    assert project.manage("makemigrations", "--check").code == 0
    assert len(project.data()) == len(TYPES)  # every value can be read


@pytest.mark.server
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_table_moves_to_another_schema_and_back_with_its_rows(
    tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database(backend))
    # On MariaDB a schema is a database, which a DBA makes.
    shop = "shop"
    if backend == "mariadb":
        shop = str(sa.make_url(new_database(backend)).database)
    models = (
        "table('a', key(), Column('v', String(9), index=True){0})\n"
        "table('b', key(), Column('a_id', ForeignKey('{1}a.id')))\n"
    )
    project.begin(models.format("", ""))
    project.execute("INSERT INTO a (id, v) VALUES (1, 'x')", "INSERT INTO b VALUES (1, 1)")

    def made(text: str, flag: str, place: str) -> None:
        project.models(text)
        asked = project.manage("makemigrations", "--no-input")
        assert asked.code == 3 and f"--rename-table {flag}" in asked.stderr
        project.done("makemigrations", "--rename-table", flag)
        assert "create_table" not in project.newest()
        for command in ("migrate", "rollback", "migrate"):
            project.done(command)
            there = place if command == "migrate" else {"a": f"{shop}.a"}.get(place, "a")
            assert project.query(f"SELECT id, v FROM {there}") == [(1, "x")]
        assert project.manage("makemigrations", "--check").code == 0

    made(models.format(f", schema='{shop}'", f"{shop}."), f"a={shop}.a", f"{shop}.a")
    made(models.format("", ""), f"{shop}.a=a", "a")
    assert project.query("SELECT a_id FROM b") == [(1,)]
