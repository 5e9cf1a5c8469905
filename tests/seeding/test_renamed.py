"""Undo after the schema has moved on: renames are followed, and no run is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import ProjectFolder, SeededFolder

MODELS = """
from sqlalchemy.orm import DeclarativeBase, relationship


class Base(DeclarativeBase):
    metadata = metadata


class Bill(Base):
    __table__ = table("{table}", key("{key}"), Column("name", String(20)))


class Line(Base):
    __table__ = table(
        "line",
        Column("bill", ForeignKey("{table}.{key}"), primary_key=True),
        Column("{place}", Integer, primary_key=True),
    )
    owner = relationship(Bill)
"""
FACTORIES = """
import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class BillFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Bill

    name = "x"


class LineFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Line

    owner = factory.SubFactory(BillFactory)
    {place} = factory.Sequence(lambda n: n)
"""


def models(at: ProjectFolder, table: str, key: str, place: str) -> None:
    at.models(MODELS.format(table=table, key=key, place=place))
    (at.folder / "staff" / "factories.py").write_text(FACTORIES.format(place=place))


@pytest.fixture
def bills(tmp_path: Path, database_url: str) -> ProjectFolder:
    made = SeededFolder(tmp_path / "bills", database_url)
    models(made, "bill", "id", "place")
    made.done("makemigrations", "--no-input")
    made.done("migrate")
    return made


def rows(at: ProjectFolder, *tables: str) -> list[int]:
    return [at.query(f"SELECT count(*) FROM {name}")[0][0] for name in tables]


@pytest.mark.server
def test_renames_of_tables_and_keys_are_followed_up_and_down(bills: ProjectFolder) -> None:
    bills.done("seed", "Bill=2", "Line=3")
    bills.execute("INSERT INTO bill (id, name) VALUES (900, 'mine')")
    bills.step(
        "0002_account",
        'op.rename_table("bill", "account")',
        'op.alter_column("account", "id", new_column_name="number", existing_type=sa.Integer())',
        'how = "always" if op.get_bind().dialect.name == "sqlite" else "never"',
        'with op.batch_alter_table("line", recreate=how) as batch:',
        '    batch.alter_column("place", new_column_name="spot", existing_type=sa.Integer())',
        undo='with op.batch_alter_table("line") as batch:\n'
        '    batch.alter_column("spot", new_column_name="place", existing_type=sa.Integer())\n'
        'op.alter_column("account", "number", new_column_name="id",'
        " existing_type=sa.Integer())\n"
        'op.rename_table("account", "bill")',
    )
    bills.done("migrate")
    models(bills, "account", "number", "spot")
    assert bills.done("checklinks")
    bills.done("seed", "Line=2")
    result = bills.done("seed", "--undo", "1")
    assert "Run 1: 8 rows removed." in result.stdout
    assert rows(bills, "account", "line") == [3, 2]
    bills.done("migrate", "0001")
    models(bills, "bill", "id", "place")
    result = bills.done("seed", "--undo")
    assert "Run 2: 4 rows removed." in result.stdout
    assert bills.query("SELECT id FROM bill") == [(900,)]


@pytest.mark.server
def test_a_run_is_not_forgotten_where_its_rows_cannot_be_found(bills: ProjectFolder) -> None:
    bills.done("seed", "Line=3")
    bills.by_hand(("ALTER TABLE line RENAME TO item",))
    result = bills.manage("seed", "--undo")
    assert result.code == 1, result
    assert "These tables are not in the database any more: line (3 rows)." in result.stderr
    assert "Run 1 is not undone." in result.stderr
    assert rows(bills, "bill", "item") == [3, 3]  # its own rows refer to the bills
    assert "done" in bills.done("seed", "--status").stdout
    bills.by_hand(("ALTER TABLE item RENAME TO line",))
    assert "Run 1: 6 rows removed." in bills.done("seed", "--undo").stdout


@pytest.mark.server
def test_keys_of_another_type_are_refused(bills: ProjectFolder) -> None:
    bills.done("seed", "Bill=3")
    text = bills.file.read_text().replace('key("id")', 'key("id", Uuid)')
    bills.file.write_text(
        text.replace('Column("bill", ForeignKey', 'Column("bill", Uuid, ForeignKey')
    )
    for undo in ("--undo", "--replant"):
        result = bills.manage("seed", undo, *(["Bill=1"] if undo == "--replant" else []))
        assert result.code == 1, result
        assert "bill.id is of type" in result.stderr
        assert "recorded its rows by keys of another type" in result.stderr
    assert rows(bills, "bill") == [3]
    models(bills, "bill", "id", "place")
    assert "Run 1: 3 rows removed." in bills.done("seed", "--undo").stdout


@pytest.mark.server
def test_rows_of_a_table_that_a_revision_drops_are_gone(bills: ProjectFolder) -> None:
    bills.done("seed", "Line=3")
    bills.step("0002_none", 'op.drop_table("line")', more='expected_loss = {"line": "all"}')
    bills.done("migrate")
    models(bills, "bill", "id", "place")
    result = bills.done("seed", "--undo")
    assert "Run 1: 3 rows removed." in result.stdout
    assert "undone" in bills.done("seed", "--status").stdout
