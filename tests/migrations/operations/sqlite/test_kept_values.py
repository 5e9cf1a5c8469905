"""SQLite: a value is the same after a table was rebuilt for another reason, whatever its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from support.column_types import models, possible
from support.comparing import Database, quietly
from support.project import ProjectFolder

VALUES = ("NULL", "x'3165393900'", "'1e99'", "'007'", "'not a number'", "3", "2.5", "x''")
"""Of each class that SQLite stores, and some that it would take for numbers."""


@pytest.mark.filterwarnings("ignore")  # SQLAlchemy tells of types that it does not know
def test_of_columns_of_every_type() -> None:
    engine = sa.create_engine("sqlite://")
    database = Database(engine)
    # A CHECK would refuse most of the values.
    types = {text: type_ for text, type_ in possible(engine) if "create_constraint" not in text}
    assert len(types) > 200
    metadata = database.create(models(types))
    names = {n: [c.name for c in t.c if c.name != "id"] for n, t in metadata.tables.items()}
    for table, columns in names.items():
        for value in VALUES:
            values = ", ".join([value] * len(columns))
            database.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})")

    def stored() -> dict[str, list[Any]]:
        return {
            table: database.rows(
                f"SELECT {', '.join(f'quote({c}), typeof({c})' for c in columns)} FROM {table}"
            )
            for table, columns in names.items()
        }

    def batch(change: Any) -> None:
        with engine.begin() as connection, quietly():
            operations = Operations(MigrationContext.configure(connection))
            for table in metadata.tables.values():
                with operations.batch_alter_table(table.name, recreate="always") as found:
                    change(found, table)

    before = stored()
    batch(lambda found, table: found.add_column(sa.Column("more", sa.Integer)))
    assert stored() == before
    batch(lambda found, table: found.drop_column("more"))
    assert stored() == before

    def to_what_it_is(found: Any, table: sa.Table) -> None:
        for column in table.c:
            if column.name in names[table.name]:
                found.alter_column(column.name, type_=column.type, existing_type=sa.NUMERIC(16))

    batch(to_what_it_is)
    assert stored() == before
    assert database.operations(metadata) == []


MODELS = """
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class T(Base):
    __tablename__ = "t"
    id: Mapped[int] = mapped_column(primary_key=True)
    b: Mapped[bytes] = mapped_column(sa.BINARY(16))
    v: Mapped[bytes] = mapped_column(sa.VARBINARY(16))
    c: Mapped[str] = mapped_column(sa.CLOB)
    d: Mapped[float] = mapped_column(sa.DOUBLE_PRECISION)
    u: Mapped[str] = mapped_column(sa.UUID(as_uuid=False))
    p: Mapped[str] = mapped_column(postgresql.UUID(as_uuid=False))
"""
ROW = {"b": "x'00112233445566778899aabbccddeeff'", "v": "x'31653939'", "c": "'12'", "d": "1e9"}
ROW |= {"u": "'5e95'", "p": "'00000000000000000000000000000001'"}


N = "    n: Mapped[int | None]\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", N),
        (N, "    n: Mapped[str | None] = mapped_column(sa.String(9))\n"),
        (N, N + '    m: Mapped[int | None] = mapped_column(sa.ForeignKey("t.id", name="fk"))\n'),
    ],
)
def test_of_columns_that_no_model_changed(tmp_path: Path, old: str, new: str) -> None:
    project = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path / 'db.sqlite'}")
    project.begin(MODELS + old)
    project.execute(f"INSERT INTO t ({', '.join(ROW)}) VALUES ({', '.join(ROW.values())})")
    query = f"SELECT {', '.join(f'quote({c}), typeof({c})' for c in ROW)} FROM t"
    before, schema = project.query(query), project.schema()
    assert project.done("makemigrations", "--check", "--no-input").stdout == ""

    project.models(MODELS + new)
    project.done("makemigrations", "--no-input")
    text = project.newest()
    assert not any(f'"{column}"' in text for column in ROW), text
    for command in (("migrate",), ("rollback",), ("migrate",)):
        project.done(*command)
        assert project.query(query) == before, command
        if command == ("rollback",):
            assert project.schema() == schema
        else:
            project.done("makemigrations", "--check", "--no-input")
