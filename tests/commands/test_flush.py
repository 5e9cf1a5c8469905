"""flush: what it asks, what it prints, and what it leaves of the seed ledger."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from support.programs import Manage

from sqlalchemy_manage.databases.protection import VARIABLE

TABLES = ("department", "employee", "department_employee_link")


class Typing(io.StringIO):
    def isatty(self) -> bool:
        return True


def rows(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in TABLES
        }


@pytest.fixture
def filled(manage: Manage, engine: sa.Engine) -> dict[str, int]:
    assert manage("migrate").code == 0
    assert manage("seed", "--random-seed", "1").code == 0
    return rows(engine)


def test_a_seed_run_knows_only_what_is_left(
    manage: Manage, engine: sa.Engine, filled: dict[str, int]
) -> None:
    assert manage("flush", "Department", "--no-input").code == 0
    left = {"department": 0, "employee": filled["employee"], "department_employee_link": 0}
    assert rows(engine) == left
    (run,) = json.loads(manage("seed", "--status", "--json").stdout)
    assert (run["state"], run["rows"]) == ("done", {"employee": 10})
    # A user's department has the number that a seeded one had: it is not the run's.
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO department (name) VALUES ('Mine')")
        assert connection.exec_driver_sql("SELECT id FROM department").scalar() == 1
    undone = manage("seed", "--undo")
    assert undone.code == 0, undone
    assert rows(engine) == {"department": 1, "employee": 0, "department_employee_link": 0}


def test_nothing_is_left_of_a_run(
    manage: Manage, engine: sa.Engine, filled: dict[str, int]
) -> None:
    done = manage("flush", "--no-input", "--json")
    assert done.code == 0, done
    answer = json.loads(done.stdout)
    assert answer["rows"] == filled
    assert answer["undone"] == [1]
    assert answer["counting_on"] == []
    assert "Nothing is left of seed run 1: it is undone." in done.stderr
    assert rows(engine) == dict.fromkeys(TABLES, 0)
    assert json.loads(manage("seed", "--status", "--json").stdout)[0]["state"] == "undone"
    assert manage("seed", "--undo").code == 1
    assert manage("showmigrations", "--json").code == 0
    assert "Nothing to do" in manage("migrate").stderr
    again = manage("seed", "--random-seed", "1")
    assert again.code == 0, again
    assert rows(engine) == filled


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_part_of_the_rows_of_a_run(
    manage: Manage, engine: sa.Engine, filled: dict[str, int]
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM department_employee_link WHERE department_id > 2")
    left = rows(engine)["department_employee_link"]
    plan = json.loads(manage("flush", "Department", "--plan", "--json").stdout)
    assert plan["rows"] == {"department": 10, "department_employee_link": left}
    assert plan["why"] == {"department": "named", "department_employee_link": "link rows"}
    assert rows(engine) == filled | {"department_employee_link": left}


@pytest.mark.parametrize("backend", ["sqlite"])
def test_it_asks(
    manage: Manage, engine: sa.Engine, filled: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for typed, code in (("\n", 1), ("n\n", 1), ("", 3), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", Typing(typed))
        assert rows(engine) == filled
        result = manage("flush")
        assert result.code == code, result
        assert "38 rows of sqlite" in result.stderr
        assert "  department_employee_link: 18\n" in result.stderr
    assert sum(rows(engine).values()) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO())
    result = manage("flush", "hr", "--cascade")
    assert result.code == 3
    assert result.stderr.endswith("manage.py flush hr --cascade --no-input\n")


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_protected_database(
    manage: Manage, engine: sa.Engine, filled: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(engine.url.database).rpartition("/")[2]
    assert manage("environment", "production").code == 0
    assert manage("flush", "--plan").code == 0
    for typed, more in (("y\n", ()), (f"{name}\n", ("--no-input",))):
        monkeypatch.setattr("sys.stdin", Typing(typed))
        assert manage("flush", *more).code == (3 if more else 1)
        assert rows(engine) == filled
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv(VARIABLE, name)
    assert manage("flush").code == 0
    assert sum(rows(engine).values()) == 0


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_interrupted_seed(
    manage: Manage, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run that is still at work nothing is removed; of a dead one all of it."""
    assert manage("migrate").code == 0
    assert manage("seed", "Department=3").code == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sqlalchemy_manage_seed_run SET state = 'running'")
    monkeypatch.setattr("os.getpid", lambda: 1)  # the run's process is this one, and alive
    busy = manage("flush", "--no-input")
    assert busy.code == 1, busy
    assert "is still running" in busy.stderr
    monkeypatch.undo()


def test_no_database(manage_on: Callable[[str], Manage], new_database: Callable[..., str]) -> None:
    result = manage_on(new_database("sqlite", create=False))("flush", "--no-input")
    assert result.code == 1
    assert "There is no database file" in result.stderr
