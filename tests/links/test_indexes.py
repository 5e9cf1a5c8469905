"""Foreign keys that no index begins with: found on each database, unless none is wanted."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer
from support.project import ProjectFolder

from sqlalchemy_manage.links.indexes import keys_without_index


def tables() -> sa.MetaData:
    metadata = sa.MetaData()
    keys = [Column(name, Integer, primary_key=True, autoincrement=False) for name in "xy"]
    sa.Table("a", metadata, *keys, Column("id", Integer, unique=True))
    sa.Table(
        "b",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("none", ForeignKey("a.id")),
        Column("indexed", ForeignKey("a.id"), index=True),
        Column("Unique", ForeignKey("a.id"), unique=True),
        Column("second", ForeignKey("a.id")),
        Column("unwanted", ForeignKey("a.id"), info={"index": False}),
        Column("some", ForeignKey("a.id")),
        *(Column(name, Integer) for name in ("px", "py", "qx", "qy", "rx", "ry")),
        *(ForeignKeyConstraint([f"{n}x", f"{n}y"], ["a.x", "a.y"]) for n in "pqr"),
        sa.Index("ix_second", "Unique", "second"),
        sa.Index("ix_p", "py", "px", "id"),
        sa.Index("ix_q", "qx"),
        sa.Index("ix_r", "id", "rx", "ry"),
    )
    sa.Table("link", metadata, Column("b_id", ForeignKey("b.id"), primary_key=True),
             Column("c_id", ForeignKey("b.id"), primary_key=True))  # fmt: skip
    some = metadata.tables["b"].c.some
    sa.Index("ix_some", some, sqlite_where=some > 5, postgresql_where=some > 5)
    sa.Table("not_there", metadata, Column("b_id", ForeignKey("b.id")))
    return metadata


def test_keys_that_no_index_begins_with(engine: sa.Engine) -> None:
    metadata = tables()
    metadata.create_all(engine, tables=[t for n, t in metadata.tables.items() if n != "not_there"])
    with engine.connect() as connection:
        found = dict(keys_without_index(connection, metadata.tables.values()))
    if engine.dialect.name == "mariadb":  # makes them itself
        assert found == {}
    else:
        assert found == {
            "b": [("none",), ("second",), ("some",), ("qx", "qy"), ("rx", "ry")],
            "link": [("c_id",)],
        }


MODELS = """\
table("team", key())
table("player", key(), Column("team_id", ForeignKey("team.id"){}))
"""


def test_check_warns_and_does_not_fail(tmp_path: Path, database_url: str) -> None:
    project = ProjectFolder(tmp_path / "project", database_url)
    project.models(MODELS.format(""))
    project.manage("makemigrations", "--name", "first")
    project.manage("migrate")
    warned = project.manage("check")
    assert warned.code == 0
    line = "warning  indexes     player: no index begins with the foreign key's team_id"
    assert (line in warned.stdout.splitlines()) is (project.backend != "mariadb")
    project.models(MODELS.format(', info={"index": False}'))
    silent = project.manage("check")
    assert silent.code == 0
    assert "warning" not in silent.stdout
