"""Numbers travel digit for digit: through no float, whatever driver, type or decoration."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from support import figures
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.data.values import codec_of
from sqlalchemy_manage.errors import FixtureError
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]

MANY = {
    "wei": "1234567.123456789012345678",
    "plain": "999999999999999999.99",
    "free": "1234567890.123456789012",
    "floats": "12345678901234567890.1234567891",
    "cents": "1234567890.1234567891",
    "text": "98765432109876543210.123456789012345678901234567890",
    "double": 0.1,
}


@pytest.fixture
def project(project_of: Callable[..., Project], database_url: str) -> Project:
    return project_of(figures, database_url)


def test_what_the_database_holds_is_written_and_loads_again(project: Project) -> None:
    """SQLite keeps a float for NUMERIC: there 15 digits, elsewhere all of them."""
    dialect = project.engine.dialect.name
    fields: dict[str, Any] = dict(MANY)
    if dialect == "sqlite":
        fields |= {"wei": "1234567.125000000000000000", "plain": "9999999999999.99"}
        fields |= {
            "free": "1234567890.12345",
            "floats": "12345.1000000000",
            "cents": "12345.6789000000",
        }
    if dialect == "postgresql":
        fields |= {"many": ["1234567890.1234567891", None, "0.1000000000"], "money": "$1,234.56"}
        fields["floats"] = "12345678901234567890.1234567891"
    extremes = [5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e22, 2.5e-7]
    records = [{"model": "stock.figure", "pk": 1, "fields": fields}]
    records += [
        {"model": "stock.figure", "pk": i, "fields": {"double": number}}
        for i, number in enumerate(extremes, 2)
    ]
    # 1.2345679 is a float of four bytes; MariaDB shows 1.23457 of it.
    records.append({"model": "stock.figure", "pk": 9, "fields": {"single": 1.2345679}})
    loaded(project, records)
    text = dumped(project)
    found = {record["pk"]: record["fields"] for record in json.loads(text)}
    assert {name: found[1][name] for name in fields} == fields
    assert [str(found[i]["double"]) for i in range(2, 7)] == [str(x) for x in extremes]
    assert found[9]["single"] == 1.2345679
    again = loaded(project, text)
    assert (again.new, again.changed) == (0, 0)
    with project.connect() as connection:
        connection.execute(figures.Figure.__table__.delete())  # type: ignore[attr-defined]
        connection.commit()
    loaded(project, text)
    assert dumped(project) == text


def test_a_json_number_is_read_digit_for_digit(project: Project) -> None:
    if project.engine.dialect.name == "sqlite":
        pytest.skip("keeps floats")
    text = '[{"model": "stock.figure", "pk": 1, "fields": {"wei": 1234567.123456789012345678}}]'
    loaded(project, text)
    assert '"wei": "1234567.123456789012345678"' in dumped(project)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.server
def test_what_is_no_number(
    number: str, project_of: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    project = project_of(figures, new_database("postgresql"))
    loaded(project, [{"model": "stock.figure", "pk": 1, "fields": {"free": number}}])
    text = dumped(project)
    assert json.loads(text)[0]["fields"]["free"] == number
    assert loaded(project, text).unchanged == 1


def test_a_value_that_the_column_drops_is_refused_with_what_is_true_for_this_database(
    project: Project,
) -> None:
    dialect = project.engine.dialect.name
    name, value = (
        ("cents", "1234567890.1234567891") if dialect == "sqlite" else ("single", 16777217)
    )
    with pytest.raises(FixtureError, match=f"the fixture says .?{str(value)[:8]}") as caught:
        loaded(project, [{"model": "stock.figure", "pk": 1, "fields": {name: value}}])
    hint = str(caught.value.hint)
    assert ("SQLite" in hint, "MariaDB" in hint) == (dialect == "sqlite", False)
    assert "FLOAT" in hint or dialect == "sqlite"


def test_a_program_that_reads_floats_sees_all_decimals_that_sqlite_holds() -> None:
    dialect = sqlite.dialect()
    assert codec_of(sa.Numeric(10, 2, asdecimal=False), dialect).dump(1.234) == "1.234"
    assert codec_of(sa.Numeric(10, 2), dialect).dump(0.1 + 0.2) == "0.30"
    assert codec_of(sa.Numeric(5, -2), postgresql.dialect()).dump("1200") == "1200"
    # A table that differs from its model loses nothing.
    assert codec_of(sa.Numeric(5, 1), mysql.dialect()).dump(Decimal("1.25")) == "1.25"
