"""The locked file beside an SQLite database, and whether a process is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from sqlalchemy_manage.databases.engines import is_running
from sqlalchemy_manage.databases.locks import FileLock

HOLDER = """
import sys, sqlalchemy as sa
from sqlalchemy_manage.databases.locks import FileLock
lock = FileLock(sa.make_url(sys.argv[1]))
print(lock.take(), flush=True)
sys.stdin.read()
lock.free()
"""


def held(url: sa.URL) -> subprocess.Popen[str]:
    """Another process that has the lock, until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(url)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def database(folder: Path) -> sa.URL:
    return sa.make_url(f"sqlite:///{folder}/shop.sqlite")


def test_one_process_has_the_lock_and_says_who_it_is(tmp_path: Path) -> None:
    mine = FileLock(database(tmp_path))
    process = held(database(tmp_path))
    for _ in range(3):  # whoever tries leaves what the holder wrote
        assert not mine.take()
        assert f", pid {process.pid}, since " in mine.holder()
    process.communicate("")
    assert mine.take()
    assert f", pid {os.getpid()}, since " in FileLock(database(tmp_path)).holder()
    mine.free()
    assert list(tmp_path.iterdir()) == []
    assert mine.holder() == ""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    process = held(database(tmp_path))
    process.kill()
    process.communicate()
    mine = FileLock(database(tmp_path))
    assert mine.take()
    assert f", pid {os.getpid()}, since " in mine.holder()
    mine.free()
    mine.free()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_taken_away_while_another_waits(tmp_path: Path) -> None:
    """Its holder removes it before it lets go: the lock of a removed file is nobody's."""
    first, second, third = (FileLock(database(tmp_path)) for _ in range(3))
    for _ in range(3):
        assert first.take()
        assert not second.take()
        first.free()
        assert second.take()
        assert not third.take()
        second.free()


def test_without_a_place_for_the_file_every_run_has_the_lock(tmp_path: Path) -> None:
    for url in (database(tmp_path / "none"), sa.make_url("sqlite://")):
        one, two = FileLock(url), FileLock(url)
        assert one.take() and two.take()
        one.free()
    assert list(tmp_path.iterdir()) == []


def test_whether_a_process_is_there() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(os.getpid())
    assert is_running(process.pid)
    process.communicate(b"\n")
    assert not is_running(process.pid)
