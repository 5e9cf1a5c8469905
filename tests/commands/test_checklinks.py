"""checklinks: the table, the names of the broken keys, the exit code."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from support.programs import Manage

OFF = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET foreign_key_checks = 0",
}


def damage(engine: sa.Engine, *statements: str) -> None:
    """Write with the database's own check switched off."""
    with engine.begin() as connection:
        for statement in (OFF[engine.dialect.name], *statements):
            connection.exec_driver_sql(statement)


@pytest.fixture
def filled(manage: Manage) -> Manage:
    assert manage("migrate").code == 0
    assert manage("seed", "--random-seed", "1").code == 0
    return manage


def test_whole_links(filled: Manage) -> None:
    result = filled("checklinks")
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["link", "kind", "links", "broken"]
    assert lines[-1] == "links ok: 18 links, 4 checks"
    as_json = json.loads(filled("checklinks", "--circles", "--json").stdout)
    assert as_json["ok"] is True
    assert as_json["not_judged"] == []
    assert [link["name"] for link in as_json["links"]] == [
        "department_employee_link(department_id) -> department(id)",
        "department_employee_link(employee_id) -> employee(id)",
        "department_employee_link(department_id, employee_id)",
        "Department.employees <-> Employee.departments",
    ]
    assert {link["links"] for link in as_json["links"]} == {18}


def test_a_link_row_made_dangling_by_hand_is_named(filled: Manage, engine: sa.Engine) -> None:
    damage(engine, "INSERT INTO department_employee_link VALUES (99, 1)")
    result = filled("checklinks")
    assert result.code == 1
    assert (
        "department_employee_link (department_id=99, employee_id=1): "
        "no department with id=99 (dangling)\n" in result.stdout
    )
    assert result.stdout.endswith("1 broken link\n")
    as_json = json.loads(filled("checklinks", "--json").stdout)
    assert as_json["ok"] is False
    assert as_json["links"][0]["broken"] == [
        {
            "kind": "dangling",
            "table": "department_employee_link",
            "key": {"department_id": 99, "employee_id": 1},
            "message": "department_employee_link (department_id=99, employee_id=1): "
            "no department with id=99 (dangling)",
        }
    ]


def test_many_broken_keys_are_counted_and_the_first_named(
    filled: Manage, engine: sa.Engine
) -> None:
    rows = ", ".join(f"(99, {employee})" for employee in range(1000, 1030))
    damage(engine, f"INSERT INTO department_employee_link VALUES {rows}")
    result = filled("checklinks")
    assert result.code == 1
    assert result.stdout.count("no department with id=99") == 20
    assert "... and 10 more of" in result.stdout
    assert result.stdout.endswith("60 broken links\n")
    as_json = json.loads(filled("checklinks", "--json").stdout)
    assert [len(link["broken"]) for link in as_json["links"]] == [30, 30, 0, 0]


def test_before_any_migration(manage: Manage, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE something_else (id INTEGER)")
    result = manage("checklinks")
    assert result.code == 1
    assert "table department_employee_link is missing: manage.py check" in result.stdout
