"""restore: the database becomes what the backup is, or stays what it was."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.killing import dump, killed_after, killed_at, names, spread
from support.programs import Manage, Result

from sqlalchemy_manage.data import restore as module
from sqlalchemy_manage.data import sqlite_copy
from sqlalchemy_manage.data.backup import back_up
from sqlalchemy_manage.data.restore import restore
from sqlalchemy_manage.databases.protection import stamp
from sqlalchemy_manage.errors import BackupError, Interrupted, Locked
from sqlalchemy_manage.interrupts import listening
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.backup_fixtures"]


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements or ("DELETE FROM child", "CREATE TABLE later (id INTEGER)"):
        connection.execute(statement)
    connection.close()


def test_equal_and_what_was_there_is_saved(shop: Project, shop_file: Path) -> None:
    expected = dump(shop_file)
    made = back_up(shop)
    change(shop_file)
    meanwhile = dump(shop_file)
    done = restore(shop, made.path)
    assert dump(shop_file) == expected != meanwhile
    assert done.saved is not None and dump(done.saved.path) == meanwhile
    assert dump(made.path) == expected
    change(shop_file)
    assert restore(shop, made.path, save=False).saved is None
    assert dump(shop_file) == expected
    assert not list(shop_file.parent.glob(".*partial*"))


def test_into_a_file_that_is_not_there(shop: Project, shop_file: Path) -> None:
    expected = dump(shop_file)
    made = back_up(shop)
    shop_file.unlink()
    assert restore(shop, made.path).saved is None
    assert dump(shop_file) == expected


@pytest.mark.parametrize("page_size", [4096, 8192])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_those_who_have_it_open_see_the_old_or_the_new(
    shop: Project, shop_file: Path, mode: str, page_size: int
) -> None:
    """The file stays the same file: nobody goes on with one that has no name any more."""
    made = back_up(shop)
    change(shop_file, f"PRAGMA page_size={page_size}", "VACUUM", f"PRAGMA journal_mode={mode}")
    change(shop_file, "INSERT INTO parent (name) VALUES ('later')")
    reader = sqlite3.connect(shop_file, isolation_level=None)
    count = "SELECT count(*) FROM parent"
    assert reader.execute(count).fetchone() == (4,)
    reader.close() if mode == "wal" and page_size != 4096 else None
    inode = shop_file.stat().st_ino
    restore(shop, made.path)
    if not (mode == "wal" and page_size != 4096):
        assert reader.execute(count).fetchone() == (3,)
        reader.close()
    assert shop_file.stat().st_ino == inode
    after = sqlite3.connect(shop_file)
    assert after.execute("PRAGMA journal_mode").fetchone() == (mode,)
    after.close()
    assert dump(shop_file) == dump(made.path)


def test_a_signal_while_sqlite_replaces_it_says_that_it_is_replaced(
    shop: Project, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(shop)
    expected = dump(shop_file)
    change(shop_file)

    def copied(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        sqlite_copy.copy_into(*arguments)

    monkeypatch.setattr(module, "copy_into", copied)
    with listening(), pytest.raises(Interrupted, match=f"it is as in {re.escape(str(made.path))}"):
        restore(shop, made.path)
    assert dump(shop_file) == expected


def test_a_signal_while_another_keeps_it_locked_ends_the_restore(
    shop: Project, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(shop)
    change(shop_file)
    meanwhile = dump(shop_file)
    user = sqlite3.connect(shop_file, isolation_level=None)

    def copied(*arguments: Any) -> None:
        user.execute("BEGIN IMMEDIATE")
        os.kill(os.getpid(), signal.SIGTERM)
        sqlite_copy.copy_into(*arguments[:2], 60)

    monkeypatch.setattr(module, "copy_into", copied)
    with listening(), pytest.raises(Interrupted, match="The database is as it was"):
        restore(shop, made.path)
    user.execute("ROLLBACK")
    user.close()
    assert dump(shop_file) == meanwhile


@pytest.mark.server
@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_signal_as_psql_ends_says_that_it_is_replaced(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "restored_settings.py").write_text(
        f"DATABASES = {{'default': {{'URL': {database_url!r}}}}}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    project = Project("restored_settings")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE item (id INTEGER)")
    made = back_up(project)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE item")
    wait = subprocess.Popen.wait

    def ended(process: Any, timeout: float | None = None) -> int:
        code = wait(process, timeout)
        if timeout is None and Path(process.args[0]).name == "psql":
            os.kill(os.getpid(), signal.SIGINT)
        return code

    monkeypatch.setattr(subprocess.Popen, "wait", ended)
    with listening(), pytest.raises(Interrupted, match="it is as in"):
        restore(project, made.path, save=False)
    assert sa.inspect(engine).has_table("item")


def test_a_database_in_use_stays_as_it_is(shop: Project, shop_file: Path) -> None:
    made = back_up(shop)
    change(shop_file)
    meanwhile = dump(shop_file)
    user = sqlite3.connect(shop_file, isolation_level=None)
    user.execute("BEGIN IMMEDIATE")
    with pytest.raises(Locked):
        restore(shop, made.path)
    user.execute("ROLLBACK")
    user.close()
    assert dump(shop_file) == meanwhile


@pytest.mark.parametrize("harm", ["cut", "page", "text", "itself", "dump"])
def test_a_file_that_is_no_good_backup(shop: Project, shop_file: Path, harm: str) -> None:
    change(shop_file, *[f"INSERT INTO parent (name) VALUES ('{'n' * 300} {i}')" for i in range(99)])
    made = back_up(shop)
    before = dump(shop_file)
    path, data = made.path, made.path.read_bytes()
    if harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "page":
        path.write_bytes(data[:20480] + b"\xff" * 4096 + data[24576:])
    elif harm == "text":
        path.write_text("hello")
    elif harm == "dump":
        path.write_bytes(b"PGDMP" + data)
    else:
        path = shop_file
    with pytest.raises(BackupError):
        restore(shop, path)
    assert dump(shop_file) == before


@pytest.mark.slow(reason="kills")
def test_killed_at_any_line_the_database_is_the_old_or_the_new(
    shop: Project, shop_file: Path
) -> None:
    made = back_up(shop)
    new = dump(shop_file)
    change(shop_file)
    old = dump(shop_file)
    saved = shop_file.read_bytes()
    assert shop.settings
    modules = (module, sqlite_copy)
    total = killed_at(None, lambda: restore(shop, made.path, save=False), modules)
    assert total >= 50
    assert dump(shop_file) == new
    seen = set()
    for point in spread(total):
        shop_file.write_bytes(saved)
        killed_at(point, lambda: restore(shop, made.path, save=False), modules)
        found = dump(shop_file)
        assert found in (old, new)
        seen.add(found == new)
        assert dump(made.path) == new
        for left in shop_file.parent.glob(".*.partial*"):
            left.unlink()
    assert seen == {True, False}


@pytest.mark.slow(reason="kills")
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_while_the_pages_are_written(tmp_path: Path, mode: str) -> None:
    """Inside SQLite, where no line of ours is reached."""
    new, old = tmp_path / "new.sqlite", tmp_path / "old.sqlite"
    for path, count in ((new, 30_000), (old, 20_000)):
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        connection.executemany("INSERT INTO t (v) VALUES (?)", [("x" * 200,)] * count)
        connection.commit()
        connection.close()
    change(old, f"PRAGMA journal_mode={mode}")
    ends = set()
    for seconds in (0.001, 0.004, 0.008, 0.016, 5):
        ends.add(killed_after(seconds, lambda: sqlite_copy.copy_into(new, old, 5)))
        connection = sqlite3.connect(old)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM t").fetchone()[0] in (20_000, 30_000)
        connection.close()
    assert ends == {True, False}
    assert dump(old)[:-1] == dump(new)[:-1]


def rows(url: str) -> dict[str, list[Any]]:
    """Every table of a database, the tool's own notes of the lock left out."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found = {}
    with engine.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for name in sa.inspect(connection).get_table_names():
            if name != "sqlalchemy_manage_lock":
                query = sa.text(f"SELECT * FROM {quote(name)}")
                found[name] = sorted(map(str, connection.execute(query)))
    return found


