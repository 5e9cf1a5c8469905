"""backup: a file that is equal to the database, or no file."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.killing import dump, killed_at, names, spread
from support.programs import Manage, run

from sqlalchemy_manage.data import backup as module
from sqlalchemy_manage.data import server_programs as clients
from sqlalchemy_manage.data import sqlite_copy
from sqlalchemy_manage.data.backup import back_up
from sqlalchemy_manage.errors import BackupError, Locked
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.backup_fixtures"]


def test_equal_private_and_out_of_git(shop: Project, shop_file: Path) -> None:
    umask = os.umask(0)
    try:
        made = back_up(shop)
    finally:
        os.umask(umask)
    folder = shop.settings.root / "backups"
    assert made.path.parent == folder
    assert made.path.name.startswith("shop-20") and made.path.suffix == ".sqlite"
    assert dump(made.path) == dump(shop_file)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert names(folder) == {".gitignore", made.path.name}
    assert made.rows is not None and made.rows["parent"] == 3 and made.rows['odd "name'] == 1
    # What a killed run left goes after a day.
    for name, age in ((".old.partial", 90_000), (".new.partial", 1_000)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    # Two in one second.
    again = back_up(shop)
    assert again.path != made.path and dump(again.path) == dump(shop_file)
    assert names(folder) == {".gitignore", ".new.partial", made.path.name, again.path.name}


def test_nothing_is_overwritten_unless_forced(shop: Project, shop_file: Path) -> None:
    target = shop.settings.root / "b.sqlite"
    target.write_text("mine")
    with pytest.raises(BackupError, match="already exists"):
        back_up(shop, target)
    assert target.read_text() == "mine"
    back_up(shop, target, force=True)
    assert dump(target) == dump(shop_file)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="is the database itself"):
        back_up(shop, shop_file, force=True)
    with pytest.raises(BackupError, match="There is no folder"):
        back_up(shop, shop.settings.root / "no" / "b.sqlite")


def test_a_name_that_is_taken_meanwhile_stays(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = shop.settings.root / "b.sqlite"
    prove = sqlite_copy._prove

    def slow(*args: Any) -> None:
        prove(*args)
        target.write_text("somebody else's")

    monkeypatch.setattr(sqlite_copy, "_prove", slow)
    with pytest.raises(BackupError, match="already exists"):
        back_up(shop, target)
    assert target.read_text() == "somebody else's"
    assert not [name for name in names(target.parent) if name.endswith(".partial")]


def test_a_write_ahead_log_and_a_writer_in_the_midst(shop: Project, shop_file: Path) -> None:
    """What is committed is in the backup, wherever it lies; what is not is not."""
    writer = sqlite3.connect(shop_file, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("INSERT INTO parent (name) VALUES ('committed')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO parent (name) VALUES ('not committed')")
    made = back_up(shop)
    writer.execute("COMMIT")
    text = "\n".join(dump(made.path))
    assert "'committed'" in text and "'not committed'" not in text
    assert "'not committed'" in "\n".join(dump(shop_file))
    writer.close()
    assert names(made.path.parent) == {".gitignore", made.path.name}


def test_a_writer_with_a_rollback_journal(shop: Project, shop_file: Path) -> None:
    writer = sqlite3.connect(shop_file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO parent (name) VALUES ('not committed')")
    made = back_up(shop)
    assert "'not committed'" not in "\n".join(dump(made.path))
    writer.execute("ROLLBACK")
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Locked):
        back_up(shop)
    writer.close()
    assert names(made.path.parent) == {".gitignore", made.path.name}


def test_what_a_killed_writer_left_is_rolled_back(shop: Project, shop_file: Path) -> None:
    before = dump(shop_file)
    program = (
        "import sqlite3, os, signal; c = sqlite3.connect('shop.sqlite', isolation_level=None);"
        "c.execute('PRAGMA cache_size=1'); c.execute('PRAGMA cache_spill=1'); c.execute('BEGIN');"
        "c.execute('DELETE FROM child');"
        "c.executemany('INSERT INTO parent (name) VALUES (?)', [('x' * 900,)] * 500);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=shop_file.parent, check=False)
    assert (shop_file.parent / "shop.sqlite-journal").stat().st_size > 0
    assert dump(back_up(shop).path) == before


def test_a_damaged_database_gives_no_backup(shop: Project, shop_file: Path) -> None:
    with sqlite3.connect(shop_file) as connection:
        connection.executemany(
            "INSERT INTO parent (name) VALUES (?)", [(f"name {i}" * 20,) for i in range(500)]
        )
    connection.close()
    data = bytearray(shop_file.read_bytes())
    for page in range(5, len(data) // 4096 - 1):
        data[page * 4096 : page * 4096 + 60] = b"\xff" * 60
    shop_file.write_bytes(data)
    with pytest.raises(BackupError, match="damaged"):
        back_up(shop)
    assert not (shop_file.parent / "backups").exists()
    shop_file.write_text("no database at all" * 100)
    with pytest.raises(BackupError, match="not an SQLite database"):
        back_up(shop)
    assert not (shop_file.parent / "backups").exists()


def test_an_index_that_lacks_a_row(shop: Project, shop_file: Path) -> None:
    """Damage that no count and no foreign key shows."""
    connection = sqlite3.connect(shop_file, isolation_level=None)
    connection.execute("PRAGMA writable_schema=ON")
    hidden = connection.execute("SELECT * FROM sqlite_master WHERE name = 'ix'").fetchone()
    connection.execute("DELETE FROM sqlite_master WHERE name = 'ix'")
    connection.close()
    connection = sqlite3.connect(shop_file, isolation_level=None)
    connection.execute("INSERT INTO parent (name) VALUES ('not in the index')")
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", hidden)
    connection.close()
    with pytest.raises(BackupError, match="is damaged: row 4 missing from index ix"):
        back_up(shop)
    assert not (shop_file.parent / "backups").exists()


def test_what_is_counted_is_what_is_copied(
    shop: Project, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process commits between the two."""
    writer = sqlite3.connect(shop_file, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    before = dump(shop_file)
    copy = sqlite_copy._copy

    def overtaken(origin: sqlite3.Connection, temporary: Path) -> None:
        writer.execute("INSERT INTO parent (name) VALUES ('later')")
        copy(origin, temporary)

    monkeypatch.setattr(sqlite_copy, "_copy", overtaken)
    assert dump(back_up(shop).path) == before != dump(shop_file)
    writer.close()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("DELETE FROM child WHERE id = 1", "child: 2 and 1 rows"),
        ("UPDATE child SET parent_id = 98 WHERE id = 2; DELETE FROM child WHERE id = 1", "child"),
        ("UPDATE child SET parent_id = 98 WHERE id = 1", "dangling foreign keys differ"),
        ("DROP TRIGGER t", "tables, indexes, views and triggers differ"),
        ("PRAGMA user_version = 8", "user_version"),
        ("DROP TABLE child", "child: 2 and no table rows"),
    ],
)
def test_a_copy_that_is_not_equal_is_no_backup(
    shop: Project, monkeypatch: pytest.MonkeyPatch, harm: str, says: str
) -> None:
    copy = sqlite_copy._copy

    def harmed(origin: sqlite3.Connection, temporary: Path) -> None:
        copy(origin, temporary)
        connection = sqlite3.connect(temporary)
        connection.executescript(harm)
        connection.close()

    monkeypatch.setattr(sqlite_copy, "_copy", harmed)
    with pytest.raises(BackupError, match=says):
        back_up(shop)
    assert not (shop.settings.root / "backups").exists()


