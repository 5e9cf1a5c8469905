"""Ctrl-C and SIGTERM: every command ends, with its statement, and says what it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT
from support.project import ProjectFolder
from support.signals import ended, started, until

from sqlalchemy_manage import interrupts

only = pytest.mark.parametrize
MODELS = """
from sqlalchemy.orm import declarative_base

Base = declarative_base(metadata=metadata)


class Item(Base):
    __tablename__ = "item"
    id = Column(Integer, primary_key=True)
    n = Column(Integer)
    other_id = Column(ForeignKey("item.id"), index=True)
"""
FACTORIES = """
import factory
from factory.alchemy import SQLAlchemyModelFactory

from staff.models import Item


class ItemFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Item

    n = factory.Sequence(int)
"""
FIXTURE = '[{"model": "staff.item", "pk": 1, "fields": {"n": 5, "other_id": null}}]'


@pytest.fixture
def app(tmp_path: Path, new_database: Callable[..., str], backend: str) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(MODELS)
    (app.folder / "staff" / "factories.py").write_text(FACTORIES)
    (app.folder / "one.json").write_text(FIXTURE)
    app.insert({"item": [{"id": 1, "n": 1}]})
    return app


_WAITING = {
    "postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())",
    "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE()"
    " AND state LIKE 'Waiting for %%'",
}


@contextmanager
def locked(app: ProjectFolder) -> Iterator[Callable[[], bool]]:
    """Meanwhile whoever reads the table waits; the function says whether somebody does."""
    lock = {"postgresql": "LOCK TABLE item", "mariadb": "LOCK TABLES item WRITE"}[app.backend]
    with app.engine.connect() as holder:
        holder.exec_driver_sql(lock)
        yield lambda: bool(app.query(_WAITING[app.backend])[0][0])
        if app.backend == "mariadb":
            holder.exec_driver_sql("UNLOCK TABLES")


COMMANDS = (
    (("seed", "Item=5"), "The seed was interrupted by {}. Nothing was written."),
    (("loaddata", "one.json"), "The load was interrupted by {}. Nothing was loaded."),
    (
        ("dumpdata", "-o", "out.json"),
        "The dump was interrupted by {}. out.json is as it was.",
    ),
    (("flush", "--no-input"), "The flush was interrupted by {}. Nothing was removed."),
    (("checklinks",), "The command was interrupted by {}."),
    (("backup",), "The backup was interrupted by {}. No file was left."),
    (
        ("restore", "saved", "--no-input"),
        "The restore was interrupted by {}. The database is as it was.",
    ),
    (("shell", "-c", "session.get(Item, 1)"), ""),
)


@pytest.mark.slow(reason="a process for each command")
@only("backend", ["postgresql", "mariadb"])
@only(("words", "said"), COMMANDS, ids=lambda value: value[0] if type(value) is tuple else "")
def test_a_command_ends_with_the_statement_that_waits(
    app: ProjectFolder, words: tuple[str, ...], said: str
) -> None:
    # One of the two for each command; both are one for the tool.
    number = signal.SIGINT if len(words[0]) % 2 else signal.SIGTERM
    if words[0] == "restore":
        app.done("backup", "saved")
    before = sorted(p.name for p in app.folder.iterdir())
    with (
        locked(app) as waits,
        started(app.folder, "manage.py", *words) as process,
    ):
        until(waits, "the command waits for the table")
        process.send_signal(number)
        result = ended(process)
        until(lambda: not waits(), "nothing of it waits on the server", 5)
    assert result.code in (128 + number, -number), result
    assert said.format(number.name) in result.stderr, result
    assert "Traceback" not in result.stderr or words[0] == "shell", result
    assert {p.name for p in app.folder.iterdir()} - {*before, "backups", "__pycache__"} == set()
    assert app.query("SELECT id, n FROM item") == [(1, 1)]
    app.done("check")


@pytest.mark.slow(reason="several processes")
@only("backend", ["sqlite", "postgresql"])
def test_ctrl_c_reaches_the_processes_of_a_seed_too(app: ProjectFolder) -> None:
    text = FACTORIES + "\n    @factory.lazy_attribute\n    def other_id(self):\n"
    text += "        import pathlib, time\n        pathlib.Path('begun').touch()\n"
    text += "        time.sleep(0.01)\n        return None\n"
    (app.folder / "staff" / "factories.py").write_text(text)
    with started(app.folder, "manage.py", "seed", "Item=100000", "--jobs", "2") as process:
        until((app.folder / "begun").exists, "rows are made")
        os.killpg(process.pid, signal.SIGINT)
        result = ended(process)
    assert result.code == 130, result
    assert "The seed was interrupted by SIGINT. Nothing was written." in result.stderr
    assert "Traceback" not in result.stderr, result
    assert app.query("SELECT count(*) FROM item") == [(1,)]


def test_ctrl_c_while_the_tool_is_imported_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-c", "import sys, sqlalchemy_manage as m; sys.exit(m.main(['version']))"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "")


class TestListening:
    def test_a_signal_is_raised_and_the_handlers_are_put_back(self) -> None:
        with interrupts.listening():
            with pytest.raises(interrupts.Stop):
                signal.raise_signal(signal.SIGTERM)
            assert interrupts.received() and not interrupts.pending()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert not interrupts.received()

    def test_handlers_of_the_program_are_left_alone(self) -> None:
        seen = []
        before = signal.signal(signal.SIGTERM, lambda *more: seen.append(more))
        try:
            with interrupts.listening():
                signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
        assert len(seen) == 1

    def test_no_except_exception_catches_a_stop(self) -> None:
        assert not issubclass(interrupts.Stop, Exception)

    def test_what_was_cancelled_raises_later_and_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(interrupts, "_cancels", [lambda frame: True])
        with interrupts.listening():
            signal.raise_signal(signal.SIGINT)
            assert interrupts.pending()
            with pytest.raises(interrupts.Stop):  # whoever asks twice does not wait
                signal.raise_signal(signal.SIGINT)
            assert interrupts.received() and not interrupts.pending()

    def test_a_statement_that_nobody_ends_is_interrupted_all_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(interrupts, "_cancels", [lambda frame: True])
        monkeypatch.setattr(interrupts, "_PATIENCE", 0.05)
        with interrupts.listening(), pytest.raises(interrupts.Stop):
            signal.raise_signal(signal.SIGINT)
            signal.sigtimedwait([], 30)

    @only("error", [ValueError("came of it"), KeyboardInterrupt()])
    def test_the_state_is_told(self, error: BaseException) -> None:
        with (
            pytest.raises(interrupts.Interrupted) as told,
            interrupts.listening(),
            interrupts.explaining("The load", lambda: "Nothing was loaded.", "Again"),
        ):
            try:
                signal.raise_signal(signal.SIGTERM)
            except interrupts.Stop:
                raise error from None
        assert told.value.message == "The load was interrupted by SIGTERM. Nothing was loaded."
        assert (told.value.exit_code, told.value.hint) == (143, "Again")

    def test_an_error_without_a_signal_is_itself(self) -> None:
        with (
            pytest.raises(ValueError, match="came"),
            interrupts.listening(),
            interrupts.explaining("The load", ""),
        ):
            raise ValueError("it came")


@only("backend", ["sqlite"])
def test_a_statement_after_the_signal_is_not_run(database_url: str) -> None:
    """One that was cancelled may have come to its end; no other follows it."""
    from sqlalchemy_manage.conf import Database
    from sqlalchemy_manage.databases.engines import create_engine

    engine = create_engine(Database("default", database_url), None)
    with engine.connect() as connection, interrupts.listening():
        connection.exec_driver_sql("CREATE TABLE t (a)")
        interrupts._received.append(signal.SIGINT)
        with pytest.raises(interrupts.Stop):
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        # What tidies up may.
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    with engine.connect() as connection, interrupts.listening():
        connection.execute(sa.text("SELECT 1"))
        interrupts._received.append(signal.SIGINT)
        with pytest.raises(interrupts.Stop):
            connection.commit()
    engine.dispose()