@pytest.fixture
def filled(manage: Manage) -> Manage:
    assert manage("migrate").code == 0
    assert manage("loaddata", "sample").code == 0
    return manage


def restored(manage: Manage, path: str) -> Result:
    done = manage("restore", path)
    assert done.code == 0, done
    return done


def test_on_every_database(filled: Manage, database_url: str, engine: sa.Engine) -> None:
    """Tables, rows, triggers and constraints come back; what came later goes."""
    path = filled("backup").stdout.strip()
    before = rows(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM department_employee_link")
        connection.exec_driver_sql("UPDATE employee SET name = 'Nobody'")
        connection.exec_driver_sql("CREATE TABLE later (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT name FROM employee")
    meanwhile = rows(database_url)
    done = restored(filled, path)
    assert rows(database_url) == before
    assert sa.inspect(engine).get_view_names() == []
    for command in ("check", "checklinks"):
        assert filled(command).code == 0
    saved = done.stderr.partition("The old data was saved to ")[2].splitlines()[0]
    restored(filled, saved)
    assert rows(database_url) == meanwhile
    # The trigger works, and new rows get new ids.
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE employee SET name = 'Ann'")
        assert all(connection.exec_driver_sql("SELECT updated_at FROM employee").scalars())
        connection.exec_driver_sql("INSERT INTO department (name) VALUES ('New')")


def test_the_stamp_stays_with_the_database(filled: Manage, engine: sa.Engine) -> None:
    """A backup of production makes no production database of another; nor the reverse."""
    with engine.begin() as connection:
        stamp(connection, "somewhere")
    path = filled("backup").stdout.strip()
    with engine.begin() as connection:
        stamp(connection, "here")
    assert "stamped 'here'" in restored(filled, path).stderr
    assert filled("environment").stdout == "here\n"
    with engine.begin() as connection:
        stamp(connection, None)
    restored(filled, path)
    assert filled("environment").stdout == "somewhere\n"


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_dump_that_fails_in_its_midst(
    filled: Manage, database_url: str, backend: str, tmp_path: Path, monkeypatch: Any
) -> None:
    path = Path(filled("backup").stdout.strip())
    before = rows(database_url)
    if backend == "mariadb":
        text = path.read_text()
        assert "INSERT INTO `employee`" in text
        path.write_text(text.replace("INSERT INTO `employee`", "INSERT INTO `no_such_table`"))
        says = "no_such_table"
    else:
        # A row that hangs in the air: its foreign key is refused at the very end.
        engine = sa.create_engine(database_url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("INSERT INTO department_employee_link VALUES (99, 1)")
        path = Path(filled("backup").stdout.strip())
        before = rows(database_url)
        says = "violates foreign key"
    failed = filled("restore", path)
    assert failed.code == 1
    assert says in failed.stderr, failed
    assert rows(database_url) == before
    if backend == "postgresql":
        assert "rolled back: the database is as it was" in failed.stderr
    path.write_bytes(path.read_bytes()[:-400])
    assert filled("restore", path).code == 1
    assert rows(database_url) == before
    with_use = tmp_path / "use.sql"
    with_use.write_text("-- MariaDB dump\nUSE `mysql`;\n-- Dump completed\n")
    assert filled("restore", with_use).code == 1


@pytest.mark.server
def test_mariadb_brings_the_old_back_when_the_last_step_fails(
    new_database: Callable[..., str],
    manage_on: Callable[[str], Manage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = new_database("mariadb")
    manage = manage_on(url)
    assert manage("migrate").code == 0
    path = manage("backup").stdout.strip()
    assert manage("loaddata", "sample").code == 0
    before = rows(url)
    load = module._load
    calls: list[str] = []

    def failing(project: Any, database: Any, dump: Path) -> None:
        calls.append(str(dump))
        if len(calls) == 2:
            raise BackupError("the disk is full")
        load(project, database, dump)

    monkeypatch.setattr(module, "_load", failing)
    failed = manage("restore", path)
    assert failed.code == 1
    assert "the disk is full\nThe old data was restored." in failed.stderr
    assert rows(url) == before
    # In the scratch database, for good, and the old one again.
    assert len(calls) == 3 and calls[:2] == [path, path]
    assert names(Path(path).parent) == {".gitignore", Path(path).name, Path(calls[2]).name}


@pytest.mark.parametrize("other", BACKENDS)
def test_a_backup_of_another_kind(
    filled: Manage, backend: str, other: str, tmp_path: Path, database_url: str
) -> None:
    if other == backend:
        return
    before = rows(database_url)
    file = tmp_path / "other"
    file.write_bytes(
        {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP", "mariadb": b"-- MariaDB dump"}[
            other
        ]
    )
    failed = filled("restore", file)
    assert failed.code == 1
    assert f"is a backup of {other}, and the database is {backend}" in failed.stderr
    assert rows(database_url) == before
