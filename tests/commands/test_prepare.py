"""prepare: from nothing to a migrated, filled, checked database, and safe to repeat."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from support.databases import user_tables
from support.programs import Manage


def test_from_no_database_at_all_and_again(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str], backend: str
) -> None:
    url = new_database(backend, create=False)
    manage = manage_on(url)
    first = manage("prepare")
    assert first.code == 0, first
    assert "Created " in first.stderr
    assert "Applying 0003_employee_updated_at" in first.stderr
    assert "Seeded " in first.stderr
    lines = {line.split()[0]: line.split()[-1] for line in first.stdout.splitlines() if line}
    assert lines["department"] == "10"
    assert lines["employee"] == "10"
    assert 10 <= int(lines["department_employee_link"]) <= 30
    assert "links ok" in first.stdout

    second = manage("prepare")
    assert second.code == 0, second
    assert "Created " not in second.stderr
    assert "Not seeded" in second.stderr
    assert second.stdout == first.stdout


def test_rows_that_are_there_are_left_alone(manage: Manage, engine: sa.Engine) -> None:
    manage("migrate")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO department (name) VALUES ('Mine')")
    assert manage("prepare").code == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT name FROM department").all() == [("Mine",)]


def test_a_database_without_history_is_not_touched(manage: Manage, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE employee (id INTEGER PRIMARY KEY)")
    result = manage("prepare")
    assert result.code == 1
    assert "employee: differs" in result.stderr
    assert user_tables(engine) == {"employee"}
