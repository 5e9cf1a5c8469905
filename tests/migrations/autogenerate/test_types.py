"""Changes of a column's type that Alembic does not see, there and back with values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from support.comparing import Database, there_and_back
from support.project import ProjectFolder

from sqlalchemy_manage.sql.raw import RawType

PG, MARIADB = "postgresql", "mariadb"

CHANGES: dict[str, tuple[str, Any, Any, str]] = {
    "a length taken away": (PG, sa.String(50), sa.String(), "x"),
    "a length given": (PG, sa.String(), sa.String(50), "x"),
    "a precision taken away": (PG, sa.Numeric(6, 2), sa.Numeric(), "1.25"),
    "a scale taken away": (PG, sa.Numeric(6, 2), sa.Numeric(6), "3.00"),
    "a precision of seconds": (PG, postgresql.TIMESTAMP(precision=0), sa.DateTime(), "2020-01-01"),
    "fields of an interval": (PG, sa.Interval(), postgresql.INTERVAL(fields="HOUR"), "1 hour"),
    "bits": (PG, postgresql.BIT(3), postgresql.BIT(3, varying=True), "101"),
    "bits without a length": (PG, postgresql.BIT(varying=True), postgresql.BIT(3), "101"),
    "a float": (PG, sa.Float(), sa.Float(10), "1.5"),
    "an unknown type to another": (PG, RawType("path"), RawType("polygon"), ""),
    "an unknown type to text": (PG, RawType("xml"), sa.Text(), "<a/>"),
    "an array": (PG, sa.Integer(), postgresql.ARRAY(sa.Integer), ""),
    "a text to an array": (PG, sa.Text(), postgresql.ARRAY(sa.Integer), "{1,2}"),
    "case": (PG, sa.Text(), postgresql.CITEXT(), "x"),
    "unsigned": (MARIADB, sa.Integer(), mysql.INTEGER(unsigned=True), "5"),
    "signed": (MARIADB, mysql.BIGINT(unsigned=True), sa.BigInteger(), "5"),
    "zerofill": (MARIADB, sa.Integer(), mysql.INTEGER(5, zerofill=True), "5"),
    "a width": (MARIADB, sa.Integer(), mysql.INTEGER(5), "5"),
    "an unsigned decimal": (MARIADB, sa.Numeric(6, 2), mysql.DECIMAL(6, 2, unsigned=True), "1.25"),
    "fractions of seconds": (MARIADB, sa.DateTime(), mysql.DATETIME(fsp=3), "2020-01-01"),
    "no fractions of seconds": (MARIADB, mysql.TIME(fsp=6), sa.Time(), "10:11:12"),
    "values of a set": (MARIADB, mysql.SET("a", "b"), mysql.SET("a", "b", "c"), "a,b"),
    "another text": (MARIADB, sa.Text(), sa.Text(70000), "x"),
    "another binary": (MARIADB, sa.LargeBinary(20), sa.LargeBinary(), "x"),
    "a character set": (MARIADB, sa.String(9), mysql.VARCHAR(9, charset="latin1"), "x"),
    "a collation": (MARIADB, sa.String(9, collation="utf8mb4_bin"), sa.String(9), "x"),
    "a national text": (MARIADB, sa.String(9), sa.NVARCHAR(9), "x"),
    "another unknown type": (MARIADB, RawType("point"), RawType("geometry"), ""),
}


def models(type_: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("item", metadata, key, sa.Column("c", type_))
    return metadata


@pytest.mark.parametrize(
    ("backend", "change"), [(backend, name) for name, (backend, *_) in CHANGES.items()]
)
def test_a_change_of_a_type(backend: str, change: str, engine: sa.Engine) -> None:
    _, old, new, value = CHANGES[change]
    database = Database(engine)
    if backend == PG:
        database.execute("CREATE EXTENSION citext")
    database.create(models(old))
    if value:
        database.execute(f"INSERT INTO item VALUES (1, '{value}')")
    before = database.rows("SELECT * FROM item")
    found = there_and_back(database, models(old), models(new))
    assert [type(op).__name__ for op in found] == ["AlterColumnOp"]
    assert database.rows("SELECT * FROM item") == before


@pytest.mark.parametrize("backend", [MARIADB])
def test_fractions_of_seconds_and_their_default_change_together(engine: sa.Engine) -> None:
    def moment(fsp: int, default: str) -> sa.MetaData:
        metadata = models(sa.Integer)
        type_ = mysql.TIMESTAMP(fsp=fsp) if fsp else sa.TIMESTAMP()
        column = sa.Column("at", type_, nullable=False, server_default=sa.text(default))
        metadata.tables["item"].append_column(column)
        return metadata

    old = moment(0, "CURRENT_TIMESTAMP")
    database = Database(engine)
    database.create(old)
    there_and_back(database, old, moment(6, "CURRENT_TIMESTAMP(6)"))


@pytest.mark.parametrize("backend", [PG, MARIADB])
def test_a_server_is_asked_once_for_a_type(backend: str, engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    for number in range(20):
        columns = [sa.Column(f"c{i}", sa.REAL if i else sa.Float(20)) for i in range(3)]
        sa.Table(f"item{number}", metadata, sa.Column("id", sa.Integer), *columns)
    database = Database(engine)
    database.create(metadata)
    assert database.operations(metadata) == []
    asked = [text for text in database.statements if "CREATE TEMPORARY" in text]
    assert len(asked) == {PG: 1, MARIADB: 2}[backend], asked


UNKNOWN = """
class Shape(sa.types.UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "POLYGON"


table("item", key(), Column("n", Integer), Column("shape", Shape()))
table("old", key(), Column("shape", Shape()))
"""


@pytest.mark.parametrize("backend", [PG, MARIADB])
def test_what_is_dropped_comes_back_with_its_unknown_type(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(UNKNOWN)
    app.models('table("item", key(), Column("n", Integer))')
    app.done("makemigrations", "--allow-drop", "item.shape", "--allow-drop", "old")
    app.done("migrate")
    app.done("rollback")
    app.models(UNKNOWN)
    with app.without_newest():
        app.done("makemigrations", "--check", "--no-input")
