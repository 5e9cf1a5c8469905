"""Tables that refer to each other, or to themselves: created, changed and dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder


def table(name: str, *refers: str) -> str:
    """A table with a nullable foreign key to each of ``refers``, with its options."""
    keys = []
    for place, refer in enumerate(refers):
        target, _, options = refer.partition(" ")
        keys.append(f'Column("k{place}", ForeignKey("{target}.id"{options}))')
    return f"table({', '.join([repr(name), 'key()', *keys])})\n"


ALTER, NAMED = " , use_alter=True", " , name='fk_a_b', use_alter=True"
CIRCLES = {
    "two": table("a", "b") + table("b", "a"),
    "two, one by ALTER": table("a", "b" + ALTER) + table("b", "a"),
    "two, one by ALTER with a name": table("a", "b" + NAMED) + table("b", "a"),
    "two, both by ALTER": table("a", "b" + ALTER) + table("b", "a" + ALTER),
    "three, and one to itself": table("a", "b") + table("b", "c", "b") + table("c", "a"),
    "two circles with a table in common": (
        table("a", "b", "c") + table("b", "a") + table("c", "a", "d") + table("d")
    ),
}
PLAIN = "metadata = MetaData()\n\n\n"
OTHER = table("other")


@pytest.mark.parametrize(
    ("circle", "convention"),
    [("two", "named"), ("two, one by ALTER", "named"), *((name, "unnamed") for name in CIRCLES)],
)
@pytest.mark.slow(reason="a big table of cases")
def test_a_circle_comes_changes_and_goes(
    circle: str, convention: str, backend: str, tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    head, models = PLAIN if convention == "unnamed" else "", CIRCLES[circle]
    # All in the first revision, then in one that adds to a history.
    move_to(app, head + models + OTHER)
    first = keys(app)
    assert len(first) == models.count("ForeignKey(")
    app.execute("INSERT INTO b (id) VALUES (1)", "INSERT INTO a (id, k0) VALUES (1, 1)")
    app.execute("UPDATE b SET k0 = NULL")
    move_to(app, head + models.replace('"b.id"', '"b.id", ondelete="SET NULL"') + OTHER)
    assert keys(app) != first
    app.done("rollback")
    assert keys(app) == first
    assert app.query("SELECT id, k0 FROM a") == [(1, 1)]
    app.done("migrate")
    app.execute("DELETE FROM a", "DELETE FROM b")
    move_to(app, head + OTHER)
    assert app.tables() == {"other"}
    app.done("rollback")
    assert len(keys(app)) == len(first)
    app.done("migrate")
    move_to(app, head + models + OTHER)
    assert keys(app) == first
    app.done("rollback")
    assert app.tables() == {"other"}
    app.done("migrate")
    app.done("migrate", "zero")
    assert app.tables() == set()


def move_to(app: ProjectFolder, models: str) -> None:
    app.models(models)
    made = app.done("makemigrations", "--no-input")
    assert "Warning" not in made.stderr
    app.done("migrate")
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert (checked.code, "Warning" in checked.stderr) == (0, False), checked


def keys(app: ProjectFolder) -> list[str]:
    """Every foreign key of the database, with its action."""
    inspector = sa.inspect(app.engine)
    return sorted(
        f"{table}({key['constrained_columns']}) {key['referred_table']} {key['options']}"
        for table in app.tables()
        for key in inspector.get_foreign_keys(table)
    )
