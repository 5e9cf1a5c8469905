"""The story: a program that made its tables with create_all comes under migrations, rows kept."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.programs import PROJECTS, Manage, run

from hr.models import Department, Employee


@pytest.fixture
def legacy(database_url: str) -> None:
    """The database as the program without migrations left it."""
    result = run(PROJECTS / "story", "legacy.py", database_url)
    assert result.code == 0, result


def rows(engine: sa.Engine) -> dict[str, list[tuple]]:
    with engine.connect() as connection:
        return {
            table: [
                tuple(r) for r in connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY id"))
            ]
            for table in ("department", "employee")
        }


@pytest.mark.usefixtures("legacy")
def test_the_story(manage: Manage, engine: sa.Engine) -> None:
    before = rows(engine)
    assert len(before["employee"]) == 3

    refused = manage("migrate")
    assert refused.code == 1
    assert "department: matches" in refused.stderr
    assert "employee: matches" in refused.stderr
    assert "manage.py migrate --fake-initial" in refused.stderr
    assert rows(engine) == before
    assert not sa.inspect(engine).has_table("alembic_version")

    adopted = manage("migrate", "--fake-initial")
    assert adopted.code == 0, adopted
    assert "Recorded 0001_initial without running it" in adopted.stderr
    assert "[ ]" not in manage("showmigrations").stdout
    after = rows(engine)
    assert after["department"] == before["department"]
    assert [row[:3] for row in after["employee"]] == before["employee"]

    with Session(engine) as session:
        it, financial = session.scalars(sa.select(Department).order_by(Department.id))
        cathy, marry, john = session.scalars(sa.select(Employee).order_by(Employee.id))
        financial.employees += [cathy, marry]
        john.departments.append(it)
        session.commit()
    with Session(engine) as session:
        members = {
            d.name: {e.name for e in d.employees} for d in session.scalars(sa.select(Department))
        }
        homes = {
            e.name: {d.name for d in e.departments} for e in session.scalars(sa.select(Employee))
        }
    assert members == {"IT": {"John"}, "Financial": {"Cathy", "Marry"}}
    assert homes == {"John": {"IT"}, "Cathy": {"Financial"}, "Marry": {"Financial"}}

    links = manage("checklinks")
    assert links.code == 0, links
    assert "links ok" in links.stdout
    assert manage("makemigrations", "--check").code == 0


@pytest.mark.usefixtures("legacy")
def test_the_trigger_keeps_updated_at(manage: Manage, engine: sa.Engine) -> None:
    assert manage("migrate", "--fake-initial").code == 0
    with Session(engine) as session:
        cathy = session.get_one(Employee, 1)
        assert cathy.updated_at is None
        cathy.name = "Catherine"
        session.commit()
        session.refresh(cathy)
        assert cathy.updated_at is not None
        # An update that sets the time itself keeps what it set.
        then = cathy.updated_at.replace(year=2001)
        cathy.updated_at = then
        session.commit()
        session.refresh(cathy)
        assert cathy.updated_at == then
        assert session.get_one(Employee, 2).updated_at is None


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ALTER TABLE employee ADD COLUMN notes VARCHAR(10)", "drop column employee.notes"),
        ("DROP TABLE employee", "employee: is not in the database"),
        ("CREATE INDEX ix_name ON department (name)", "drop index ix_name of department"),
    ],
)
def test_tables_that_differ_are_named_and_never_adopted(
    manage: Manage, engine: sa.Engine, change: str, says: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    for arguments in (["migrate"], ["migrate", "--fake-initial"]):
        result = manage(*arguments)
        assert result.code == 1
        assert says in result.stderr
        assert "nothing was changed" in result.stderr
    assert not sa.inspect(engine).has_table("alembic_version")


def test_an_empty_database_needs_no_flag_and_takes_it(manage: Manage) -> None:
    assert manage("migrate", "--fake-initial").code == 0
    listed = json.loads(manage("showmigrations", "--json").stdout)
    assert [(r["id"], r["applied"]) for r in listed] == [
        ("0001_initial", True),
        ("0002_department_employee_link", True),
        ("0003_employee_updated_at", True),
    ]


def test_somebody_elses_tables_are_no_reason_to_refuse(manage: Manage, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE weather (id INTEGER)")
    assert manage("migrate").code == 0
    assert sa.inspect(engine).has_table("weather")