def test_backups_within_one_second_have_names_of_their_own(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another process took the name while this one was copying."""
    give, taken = module.give_name, []

    def overtaken(temporary: Path, target: Path, *, replace: bool) -> None:
        if len(taken) < 2:
            target.write_text("another's")
            taken.append(target)
        give(temporary, target, replace=replace)

    monkeypatch.setattr(module, "give_name", overtaken)
    made = back_up(shop)
    assert made.path not in taken and made.total is not None
    assert [path.read_text() for path in taken] == ["another's"] * 2
    assert made.path.stem == f"{taken[0].stem}-3"


def test_everything_is_on_the_disk_before_it_has_its_name(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    sync, link = os.fsync, os.link

    def fsync(handle: int) -> None:
        what = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        happened.append(f"fsync {what}")
        sync(handle)

    def named(*args: Any) -> None:
        happened.append("name")
        link(*args)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", named)
    back_up(shop, shop.settings.root / "b.sqlite")
    assert happened == ["fsync file", "name", "fsync folder"]


@pytest.mark.slow(reason="kills")
def test_killed_at_any_line_it_leaves_a_good_file_or_none(shop: Project, shop_file: Path) -> None:
    target = shop_file.parent / "b.sqlite"
    expected = dump(shop_file)
    # A thread that works would hold locks in the fork; those of a cluster before are idle.
    working = [t for t in threading.enumerate() if not t.name.startswith("Dask-Offload")]
    assert len(working) == 1, working
    assert shop.settings  # loaded before the fork
    modules = (module, sqlite_copy)
    total = killed_at(None, lambda: back_up(shop, target), modules)
    assert total >= 50
    seen = set()
    for point in spread(total):
        target.unlink(missing_ok=True)
        assert killed_at(point, lambda: back_up(shop, target), modules) == -1
        seen.add(target.exists())
        if target.exists():
            assert dump(target) == expected
        assert dump(shop_file) == expected
        for left in shop_file.parent.glob(".*.partial*"):
            left.unlink()
    assert seen == {True, False}


@pytest.mark.server
@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_server_is_dumped_by_its_own_program(
    new_database: Callable[..., str],
    manage_on: Callable[[str], Manage],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    server: str,
) -> None:
    """And the password is in no argument, and in no file afterwards."""
    url = sa.make_url(new_database(server))
    manage = manage_on(url.render_as_string(hide_password=False))
    assert manage("migrate").code == 0
    started: list[list[str]] = []
    seen: list[str] = []
    real = subprocess.run

    def watched(arguments: list[str], **kw: Any) -> Any:
        started.append(arguments)
        for argument in arguments:
            if argument.startswith("--defaults-extra-file="):
                options = Path(argument.partition("=")[2])
                assert stat.S_IMODE(options.stat().st_mode) == 0o600
                seen.append(str(options))
        return real(arguments, **kw)

    monkeypatch.setattr(clients.subprocess, "run", watched)
    made = manage("backup", "--json")
    assert made.code == 0, made
    path = Path(json.loads(made.stdout)["file"])
    assert path.suffix == {"postgresql": ".dump", "mariadb": ".sql"}[server]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == {".gitignore", path.name}
    assert not [name for name in seen if Path(name).exists()]

    secret = 'canary "pass\\word#%'
    refused = url.set(username="nobody_here", password=secret)
    failed = manage_on(refused.render_as_string(hide_password=False))("backup")
    shown = json.dumps([started, failed.stdout, failed.stderr])
    assert "canary" not in shown
    assert names(path.parent) == {".gitignore", path.name} or server == "postgresql"
    assert not [name for name in seen if Path(name).exists()]


def test_mariadb_understands_every_password(
    mariadb_server: str, new_database: Callable[..., str], manage_on: Callable[[str], Manage]
) -> None:
    secret = "q\"u'o\\te#;= %@:/"
    url = sa.make_url(new_database("mariadb"))
    user = str(url.database)[:30]
    engine = sa.create_engine(mariadb_server, poolclass=sa.NullPool)
    with engine.connect() as connection:
        quoted = connection.exec_driver_sql("SELECT QUOTE(%s)", (secret,)).scalar()
        plain = str(quoted).replace("%", "%%")
        connection.exec_driver_sql(f"CREATE USER {user}@'%%' IDENTIFIED BY {plain}")
        connection.exec_driver_sql(f"CREATE USER {user}@localhost IDENTIFIED BY {plain}")
        for host in ("'%%'", "localhost"):
            connection.exec_driver_sql(f"GRANT ALL ON {url.database}.* TO {user}@{host}")
    try:
        own = url.set(username=user, password=secret).render_as_string(hide_password=False)
        assert manage_on(own)("migrate").code == 0
        made = manage_on(own)("backup")
        assert made.code == 0, made
    finally:
        with engine.connect() as connection:
            for host in ("'%%'", "localhost"):
                connection.exec_driver_sql(f"DROP USER {user}@{host}")


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("postgresql", "pg_dump is not installed, or not in PATH.\napt-get install postgresql-cl"),
        ("mariadb", "mariadb-dump or mysqldump is not installed, or not in PATH.\napt-get install"),
    ],
)
def test_a_program_that_is_missing_is_named_with_its_package(
    manage_on: Callable[[str], Manage], monkeypatch: pytest.MonkeyPatch, server: str, says: str
) -> None:
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    failed = manage_on(f"{server}://u@127.0.0.1:1/x")("backup")
    assert failed.code == 1
    assert says in failed.stderr


def test_a_database_that_is_not_there(shop: Project, shop_file: Path) -> None:
    shop_file.unlink()
    done = run(shop_file.parent, "-m", "sqlalchemy_manage", "backup", MANAGE_SETTINGS_MODULE="x")
    assert done.code == 1
    done = run(
        shop_file.parent,
        "-m",
        "sqlalchemy_manage",
        "backup",
        MANAGE_SETTINGS_MODULE=shop.settings.module,
    )
    assert done.code == 1 and "There is no database file" in done.stderr
    assert not shop_file.exists()


def test_a_database_in_memory(manage_on: Callable[[str], Manage]) -> None:
    failed = manage_on("sqlite://")("backup")
    assert failed.code == 1
    assert "a database in memory" in failed.stderr
