"""What is dropped: children before parents, keys before both, the same at every run."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from support.project import ProjectFolder

BEFORE = """
table("person", key())
table(
    "visit",
    key(),
    *(Column(f"c{n}", Integer) for n in range(6)),
    Column("person_id", ForeignKey("person.id")),
    Column("room_id", ForeignKey("room.id")),
)
table("room", key(), Column("house_id", ForeignKey("house.id")))
table("house", key(), Column("owner_id", ForeignKey("person.id")))
"""
AFTER = """
table("person", key())
table("visit", key(), Column("person_id", ForeignKey("person.id")))
"""
COLUMNS = ["id", "person_id", *(f"c{n}" for n in range(6)), "room_id"]
DROPS = [
    "- drop foreignkey constraint fk_visit_room_id_room of visit",
    "- drop table room",
    "- drop table house",
    "- drop column visit.room_id",
    *(f"- drop column visit.c{n}" for n in reversed(range(6))),
]


def test_an_order_that_runs(tmp_path: Path, database_url: str) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    app.begin(BEFORE)
    schema = app.schema()
    app.models(AFTER)
    app.done("makemigrations", "--no-input")
    listed = [line for line in app.newest().splitlines() if line.startswith("- ")]
    assert listed == DROPS
    app.done("migrate")
    app.done("rollback")
    assert app.schema() == schema
    there = sa.inspect(app.engine).get_columns("visit")
    assert [column["name"] for column in there] == COLUMNS
    app.done("migrate")
