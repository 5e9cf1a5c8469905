"""check: one line per thing that can be wrong, exit 1 if one is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from support.programs import Manage, run

NAMES = ["settings", "models", "history", "connection", "migrations", "schema"]


def statuses(output: str) -> dict[str, str]:
    return {c["name"]: c["status"] for c in json.loads(output)["checks"]}


def test_a_project_in_order(manage: Manage) -> None:
    manage("migrate")
    result = manage("check")
    assert result.code == 0, result
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [["ok", n] for n in NAMES]
    as_json = json.loads(manage("check", "--json").stdout)
    assert as_json["ok"] is True


def test_pending_migrations_and_a_changed_schema(manage: Manage, engine: sa.Engine) -> None:
    pending = manage("check", "--json")
    assert pending.code == 1
    assert (
        statuses(pending.stdout)
        == {
            **dict.fromkeys(NAMES[:4], "ok"),
            "migrations": "failed",
            "schema": "skipped",
        }
        or engine.dialect.name == "sqlite"
    )
    manage("migrate")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE employee DROP COLUMN hired_on")
    changed = manage("check", "--json")
    assert changed.code == 1
    assert statuses(changed.stdout)["schema"] == "failed"
    assert "+ add column employee.hired_on" in changed.stdout


def test_what_others_put_into_the_database_is_told(manage: Manage, engine: sa.Engine) -> None:
    manage("migrate")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE department ADD COLUMN floor INTEGER")
    result = manage("check")
    assert result.code == 0, result
    schema = result.stdout.splitlines()[-1]
    assert schema.startswith("ok       schema      matches the models; column department.floor: ")
    # It is no fault of the models, but it is drift.
    drift = manage("check", "--drift")
    assert drift.code == 1
    assert "+ has column department.floor: INTEGER" in drift.stdout


def test_models_that_raise_are_named_with_file_and_line(
    copy_project: Callable[[str], Path],
) -> None:
    folder = copy_project("bare")
    models = folder / "notes" / "models.py"
    models.write_text("x = 1\nraise NameError('no such thing')\n")
    result = run(folder, "manage.py", "check", "--json")
    assert result.code == 1
    assert statuses(result.stdout)["models"] == "failed"
    assert f"{models}, line 2" in result.stdout
    assert "Traceback" not in result.stderr


def test_lines_of_a_message_are_below_each_other(manage: Manage, engine: sa.Engine) -> None:
    manage("migrate")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE department_employee_link")
        connection.exec_driver_sql("ALTER TABLE employee DROP COLUMN hired_on")
    lines = manage("check").stdout.splitlines()
    failed = next(n for n, line in enumerate(lines) if line.startswith("failed   schema"))
    assert len(lines) > failed + 1
    assert all(line.startswith(" " * 21) for line in lines[failed + 1 :])
