"""headcount: the sample app's own command."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.programs import Manage

from hr.models import Base, Department, Employee


@pytest.fixture
def staff(engine: sa.Engine) -> None:
    """Two in Sales, one of them in IT too; nobody in a department without a name; one nowhere."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        it, sales, nameless = departments = [
            Department(id=1, name="IT"),
            Department(id=2, name="Sales"),
            Department(id=3, name=None),
        ]
        session.add_all(departments)
        session.add(Employee(name="Ann", departments=[it, sales]))
        session.add(Employee(name="Bob", departments=[sales]))
        session.add(Employee(name="Cid"))
        session.commit()
        assert nameless.employees == []


@pytest.mark.usefixtures("staff")
def test_the_table(manage: Manage) -> None:
    result = manage("headcount", "--no-color")
    assert result.code == 0, result
    assert [line.split("  ")[0] for line in result.stdout.splitlines()[2:]] == [
        "Sales",
        "IT",
        "(department 3)",
        "(in no department)",
    ]
    rows = [line.rsplit(maxsplit=2) for line in result.stdout.splitlines()[2:]]
    assert [row[-2:] for row in rows if "█" in row[-1]] == [
        ["2", "█" * 40],
        ["1", "█" * 20],
        ["1", "█" * 20],
    ]
    assert rows[2][-1] == "0"
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("staff")
def test_json(manage: Manage) -> None:
    assert json.loads(manage("headcount", "--json").stdout) == {
        "departments": [
            {"id": 2, "name": "Sales", "employees": 2},
            {"id": 1, "name": "IT", "employees": 1},
            {"id": 3, "name": None, "employees": 0},
        ],
        "in_no_department": 1,
    }


def test_no_rows_at_all(manage: Manage, engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    result = manage("headcount")
    assert result.code == 0
    assert result.stdout.splitlines()[-1].split() == ["(in", "no", "department)", "0"]


def test_without_tables(manage: Manage, backend: str) -> None:
    result = manage("headcount")
    assert result.code == 1
    assert result.stdout == ""
    assert "manage.py migrate" in result.stderr


def test_a_few_among_many_have_a_bar_as_well(
    manage_on: Callable[[str], Manage], new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Department(name="All", employees=[Employee() for _ in range(200)]))
        session.add(Department(name="One", employees=[Employee()]))
        session.commit()
    lines = manage_on(url)("headcount").stdout.splitlines()
    assert [line.count("█") for line in lines[2:]] == [40, 1, 0]
