"""Steps around foreign keys, in an order that runs: what serves a key, and what it refers to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

PLAIN = "metadata = MetaData()\n\n\n"
KEY = 'ForeignKey("p.id")'


def models(p_id: str = "Integer", *items: str, key: str = "", m: str = "Integer") -> str:
    """A table ``p`` and a table ``t``, whose ``p_id`` is said; ``items``: what else ``t`` has."""
    columns = ['Column("pos", Integer)', 'Column("f", Integer)', *items]
    code = 'Column("code", String(20), unique=True)'
    return (
        f'table("p", key({key}), Column("m", {m}), {code})\n'
        f'table("t", key(), Column("p_id", {p_id}), {", ".join(columns)})\n'
    )


def more(key: str, type_: str = "BigInteger") -> str:
    return f'table("more", key(), Column("k", {type_}, ForeignKey("p.{key}")))\n'


UNIQUE = 'UniqueConstraint("p_id", "pos")'
BIG = '"id", BigInteger'
CHANGES = {
    "key and index go": (models(f"{KEY}, index=True"), models()),
    "the index goes": (models(f"{KEY}, index=True"), models(KEY)),
    "the UNIQUE becomes one without the column": (
        models(KEY, UNIQUE),
        models(KEY, 'UniqueConstraint("pos", "f")'),
    ),
    "the UNIQUE becomes one with more": (
        models(KEY, UNIQUE),
        models(KEY, 'UniqueConstraint("p_id", "pos", "f")'),
    ),
    "a UNIQUE comes": (models(KEY), models(KEY, UNIQUE)),
    "another key, with an index": (
        models(KEY),
        models('ForeignKey("p.id", ondelete="CASCADE"), index=True'),
    ),
    "an index for the key": (models(KEY), models("Integer, index=True")),
    "a unique index for a UNIQUE": (
        models("Integer, unique=True"),
        models("Integer, unique=True, index=True"),
    ),
    "another type of both": (
        models(f"Integer, {KEY}"),
        models(f"BigInteger, {KEY}", key=BIG),
    ),
    "another type, and a new table that refers to it": (
        models(f"Integer, {KEY}"),
        models(f"BigInteger, {KEY}", key=BIG) + more("id"),
    ),
    "a new table refers to what becomes unique": (
        models(),
        models(m="Integer, unique=True") + more("m", "Integer"),
    ),
    "a key refers to what becomes unique": (
        models(),
        models('ForeignKey("p.m")', m="Integer, unique=True"),
    ),
}
ROWS = (
    "INSERT INTO p (id, m, code) VALUES (1, 1, 'a'), (2, 2, 'b')",
    "INSERT INTO t (id, p_id, pos, f) VALUES (1, 1, 3, 4), (2, 2, 4, 5)",
)


@pytest.mark.parametrize(
    ("change", "convention"),
    [
        *((change, "unnamed") for change in CHANGES),
        *((change, "named") for change in ("key and index go", "another key, with an index")),
    ],
)
def test_up_down_and_up(
    change: str, convention: str, backend: str, tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    head = PLAIN if convention == "unnamed" else ""
    old, new = (head + models for models in CHANGES[change])
    app.begin(old)
    app.execute(*ROWS)
    rows, schema = data(app), app.schema()
    app.models(new)
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    unchanged(app)
    assert data(app) == rows
    app.done("rollback")
    assert data(app) == rows
    assert app.schema() == schema, app.newest()
    app.models(old)
    with app.without_newest():
        unchanged(app)
    app.models(new)
    app.done("migrate")
    unchanged(app)
    assert data(app) == rows


def test_a_column_goes_with_its_key_and_its_index(database_url: str, tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    app.begin(models(f"{KEY}, index=True"))
    app.execute(*ROWS)
    app.models(models().replace('Column("p_id", Integer), ', ""))
    app.done("makemigrations", "--no-input", "--allow-drop", "t.p_id")
    app.done("migrate")
    unchanged(app)
    app.done("rollback")
    app.done("migrate")


TAGS = """
table("p", key("id", {0}), Column("parent_id", {0}, ForeignKey("p.id"{1})))
table("tag", key("id", {0}))
table(
    "{2}",
    Column("p_id", {0}, ForeignKey("p.id", ondelete="CASCADE"), primary_key=True),
    Column("{3}", {0}, ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
)
"""


def test_a_table_is_renamed_and_its_keys_make_way(database_url: str, tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    app.begin(old := TAGS.format("Integer", "", "p_tag", "t_id"))
    app.insert({"p": [{"id": 1}], "tag": [{"id": 5}], "p_tag": [{"p_id": 1, "t_id": 5}]})
    rows, schema = app.data(), app.schema()
    app.models(new := TAGS.format("BigInteger", ", ondelete='SET NULL'", "page_tag", "tag_id"))
    names = ("--rename-table", "p_tag=page_tag", "--rename", "page_tag.t_id=tag_id")
    app.done("makemigrations", "--no-input", *names)
    app.done("migrate")
    unchanged(app)
    assert app.data()["page_tag"] == [{"p_id": 1, "tag_id": 5}]
    app.models(old)
    app.done("rollback")
    assert (app.data(), app.schema()) == (rows, schema)
    app.models(new)
    app.done("migrate")
    unchanged(app)


def test_a_counted_key_that_was_a_text_for_a_while(database_url: str, tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    circle = """
table("a", key("id", {0}), Column("b_id", {0}, ForeignKey("b.id", use_alter=True)))
table("b", key("id", {0}), Column("a_id", {0}, ForeignKey("a.id", use_alter=True)))
"""
    app.begin(old := circle.format("Integer"))
    schema = app.schema()
    app.models(circle.format("String(20)"))
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    unchanged(app)
    app.models(old)
    app.done("rollback")
    assert app.schema() == schema
    app.execute("INSERT INTO a (b_id) VALUES (NULL)")
    assert app.query("SELECT id FROM a") == [(1,)]


@pytest.mark.parametrize("backend", ["mariadb"])
def test_what_is_deferrable_elsewhere(database_url: str, tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    late = 'deferrable=True, initially="DEFERRED"'
    made = 'table("p", key())\ntable("c", key(), Column("p_id", ForeignKey("p.id", {0})))\n'
    app.begin(old := made.format(late))
    unchanged(app)
    circle = (
        'Column("d_id", ForeignKey("d.id", {0}, use_alter=True)), UniqueConstraint("d_id", {0})'
    )
    new = f'{old}table("d", key(), {circle.format(late)})\n'
    app.models(new.replace('table("p", key())', f'table("p", key(), {circle.format(late)})'))
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    unchanged(app)
    app.done("rollback")
    app.models(old)
    with app.without_newest():
        unchanged(app)


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_key_from_one_schema_to_a_table_of_the_same_name_in_another(
    database_url: str, tmp_path: Path
) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    app.execute("CREATE SCHEMA other")
    app.begin(
        'here = table("a", key())\n'
        'there = MetaData(schema="other")\n'
        'Table("a", there, key(), Column("a_id", ForeignKey(here.c.id)))\n'
    )
    unchanged(app)
    found = app.query("SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    assert found == [("a",)]


def data(app: ProjectFolder) -> list[list[tuple[object, ...]]]:
    queries = ("SELECT id, m, code FROM p", "SELECT id, p_id, pos, f FROM t")
    return [app.query(f"{query} ORDER BY id") for query in queries]


def unchanged(app: ProjectFolder) -> None:
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert checked.code == 0, checked
