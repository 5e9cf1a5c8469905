"""seed: through the factories, all or nothing, the same rows for the same random seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.programs import Manage, run

from hr.models import Base


def content(url: str) -> dict[str, list[tuple]]:
    """Every row of hr's tables."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.server
def test_the_same_random_seed_gives_equal_rows_and_links_on_every_database(
    manage_on: Callable[[str], Manage], new_database: Callable[[str], str]
) -> None:
    contents = []
    for backend in BACKENDS:
        url = new_database(backend)
        manage = manage_on(url)
        assert manage("migrate").code == 0
        result = manage("seed", "--random-seed", "7", "Employee=1000")
        assert result.code == 0, result
        assert "rows/s" in result.stdout
        assert "random seed 7" in result.stdout
        contents.append(content(url))
    assert len(contents[0]["employee"]) == 1000
    assert len(contents[0]["department_employee_link"]) > 1000
    assert contents[0] == contents[1] == contents[2]


def test_every_employee_is_in_one_to_three_departments(manage: Manage, database_url: str) -> None:
    manage("migrate")
    assert manage("seed", "Department=5", "Employee=50").code == 0
    rows = content(database_url)
    assert len(rows["department"]) == 5
    per_employee = [
        sum(1 for link in rows["department_employee_link"] if link[1] == employee[0])
        for employee in rows["employee"]
    ]
    assert set(per_employee) == {1, 2, 3}


def test_a_second_seed_adds_rows_and_another_number_gives_others(
    manage_on: Callable[[str], Manage], new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    manage = manage_on(url)
    manage("migrate")
    first = json.loads(manage("seed", "--json", "--random-seed", "1").stdout)
    assert first["rows"]["employee"] == 10
    assert first["random_seed"] == 1
    assert manage("seed", "--random-seed", "2").code == 0
    names = [row[1] for row in content(url)["employee"]]
    assert len(names) == 20
    assert names[:10] != names[10:]
    # Without a number one is chosen, and said.
    unnamed = json.loads(manage("seed", "--json").stdout)
    again = json.loads(manage("seed", "--json").stdout)
    assert unnamed["random_seed"] != again["random_seed"]


def test_none_of_a_model(manage_on: Callable[[str], Manage], new_database) -> None:
    url = new_database("sqlite")
    manage = manage_on(url)
    manage("migrate")
    assert manage("seed", "Employee=0").code == 0
    assert not any(content(url).values())


@pytest.mark.parametrize(
    ("argument", "code", "says"),
    [
        ("Employee=-1", 2, "not a whole number"),
        ("Employee=many", 2, "not a whole number"),
        ("Employee", 2, "say how many rows, as MODEL=COUNT"),
        ("=3", 2, "is not MODEL=COUNT"),
        ("Employe=3", 2, "Did you mean 'Employee'"),
        ("--random-sed", 2, "No such option"),
    ],
)
def test_wrong_usage(
    manage_on: Callable[[str], Manage], new_database, argument: str, code: int, says: str
) -> None:
    manage = manage_on(new_database("sqlite"))
    manage("migrate")
    result = manage("seed", argument)
    assert result.code == code
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("unique", "MakerFactory: the database refuses maker.name = 'Maker 3' (UNIQUE"),
        ("null", "ItemFactory: the database refuses item.price = None (NOT NULL)"),
        ("check", "ItemFactory: the database refuses item.price = -5 (CHECK"),
        ("long", "ItemFactory: item.code = 'xxxxxxxxxxx' is too long for String(length=10)"),
        ("type", "item.made_at = 'not a date'"),
        ("raise", "ItemFactory failed at row 25: ZeroDivisionError"),
    ],
)
def test_a_refused_row_names_factory_column_and_value_and_nothing_is_written(
    copy_project: Callable[[str], Path],
    database_url: str,
    backend: str,
    engine: sa.Engine,
    kind: str,
    says: str,
) -> None:
    folder = copy_project("strict")
    assert run(folder, "manage.py", "makemigrations", url=database_url).code == 0
    assert run(folder, "manage.py", "migrate", url=database_url).code == 0
    result = run(folder, "manage.py", "seed", "Item=40", url=database_url, BREAK=kind)
    assert result.code == 1, result
    assert says in result.stderr
    assert "Nothing was written" in result.stderr
    assert "Traceback" not in result.stderr
    with engine.connect() as connection:
        for table in ("maker", "item"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    # The same factories, unbroken, fill the same database.
    assert run(folder, "manage.py", "seed", "Item=40", url=database_url).code == 0


@pytest.mark.server
def test_a_database_behind_the_models_is_to_be_migrated(manage: Manage, engine: sa.Engine) -> None:
    assert manage("migrate").code == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE department RENAME COLUMN name TO title")
    result = manage("seed", "Department=1")
    assert result.code == 1, result
    assert "A column is missing" in result.stderr
    assert "manage.py migrate applies the revisions that wait" in result.stderr


def test_without_tables_the_command_to_type_is_named(manage: Manage, backend: str) -> None:
    result = manage("seed")
    assert result.code == 1
    assert "manage.py prepare" in result.stderr or "manage.py migrate" in result.stderr, result
    assert "Traceback" not in result.stderr
