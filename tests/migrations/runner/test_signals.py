"""Ctrl-C and SIGTERM while a revision runs, and a connection that somebody ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.items import Items
from support.signals import LONG, connections, end_connection, ended, running, started, until

only = pytest.mark.parametrize
ADD = 'op.add_column("item", sa.Column("a", sa.Integer))'
BUMP = 'op.execute("UPDATE item SET n = n + 1")'
MANAGE = ("manage.py", "migrate")
ALEMBIC = ("-m", "alembic", "upgrade", "head")
ELSEWHERE = {"MANAGE_SETTINGS_MODULE": "staff_settings"}


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


@pytest.mark.slow(reason="a process for each signal")
@only("entry", [MANAGE, ALEMBIC])
@only("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_statement_that_runs(
    app: Items, backend: str, entry: tuple[str, ...], number: signal.Signals
) -> None:
    app.step("0002_step", ADD, BUMP, 'open("begun", "w").close()', f'op.execute("{LONG[backend]}")')
    with started(app.folder, *entry, **ELSEWHERE) as process:
        until((app.folder / "begun").exists, "the revision begins")
        if backend != "sqlite":
            until(lambda: running(app.engine), "the statement runs")
        process.send_signal(number)
        result = ended(process)
    assert result.code == 128 + number, result
    state = "It was rolled back: the database is as it was before it."
    if backend == "mariadb":
        state = "What it did up to its last commit is in the database, and recorded."
    assert f"0002_step was interrupted by {number.name}. {state}" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert app.version == "0001_base" and app.numbers == [1, 1]
    if backend != "sqlite":
        assert running(app.engine) == []
    app.step("0002_step", ADD, BUMP)
    app.done("migrate")
    assert app.numbers == [2, 2] and app.columns == {"id", "n", "a"}


@pytest.mark.slow(reason="waits for a server")
@only("backend", ["postgresql", "mariadb"])
@only("caught", [False, True])
@only("entry", [MANAGE, ALEMBIC])
def test_a_connection_that_somebody_ends_is_told_in_words(
    app: Items, backend: str, entry: tuple[str, ...], caught: bool
) -> None:
    lines = [f'op.execute("{LONG[backend]}")']
    if caught:
        lines = ["try:", "    " + lines[0], "except Exception:", "    pass", BUMP]
    app.step("0002_step", BUMP, *lines)
    with started(app.folder, *entry, **ELSEWHERE) as process:
        (number,) = until(lambda: running(app.engine), "the statement runs")
        end_connection(app.engine, number)
        result = ended(process)
    said = result.stdout + result.stderr
    assert result.code in (1, 255), result
    assert "The connection to the database was lost. 0002_step failed: " in said, result
    assert "Traceback" not in said and "Fix the" not in said
    assert app.version == "0001_base" and app.numbers == [1, 1]
    app.step("0002_step", BUMP)
    app.done("migrate")
    assert app.numbers == [2, 2]


WAIT = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.02)"


@pytest.mark.slow(reason="two processes")
@only("backend", ["postgresql", "mariadb"])
@only("entry", [MANAGE, ALEMBIC])
def test_without_the_connection_that_has_the_lock_nobody_else_comes_in_between(
    app: Items, backend: str, entry: tuple[str, ...]
) -> None:
    begun = 'open("begun", "a").write("x")'
    app.step("0002_step", BUMP, begun, *WAIT.splitlines(), 'op.execute("SELECT 1")')
    app.step("0003_next", BUMP)
    with started(app.folder, *entry, **ELSEWHERE) as first:
        until((app.folder / "begun").exists, "the revision begins")
        working = connections(app.engine)
        lock = [number for number, holds in working.items() if holds]
        assert len(lock) == 1, working
        end_connection(app.engine, lock[0])
        with started(app.folder, "manage.py", "migrate") as second:
            until(lambda: _waits(app, backend), "the second waits")
            assert second.poll() is None
            assert (app.folder / "begun").read_text() == "x"
            (app.folder / "go").touch()
            results = [ended(first), ended(second)]
    assert [result.code for result in results] == [0, 0], results
    assert (app.folder / "begun").read_text() == "x"
    assert "Traceback" not in "".join(r.stderr + r.stdout for r in results), results
    assert app.version == "0003_next" and app.numbers == [3, 3]


def _waits(app: Items, backend: str) -> bool:
    """Whether two processes are connected, of which one has the lock that was freed."""
    return any(connections(app.engine).values())


@only("backend", ["postgresql", "mariadb"])
def test_a_deadlock_is_tried_again(app: Items) -> None:
    # The other transaction has changed more, or waits for longer: this one is the victim.
    lines = [
        "import pathlib, threading, time",
        "if not pathlib.Path('again').exists():",
        "    pathlib.Path('again').touch()",
        "    other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect()",
        "    if other.dialect.name == 'postgresql':",
        "        other.exec_driver_sql(\"SET deadlock_timeout = '60s'\")",
        "    other.exec_driver_sql('INSERT INTO item VALUES (11, 1), (12, 2), (13, 3)')",
        "    other.exec_driver_sql('UPDATE item SET n = 9 WHERE id = 2')",
        "    op.execute('UPDATE item SET n = 8 WHERE id = 1')",
        "    def late():",
        "        other.exec_driver_sql('UPDATE item SET n = 9 WHERE id = 1')",
        "        other.close()",
        "    threading.Thread(target=late).start()",
        "    time.sleep(0.3)",
        "    op.execute('UPDATE item SET n = 8 WHERE id = 2')",
        BUMP,
    ]
    app.step("0002_step", *lines)
    result = app.done("migrate")
    assert "a deadlock ended it; rolled back, trying again" in result.stderr
    assert app.version == "0002_step" and app.numbers == [2, 2]


@only("backend", ["mariadb"])
def test_a_deadlock_of_what_the_check_for_losses_reads_is_tried_again(app: Items) -> None:
    # The check reads all rows before the first UPDATE, and waits for the second one there.
    lines = [
        "import pathlib, threading, time",
        "if not pathlib.Path('again').exists():",
        "    pathlib.Path('again').touch()",
        "    other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect()",
        "    other.exec_driver_sql('INSERT INTO item VALUES (11, 1), (12, 2), (13, 3)')",
        "    other.exec_driver_sql('UPDATE item SET n = 9 WHERE id = 2')",
        "    def late():",
        "        time.sleep(0.3)",
        "        other.exec_driver_sql('UPDATE item SET n = 9 WHERE id = 1')",
        "        other.close()",
        "    threading.Thread(target=late).start()",
        BUMP,
    ]
    app.step("0002_step", *lines)
    result = app.done("migrate")
    assert "a deadlock ended it; rolled back, trying again" in result.stderr
    assert app.version == "0002_step" and app.numbers == [2, 2]
