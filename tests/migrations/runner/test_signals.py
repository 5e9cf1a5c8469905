"""What ends a revision from outside: Ctrl-C, SIGTERM, a full disk, a transaction that is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy_manage.migrations.runner.signals import Stop, stoppable
from support.items import Items
from support.programs import ROOT

only = pytest.mark.parametrize
ADD = 'op.add_column("item", sa.Column("a", sa.Integer))'
BUMP = 'op.execute("UPDATE item SET n = n + 1")'


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Items:
    app = Items(tmp_path / "project", database_url)
    app.done("migrate")
    return app


@only("name", ["SIGINT", "SIGTERM"])
def test_a_signal_rolls_the_revision_back(app: Items, backend: str, name: str) -> None:
    lines = [ADD, BUMP, f"os.kill(os.getpid(), signal.{name})"]
    caught = ["try:", *(f"    {line}" for line in lines), "except Exception:", "    pass"]
    app.step("0002_step", *caught, more="import os, signal")
    stopped = app.manage("migrate")
    number = getattr(signal, name)
    assert stopped.code == 128 + number, stopped
    assert f"0002_step was interrupted by {name}." in stopped.stderr
    assert "manage.py migrate" in stopped.stderr
    assert app.version == "0001_base" and app.numbers == [1, 1]
    if backend == "mariadb":
        assert "up to its last commit" in stopped.stderr
    else:
        assert "as it was before it" in stopped.stderr and app.columns == {"id", "n"}
    # What the process did with the signal before, it does again.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    app.step(
        "0002_step", "try:", *(f"    {line}" for line in lines[:2]), "except Exception:", "    pass"
    )
    app.done("migrate")
    assert app.version == "0002_step" and app.numbers == [2, 2]


@only("backend", ["sqlite"])
@only("number", [signal.SIGINT, signal.SIGTERM])
def test_a_long_statement_of_sqlite_is_interrupted(app: Items, number: signal.Signals) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    app.step("0002_step", BUMP, 'open("begun", "w").close()', f'op.execute("{endless}")')
    process = subprocess.Popen(
        [sys.executable, "manage.py", "migrate"],
        cwd=app.folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (app.folder / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 128 + number, said
    assert f"0002_step was interrupted by {number.name}" in said
    assert app.numbers == [1, 1]


def test_handlers_of_the_program_are_left_alone() -> None:
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *more: seen.append(more))
    try:
        with stoppable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(seen) == 1


def test_no_except_exception_catches_a_stop() -> None:
    assert not issubclass(Stop, Exception)


FULL = 'op.get_bind().exec_driver_sql("PRAGMA max_page_count = 12")'
FILL = "op.execute(\"INSERT INTO item (n) VALUES ('x' || hex(zeroblob(90000)))\")"


@only("backend", ["sqlite"])
def test_a_full_disk_rolls_the_revision_back(app: Items) -> None:
    app.step("0002_step", BUMP, FULL, FILL)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "0002_step failed: OperationalError: database or disk is full" in failed.stderr
    assert "as it was before 0002_step" in failed.stderr and "Free some space" in failed.stderr
    assert app.numbers == [1, 1] and app.version == "0001_base"


@only("backend", ["sqlite"])
@only("after", [BUMP, "pass"])
def test_a_revision_cannot_go_on_without_its_transaction(app: Items, after: str) -> None:
    # SQLite has rolled back by itself; what came next would be committed at once.
    catching = ["try:", "    " + FILL, "except sa.exc.OperationalError:", "    pass"]
    app.step("0002_step", BUMP, FULL, *catching, after)
    failed = app.manage("migrate")
    assert failed.code == 1, failed
    assert "The database ended the transaction by itself" in failed.stderr
    assert "disk is full" in failed.stderr
    assert app.numbers == [1, 1] and app.version == "0001_base"


@only("backend", ["mariadb"])
def test_a_deadlock_ends_the_revision(app: Items) -> None:
    # The other transaction has changed more, so that this one is the victim.
    lines = [
        "import threading, time",
        "other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect()",
        'other.execute(sa.text("INSERT INTO item (n) VALUES (1), (2), (3)"))',
        'other.execute(sa.text("UPDATE item SET n = 9 WHERE id = 2"))',
        'op.execute("UPDATE item SET n = 8 WHERE id = 1")',
        'late = sa.text("UPDATE item SET n = 9 WHERE id = 1")',
        "thread = threading.Thread(target=other.execute, args=(late,))",
        "thread.start()",
        "time.sleep(0.3)",
        "try:",
        '    op.execute("UPDATE item SET n = 8 WHERE id = 2")',
        "except sa.exc.DBAPIError:",
        "    thread.join()",
        "    other.close()",
        'op.execute("INSERT INTO item (n) VALUES (7)")',
    ]
    app.step("0002_step", *lines)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "The database ended the transaction by itself" in failed.stderr
    assert app.numbers == [1, 1]


def test_an_error_that_is_caught_with_a_savepoint_is_the_revisions_own_affair(
    app: Items, backend: str
) -> None:
    catching = [
        "try:",
        "    with op.get_bind().begin_nested():",
        '        op.execute("INSERT INTO item VALUES (1, 1)")',
        "except sa.exc.IntegrityError:",
        "    pass",
    ]
    app.step("0002_step", *catching, BUMP)
    app.done("migrate")
    assert app.numbers == [2, 2]
    assert sa.inspect(app.engine).has_table("item")
