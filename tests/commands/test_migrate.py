"""migrate, showmigrations and sqlmigrate on the sample project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import user_tables
from support.programs import Manage
from support.project import ProjectFolder

IDS = ["0001_initial", "0002_department_employee_link", "0003_employee_updated_at"]


def applied(manage: Manage) -> list[str]:
    return [r["id"] for r in json.loads(manage("showmigrations", "--json").stdout) if r["applied"]]


def test_up_down_and_up_again_is_clean(manage: Manage, engine: sa.Engine) -> None:
    first = manage("migrate")
    assert first.code == 0, first
    assert [f"Applying {i} ... OK" in first.stderr for i in IDS] == [True] * 3
    assert first.stdout == ""
    assert manage("makemigrations", "--check").code == 0

    again = manage("migrate")
    assert again.code == 0
    assert "Nothing to do: the database is at 0003_employee_updated_at" in again.stderr

    assert manage("migrate", "zero").code == 0
    assert user_tables(engine) == set()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            left = connection.exec_driver_sql(
                "SELECT proname FROM pg_proc WHERE proname = 'employee_set_updated_at'"
            ).all()
        assert left == []
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0


def test_every_kind_of_target(manage: Manage) -> None:
    for target, expected in [
        ("0002", IDS[:2]),
        ("+1", IDS),
        ("-2", IDS[:1]),
        ("3", IDS),
        ("0001_initial", IDS[:1]),
        ("zero", []),
        ("head", IDS),
    ]:
        result = manage("migrate", target)
        assert result.code == 0, (target, result)
        assert applied(manage) == expected


def steps(plan: str) -> list[list[str]]:
    """The revisions of a plan that was shown, without what each of them does."""
    return [line.split()[:2] for line in plan.splitlines() if not line.startswith(" ")]


def test_plan_and_check_do_nothing(manage: Manage, engine: sa.Engine) -> None:
    plan = manage("migrate", "--plan")
    assert plan.code == 0
    assert steps(plan.stdout) == [["apply", i] for i in IDS]
    assert manage("migrate", "--check").code == 1
    assert not sa.inspect(engine).has_table("department")
    assert manage("migrate").code == 0
    assert manage("migrate", "--check").code == 0
    down = manage("migrate", "zero", "--plan")
    assert steps(down.stdout) == [["undo", i] for i in reversed(IDS)]
    assert applied(manage) == IDS


def test_fake_records_and_runs_nothing(manage: Manage, engine: sa.Engine) -> None:
    assert manage("migrate", "--fake", "0002").code == 0
    assert applied(manage) == IDS[:2]
    assert not sa.inspect(engine).has_table("department")
    assert manage("migrate", "--fake", "zero").code == 0
    assert applied(manage) == []


def test_marks(manage: Manage) -> None:
    manage("migrate", "0001")
    assert manage("showmigrations").stdout == (
        "[X] 0001_initial\n[ ] 0002_department_employee_link\n[ ] 0003_employee_updated_at\n"
    )
    assert "[ ] 0002_department_employee_link  after 0001_initial" in (
        manage("showmigrations", "--plan").stdout
    )


def test_sql_of_one_revision_without_connecting(
    manage_on: Callable[[str], Manage], backend: str
) -> None:
    url = {
        "sqlite": "sqlite:////nowhere/at/all.sqlite",
        "postgresql": "postgresql://u:secret-word@127.0.0.1:1/x",
        "mariadb": "mariadb://u:secret-word@127.0.0.1:1/x",
    }[backend]
    manage = manage_on(url)
    up = manage("sqlmigrate", "3")
    assert up.code == 0, up
    assert "CREATE TRIGGER employee_set_updated_at" in up.stdout
    assert "department_employee_link (" not in up.stdout
    down = manage("sqlmigrate", "0003", "--backwards")
    assert "DROP TRIGGER employee_set_updated_at" in down.stdout
    assert "CREATE TRIGGER" not in down.stdout
    assert "secret-word" not in up.stdout + up.stderr + down.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["migrate", "0004"], 2, "No revision '0004'"),
        (["migrate", "0003_employee_updated"], 0, ""),
        (["migrate", "000"], 2, "matches 3 revisions"),
        (["migrate", "0002_departmnet_employee_link"], 2, "Did you mean '0002_department_emp"),
        (["migrate", "--paln"], 2, "No such option"),
        (["migrate", "-9"], 2, "There is nothing to undo: no revision is applied."),
        (["sqlmigrate", "nope"], 2, "No revision 'nope'"),
        (["migrat"], 2, "Did you mean 'migrate'"),
    ],
)
def test_wrong_usage(
    manage_on: Callable[[str], Manage],
    new_database: Callable[[str], str],
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    result = manage_on(new_database("sqlite"))(*arguments)
    assert result.code == code, result
    assert says in result.stderr


def test_a_database_at_a_revision_without_a_file(manage: Manage, engine: sa.Engine) -> None:
    assert manage("migrate").code == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0009_elsewhere'")
    for command in (["migrate"], ["migrate", "--check"], ["check"]):
        result = manage(*command)
        assert result.code == 1
        assert "is at 0009_elsewhere" in result.stdout + result.stderr
    assert "has no file here" in manage("showmigrations").stderr


def test_branches_are_named_by_their_labels(tmp_path: Path, database_url: str) -> None:
    project = ProjectFolder(tmp_path / "project", database_url).write_history()
    below: dict[str, str | None] = {"shop": None, "users": None}
    for number in (1, 2):
        for label in below:
            name = f"000{number}_{label}"
            table = f"{label}_{number}"
            up = f"op.create_table('{table}', sa.Column('id', sa.Integer, primary_key=True))"
            more = f"branch_labels = ('{label}',)" if number == 1 else ""
            project.revision(name, below[label], up, f"op.drop_table('{table}')", more)
            below[label] = name
    for target, tables in (
        ("shop@head", {"shop_1", "shop_2"}),
        ("users@+1", {"shop_1", "shop_2", "users_1"}),
        ("shop@-1", {"shop_1", "users_1"}),
        ("heads", {"shop_1", "shop_2", "users_1", "users_2"}),
        ("users", {"shop_1", "shop_2", "users_1"}),
        ("shop@base", {"users_1"}),
        ("zero", set()),
    ):
        project.done("migrate", target)
        assert project.tables() == tables, target
    assert "No revision 'shops'" in project.manage("migrate", "shops@head").stderr
