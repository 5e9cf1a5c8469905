"""A revision that is right, and cannot run: whose fault that is, is said first."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.items import Items
from support.programs import Result
from support.project import ProjectFolder

only = pytest.mark.parametrize


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Items:
    app = Items(tmp_path / "project", database_url)
    app.done("migrate")
    return app


def failed(app: Items, first: str) -> str:
    """What migrate says, which begins with ``first`` and does not blame the revision."""
    result = app.manage("migrate")
    assert result.code == 1, result
    error = result.stderr.partition("Error: ")[2]
    assert error.startswith(first), result
    assert "Fix the" not in error and "The revision" not in error
    assert app.version == "0001_base" and app.numbers == [1, 1]
    return error


def test_rows_that_a_constraint_does_not_allow(app: Items) -> None:
    app.step("0002_step", 'op.create_index("ix_n", "item", ["n"], unique=True)')
    error = failed(app, "The data in the tables is in the way. 0002_step failed: ")
    assert "Correct these rows" in error and "then: manage.py migrate" in error
    app.execute("UPDATE item SET n = id")
    app.done("migrate")


def test_a_revision_that_is_wrong_is_blamed(app: Items, backend: str) -> None:
    for line in ("INSERT INTO item VALUES (1, 1)", "SELEC"):
        app.step("0002_step", f'op.execute("{line}")')
        error = app.manage("migrate").stderr.partition("Error: ")[2]
        assert error.startswith("The revision 0002_step failed: "), error
        assert "Fix the" in error
    app.step("0002_step", 'raise ValueError("no")')
    error = app.manage("migrate").stderr.partition("Error: ")[2]
    assert error.startswith("The revision 0002_step failed: ValueError: no"), error


@only("backend", ["postgresql", "mariadb"])
def test_a_time_limit(app: Items, backend: str) -> None:
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text() + "STATEMENT_TIMEOUT = 0.5\n")
    sleep = "pg_sleep(60)" if backend == "postgresql" else "SLEEP(60) FROM item"
    app.step("0002_step", f'op.execute("SELECT {sleep}")')
    error = failed(app, "The time limit for a statement was reached. 0002_step failed: ")
    assert "Raise STATEMENT_TIMEOUT in the settings" in error


READ_ONLY = {
    "sqlite": "PRAGMA query_only=ON",
    "postgresql": "SET TRANSACTION READ ONLY",
}


@only("backend", ["sqlite", "postgresql"])
def test_a_database_that_is_read_only(app: Items, backend: str) -> None:
    app.step("0002_step", f'op.execute("{READ_ONLY[backend]}")', 'op.execute("DELETE FROM item")')
    failed(app, "The database is read-only. 0002_step failed: ")


@only("backend", ["postgresql"])
def test_a_right_that_is_missing(app: Items) -> None:
    app.step("0002_step", 'op.execute("SET LOCAL ROLE pg_monitor")', 'op.execute("TABLE item")')
    failed(app, "The permissions are missing. 0002_step failed: ")


@only("backend", ["sqlite"])
@only(
    ("line", "first"),
    [
        ("raise MemoryError", "The memory is used up. 0002_step failed: "),
        ('raise OSError(28, "No space left on device")', "The disk is full. 0002_step failed: "),
        ('open("/nowhere/x", "w")', "The revision 0002_step failed: FileNotFoundError"),
    ],
)
def test_the_system_is_to_blame(app: Items, line: str, first: str) -> None:
    app.step("0002_step", line)
    error = app.manage("migrate").stderr.partition("Error: ")[2]
    assert error.startswith(first), error
    assert ("Fix the" in error) is first.startswith("The revision")


@only("backend", ["sqlite"])
def test_a_disk_that_is_full_before_the_first_revision_is_no_lock(
    tmp_path: Path, database_url: str
) -> None:
    app = Items(tmp_path / "full", database_url)
    settings = app.folder / "staff_settings.py"
    settings.write_text(
        settings.read_text()
        + "from sqlalchemy import event\nfrom sqlalchemy.engine import Engine\n\n\n"
        + '@event.listens_for(Engine, "connect")\ndef small(connection, record):\n'
        + '    connection.execute("PRAGMA max_page_count=1")\n'
    )
    result = app.spawn("migrate")
    assert result.code == 1, result
    assert "The disk or the database is full" in result.stderr
    assert "database or disk is full" in result.stderr
    assert "Another process" not in result.stderr


def written_until_full(app: ProjectFolder, monkeypatch: pytest.MonkeyPatch, room: int) -> Result:
    """``makemigrations`` on a disk that has room for so many files."""
    sync, left, folder = os.fsync, [room], app.folder / "migrations"

    def fsync(handle: int) -> None:
        if os.fstat(handle).st_ino in {path.stat().st_ino for path in folder.rglob(".*.tmp")}:
            left[0] -= 1
            if left[0] < 0:
                os.ftruncate(handle, 0)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        return app.manage("makemigrations", "--no-input")


@only("backend", ["sqlite"])
@only("room", [0, 1, 2])
def test_a_full_disk_leaves_whole_files_or_none(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    app.models('item = table("item", key())\n')
    result = written_until_full(app, monkeypatch, room)
    assert result.code == 1, result
    assert "Error: The disk is full. Cannot write " in result.stderr
    assert "Free some space, then repeat the command." in result.stderr
    found = [p for p in (app.folder / "migrations").rglob("*") if p.is_file()]
    assert len(found) == room and all(path.stat().st_size for path in found), found
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    assert "item" in app.tables()


@only("backend", ["sqlite"])
@only("name", ["env.py", "script.py.mako"])
def test_an_empty_file_of_the_folder_is_named(app: Items, name: str) -> None:
    path = app.folder / "migrations" / name
    text = path.read_text()
    path.write_text("")
    app.step("0002_step")
    for words in (["migrate"], ["makemigrations", "--empty"]):
        result = app.manage(*words)
        assert result.code == 1, result
        assert f"Error: {path} is empty. Was the disk full when it was written?" in result.stderr
        assert "or delete it, and this writes it again: manage.py migrate" in result.stderr
    path.unlink()
    app.done("migrate")
    assert app.version == "0002_step" and path.read_text() == text


@only("backend", ["sqlite"])
def test_a_missing_env_py_is_named(app: Items) -> None:
    path = app.folder / "migrations" / "env.py"
    path.unlink()
    result = app.manage("sqlmigrate", "0001")
    assert (result.code, result.stderr) == (
        1,
        f"Error: {path} is missing.\nThis writes it again: manage.py migrate\n",
    )
    app.step("0002_step")
    app.done("migrate")
    app.done("sqlmigrate", "0001")
