"""prepare: from nothing to a migrated, filled, checked database, and safe to repeat."""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import user_tables
from support.programs import Manage
from support.project import ProjectFolder


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


class Typing(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def new_project(backend: str, new_database: Callable[..., str], tmp_path: Path) -> ProjectFolder:
    """Models, and neither revisions nor a database."""
    project = ProjectFolder(tmp_path / "own", new_database(backend, create=False))
    project.models('note = table("note", key())')
    return project


def test_a_new_project_where_nobody_can_be_asked(new_project: ProjectFolder) -> None:
    result = new_project.manage("prepare")
    assert result.code == 3, result
    assert "There are no revisions yet, and the models have 1 table. Nothing was done." in (
        result.stderr
    )
    assert "Created" not in result.stderr
    assert not (new_project.folder / "migrations").exists()
    ways = [shlex.split(line)[1:] for line in result.stderr.splitlines()[1:]]
    assert ways == [["makemigrations"], ["prepare"]]
    for way in ways:
        assert new_project.manage(*way).code == 0
    assert new_project.tables() == {"note"}
    assert new_project.heads() == {"0001_initial"}


def test_a_table_that_no_revision_makes_leads_to_makemigrations(
    new_project: ProjectFolder,
) -> None:
    assert new_project.manage("makemigrations").code == 0
    new_project.models('note = table("note", key())\nlate = table("late", key())')
    result = new_project.manage("prepare")
    assert result.code == 1, result
    assert "The database has no table late (" in result.stderr
    assert result.stderr.endswith("manage.py makemigrations writes one.\n")
    assert new_project.manage("makemigrations").code == 0
    assert new_project.manage("prepare").code == 0


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_new_project_on_a_terminal(
    new_project: ProjectFolder, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Typing(f"{answer}\n"))
    result = new_project.manage("prepare")
    assert "Write the first revision, and apply it?" in result.stderr
    if answer == "n":
        assert result.code == 1
        assert "manage.py makemigrations\nmanage.py prepare\n" in result.stderr
        assert not (new_project.folder / "migrations").exists()
        return
    assert result.code == 0, result
    assert new_project.tables() == {"note"}
    assert "migrations/versions/0001_initial.py" in result.stdout


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_fails_in_a_new_project_leaves_nothing_and_leads_out(
    new_project: ProjectFolder,
) -> None:
    before = {path.name for path in new_project.folder.iterdir()}
    for command in (("backup",), ("shell", "-c", "1"), ("flush", "--no-input"), ("dbshell",)):
        result = new_project.manage(*command)
        assert result.code == 1, result
        assert "manage.py prepare creates, migrates and fills it" in result.stderr
        assert {path.name for path in new_project.folder.iterdir()} - before <= {"__pycache__"}
    new_project.models("")
    assert "No models were found in staff." in new_project.manage("prepare").stderr
