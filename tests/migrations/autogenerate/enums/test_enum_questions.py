"""What becomes of a value that is gone: asked, answered by a flag, or kept."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support.enum_revisions import Tool

from sqlalchemy_manage.errors import OpenQuestion, UsageError
from sqlalchemy_manage.migrations.autogenerate.enums.questions import (
    resolve_enum_values,
    value_rename_candidates,
)
from sqlalchemy_manage.migrations.questions import Answer, Answers, Closed, parse_answers


@pytest.fixture
def tool(database_url: str) -> Iterator[Tool]:
    tool = Tool(database_url)
    yield tool
    tool.engine.dispose()


def models(*values: str, tables: tuple[str, ...] = ("t",), **kw: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    kind = sa.Enum(*values, name="kind", create_constraint=True, **kw)
    for name in tables:
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", kind),
        )
    return metadata


def kinds(tool: Tool) -> list[str]:
    return tool.column("SELECT kind FROM t ORDER BY id")


def start(tool: Tool, *values: str, rows: str = "('a'), ('b'), ('b')", **kw: Any) -> sa.MetaData:
    old = models(*values, **kw)
    tool.create(old)
    if rows:
        tool.execute(f"INSERT INTO t (kind) VALUES {rows}")
    return old


def test_candidates_are_the_values_that_came_the_likeliest_first() -> None:
    assert value_rename_candidates(["a", "b"], ["a", "b", "c"]) == {}
    assert value_rename_candidates(["a", "b"], ["b"]) == {"a": []}
    assert value_rename_candidates(["a", "old", "c"], ["a", "new", "c", "end"]) == {
        "old": ["new", "end"]
    }
    # The place counts first, then how alike they are.
    assert value_rename_candidates(["junior"], ["x", "junior_dev"]) == {
        "junior": ["junior_dev", "x"]
    }
    assert value_rename_candidates(["a", "junior"], ["x", "y", "juniors"])["junior"] == [
        "juniors",
        "x",
        "y",
    ]


def test_a_rename_is_asked_about(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    new = models("a", "z", "c")
    revision = tool.compare(new, ["rename to z"])
    (question,) = revision.asked
    assert question.text == (
        "t.kind: the models have no value 'b' any more, and 2 rows hold it. "
        "What should happen to it?"
    )
    assert [(o.answer, o.flags) for o in question.options] == [
        ("rename to z", ("--rename-value t.kind:b=z",)),
        ("replace", ("--rename-value t.kind:b=VALUE",)),
        ("keep", ()),
    ]
    assert question.default == "keep"
    tool.run(revision.upgrade)
    assert tool.same(new)
    assert kinds(tool) == ["a", "z", "z"]


def test_rows_get_an_existing_value(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    new = models("a", "c")
    revision = tool.compare(new, [Answer("replace", "c")])
    check = next(o.check for o in revision.asked[0].options if o.answer == "replace")
    with pytest.raises(UsageError, match=r"the models have no value 'x' \(they have a, c\)"):
        check("x")
    assert check("a")
    tool.run(revision.upgrade)
    assert tool.same(new)
    assert kinds(tool) == ["a", "c", "c"]


def test_a_value_is_kept_by_default(tool: Tool) -> None:
    old = start(tool, "a", "b", "c")
    assert tool.compare(models("a", "c"), ["keep"]).operations == []
    revision = tool.compare(models("x", "a", "c", "z"), ["keep"])
    tool.run(revision.upgrade)
    assert kinds(tool) == ["a", "b", "b"]
    assert tool.same(models("x", "a", "b", "c", "z"))
    tool.run(revision.downgrade)
    assert tool.same(old)


def test_a_value_that_no_row_holds_and_nothing_took_the_place_of_goes(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    assert tool.compare(models("a", "b")).asked == []


def test_no_rows_but_a_candidate(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    revision = tool.compare(models("a", "b", "z"), ["drop"])
    (question,) = revision.asked
    assert "and no row holds it" in question.text
    assert [o.answer for o in question.options] == ["rename to z", "replace", "drop", "keep"]
    assert question.options[2].flags == ("--allow-drop t.kind:c",)
    tool.run(revision.upgrade)
    assert tool.same(models("a", "b", "z"))


def test_rows_that_cannot_be_seen_are_asked_about(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    revision = tool.compare(models("a", "b"), ["drop"], rows=False)
    assert "rows that cannot be seen here may hold it" in revision.asked[0].text
    assert tool.compare(models("a", "b"), rows=False, allow_drop={"t.kind:c"}).asked == []


def test_one_no_does_not_suppress_the_next(tool: Tool) -> None:
    start(tool, "a", "b", "c")
    revision = tool.compare(models("y", "z", "c"), ["keep", "rename to y"])
    assert [q.subject for q in revision.asked] == ["t.kind:a", "t.kind:b"]
    # What one took is no candidate of the other.
    revision = tool.compare(models("y", "z", "c"), ["rename to y", "rename to z"])
    assert [o.answer for o in revision.asked[1].options] == ["rename to z", "replace", "keep"]
    tool.run(revision.upgrade)
    assert kinds(tool) == ["y", "z", "z"]


def test_a_type_of_two_tables_is_asked_about_once(tool: Tool) -> None:
    start(tool, "a", "b", tables=("t", "u"))
    tool.execute("INSERT INTO u (kind) VALUES ('b')")
    new = models("a", "z", tables=("t", "u"))
    revision = tool.compare(new, ["rename to z"])
    (question,) = revision.asked
    assert question.text.startswith("t.kind, u.kind: ")
    assert "3 rows hold it" in question.text
    tool.run(revision.upgrade)
    assert tool.same(new)
    assert tool.column("SELECT kind FROM u") == ["z"]
    tool.run(revision.downgrade)
    # The flag may name either.
    assert tool.compare(new, rename_values={"u.kind": {"b": "z"}}).asked == []


def test_the_flags_of_a_closed_question_give_the_migration(tool: Tool) -> None:
    start(tool, "a", "it's = b", "c", rows="('it''s = b')")
    new = models("a", "z z", "c")
    questioner = Closed()
    with tool.engine.connect() as connection:
        from alembic.autogenerate import produce_migrations

        operations = produce_migrations(tool._context(connection, new), new).upgrade_ops
        resolve_enum_values(operations, connection, Answers(), questioner)
    with pytest.raises(OpenQuestion) as raised:
        questioner.finish()
    (option, _, _) = questioner.open[0].options
    words = shlex.split(option.flags[0])
    assert option.flags[0] in str(raised.value)
    assert words[0] == "--rename-value"
    answers = parse_answers(rename_value=[words[1]])
    revision = tool.compare(new, rename_values=answers.rename_values)
    tool.run(revision.upgrade)
    assert kinds(tool) == ["z z"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"rename_values": {"t.kind": {"x": "z"}}}, "the database has no value 'x' "),
    ({"rename_values": {"t.kind": {"b": "x"}}}, "the models have no value 'x' "),
    ({"rename_values": {"t.kind": {"a": "z"}}}, "the models still have the value 'a'"),
    ({"rename_values": {"t.kid": {"b": "z"}}}, "no value of 't.kid' changes"),
    ({"allow_drop": {"t.kind:b"}}, "2 rows hold it"),
]


@pytest.mark.parametrize(("answers", "message"), BAD)
def test_flags_that_fit_nothing(tool: Tool, answers: dict[str, Any], message: str) -> None:
    start(tool, "a", "b", "c")
    with pytest.raises(UsageError, match=message):
        tool.compare(models("a", "z", "c"), **answers)


def test_two_flags_that_disagree(tool: Tool) -> None:
    start(tool, "a", "b", tables=("t", "u"))
    with pytest.raises(UsageError, match="'b' becomes 'z' in another flag"):
        tool.compare(
            models("a", "z", "y", tables=("t", "u")),
            rename_values={"t.kind": {"b": "z"}, "u.kind": {"b": "y"}},
        )


def test_rows_are_counted_under_the_old_name(tool: Tool) -> None:
    start(tool, "a", "b")
    new = models("a", tables=("t",))
    with tool.engine.connect() as connection:
        from alembic.autogenerate import produce_migrations

        operations = produce_migrations(tool._context(connection, new), new).upgrade_ops
        for op in operations.ops:
            op.table_name = "renamed"
        questioner = Closed()
        resolve_enum_values(
            operations,
            connection,
            Answers(),
            questioner,
            lambda schema, table, column: ((None, "t"), "kind"),
        )
    assert "renamed.kind: the models have no value 'b' any more, and 2 rows" in (
        questioner.open[0].text
    )
