"""Models without a naming convention: constraints come, change and go, on every database."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

import sqlalchemy_manage.migrations.autogenerate.unnamed_constraints
from sqlalchemy_manage.migrations.schema.unnamed import name_for

assert sqlalchemy_manage.migrations.autogenerate.unnamed_constraints

PLAIN = "metadata = MetaData()\n\n\n"
PARENT = 'table("p", key(), Column("m", Integer, unique=True))\n'


def child(*items: str) -> str:
    columns = {"p_id": "Integer", "slug": "String(20)", "n": "Integer"}
    for item in items:
        name, _, rest = item.partition(": ")
        if rest:
            columns[name] = rest
    written = [f'Column("{name}", {rest})' for name, rest in columns.items() if rest != "-"]
    written += [item for item in items if ": " not in item]
    return f'table("t", key(), {", ".join(written)})\n'


ROWS = (
    "INSERT INTO p (id, m) VALUES (1, 1), (2, 2)",
    "INSERT INTO t (id, p_id, slug, n) VALUES (1, 1, 'a', 3), (2, 1, 'b', 4)",
)
KEY, SLUG = 'p_id: ForeignKey("p.id")', "slug: String(20), unique=True"
CHANGES: dict[str, tuple[str, str, list[str]]] = {
    "a foreign key": (child(), child(KEY), ["+ t_p_id_fkey"]),
    "a foreign key's action": (
        child(KEY),
        child('p_id: ForeignKey("p.id", ondelete="CASCADE")'),
        ["- t_p_id_fkey", "+ t_p_id_fkey"],
    ),
    "a foreign key's target": (
        child(KEY),
        child('p_id: ForeignKey("p.m")'),
        ["- t_p_id_fkey", "+ t_p_id_fkey"],
    ),
    "a unique column": (child(), child(SLUG), ["+ t_slug_key"]),
    "several unique columns": (
        child('UniqueConstraint("slug", "n")'),
        child('UniqueConstraint("slug", "p_id")'),
        ["- *", "+ t_slug_p_id_key"],
    ),
    "a check": (child(), child('CheckConstraint("n > 0")'), ["+ t_n_check"]),
    "one of two checks": (
        child('CheckConstraint("n > 0")', 'CheckConstraint("n < 9")'),
        child('CheckConstraint("n > 0")', 'CheckConstraint("n < 8")'),
        ["- *", "+ *"],
    ),
    "a check of several columns": (
        child(),
        child("CheckConstraint(\"n > 0 or slug = 'x'\")"),
        ["+ t_check"],
    ),
    "all at once": (
        child("n: Integer, index=True"),
        child(KEY, SLUG, 'CheckConstraint("n > 0")', "n: Integer, index=True"),
        ["+ t_slug_key", "+ t_n_check", "+ t_p_id_fkey"],
    ),
}


def steps(app: ProjectFolder) -> list[str]:
    """The constraints that the newest revision drops and adds, by their names."""
    found = []
    body = app.newest().partition("def upgrade")[2].partition("def downgrade")[0]
    for line in body.replace("(\n            ", "(").replace("(\n        ", "(").splitlines():
        verb, _, rest = line.strip().partition("(")
        if verb.rpartition(".")[2].startswith(("drop_", "create_")):
            name = rest.split('"')[1]
            found.append(f"{'-' if '.drop_' in verb else '+'} {name}")
    return found


def move_to(app: ProjectFolder, models: str) -> None:
    """Write a revision to ``models`` without a word of what has no name, and apply it."""
    app.models(PLAIN + PARENT + models)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = app.done("makemigrations", "--no-input")
    assert "Warning" not in made.stderr and "unnamed" not in made.stdout + made.stderr
    assert "WARNING" not in app.newest() and "None," not in app.newest()
    app.done("migrate")
    unchanged(app)


def unchanged(app: ProjectFolder) -> None:
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert checked.code == 0, checked


def rows(app: ProjectFolder) -> list[list[tuple[object, ...]]]:
    return [app.query(f"SELECT * FROM {table} ORDER BY id") for table in ("p", "t")]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_comes_and_goes(
    change: str, backend: str, tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    old, new, expected = CHANGES[change]
    move_to(app, old)
    app.execute(*ROWS)
    kept, first = rows(app), app.schema()
    move_to(app, new)
    found, second = steps(app), app.schema()
    assert first != second
    assert len(found) == len(expected)
    for one, wanted in zip(found, expected, strict=True):
        assert one == wanted or (wanted.endswith("*") and one[0] == wanted[0]), found
    move_to(app, old)
    assert app.schema() == first
    for schema in (second, first):
        app.done("rollback")
        assert (app.schema(), rows(app)) == (schema, kept)
    app.done("migrate")
    assert (app.schema(), rows(app)) == (first, kept)
    app.done("migrate", "zero")
    assert app.tables() == set()
    app.done("migrate")
    assert app.schema() == first


@pytest.mark.parametrize(
    ("kind", "table", "columns", "name"),
    [
        ("unique", "book", ["slug"], "book_slug_key"),
        ("foreign key", "book", ["a", "b"], "book_a_b_fkey"),
        ("check", "book", [], "book_check"),
        ("unique", "t" * 40, ["c" * 40], "t" * 29 + "_" + "c" * 29 + "_key"),
        ("check", "t" * 70, [], "t" * 57 + "_check"),
        ("foreign key", "t" * 20, ["c" * 50], "t" * 20 + "_" + "c" * 37 + "_fkey"),
        ("unique", "é" * 40, ["c"], "é" * 28 + "_c_key"),
    ],
)
def test_a_name_is_the_one_of_postgresql(
    kind: str, table: str, columns: list[str], name: str
) -> None:
    assert name_for(kind, table, columns) == name
    assert name_for(kind, table, columns, {name.casefold()}).endswith("1")


@pytest.mark.parametrize("backend", ["postgresql"])
def test_and_postgresql_gives_it(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    long = "c" * 50
    sa.Table("p" * 30, metadata, sa.Column(long, sa.Integer, unique=True))
    with engine.begin() as connection:
        metadata.create_all(connection)
        (found,) = sa.inspect(connection).get_unique_constraints("p" * 30)
    engine.dispose()
    assert found["name"] == name_for("unique", "p" * 30, [long])


def test_a_database_of_create_all_is_adopted_and_changed(tmp_path: Path, database_url: str) -> None:
    """MariaDB had names of its own for all of them."""
    app = ProjectFolder(tmp_path / "project", database_url)
    before = """
table("p", key())
table(
    "t",
    key(),
    Column("slug", String(20), unique=True),
    Column("p_id", ForeignKey("p.id")),
    UniqueConstraint("slug", "p_id"),
)
"""
    app.models(PLAIN + before)
    app.metadata.create_all(app.engine)
    app.execute("INSERT INTO p VALUES (1)", "INSERT INTO t VALUES (1, 'a', 1)")
    app.done("makemigrations", "--scratch", "--no-input")
    assert app.manage("migrate").code == 1
    app.done("migrate", "--fake-initial")
    app.done("makemigrations", "--check")
    app.done("check", "--drift")
    after = before.replace(", unique=True", "").replace(
        '    UniqueConstraint("slug", "p_id"),\n', ""
    )
    app.models(PLAIN + after.replace('"p.id"', '"p.id", ondelete="CASCADE"'))
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    app.done("makemigrations", "--check")
    app.execute("INSERT INTO t VALUES (2, 'a', 1)")
    app.execute("DELETE FROM t WHERE id = 2")
    app.done("rollback")
    with app.without_newest():
        app.models(PLAIN + before)
        app.done("check", "--drift")
    assert app.query("SELECT * FROM t") == [(1, "a", 1)]
