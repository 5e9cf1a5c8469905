#!/usr/bin/env python3
"""Kill sweep: a migrate that is killed at its k-th statement or commit, for every k.

    python tests/reliability/sweep.py [--full [--every N]] [--backend NAME] [--shape NAME]

For each shape of migration in shapes.py a child process kills itself with SIGKILL after the
first statement that writes, then one after the second, and so on until it survives; before
and after commits too. After each death the database has to be as it was before the revision or as
after it, schema and rows (SQLite, PostgreSQL), and a second migrate has to come to the end
that an undisturbed one comes to. Without --full a few points of each shape are taken.
"""

from __future__ import annotations

import argparse
import gc
import os
import pickle
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).resolve().parent)]
os.environ.setdefault("SSL_CERT_FILE", os.devnull)  # PyMySQL would read them for each connection

import alembic.command  # noqa: E402, F401  (the children find everything imported)
import sqlalchemy as sa  # noqa: E402
from shapes import BASE, SHAPES, Shape  # noqa: E402
from sqlalchemy import event  # noqa: E402
from support.databases import SERVERS  # noqa: E402
from support.project import ProjectFolder  # noqa: E402

from sqlalchemy_manage.cli import main as manage  # noqa: E402
from sqlalchemy_manage.databases.engines import is_bookkeeping  # noqa: E402
from sqlalchemy_manage.migrations.revisions.history import current_heads  # noqa: E402
from sqlalchemy_manage.migrations.schema.contents import read_contents  # noqa: E402
from sqlalchemy_manage.sql.statement_kinds import Kind, kind_of  # noqa: E402

BACKENDS = ("sqlite-journal", "sqlite-wal", "postgresql", "mariadb")
HEADER = ""  # of each revision
LIMIT = 60  # seconds for one migrate
FLAGS = ("--allow-data-loss",)


class Database:
    """A database of one backend that can be put back to a state that was kept."""

    def __init__(self, backend: str, folder: Path) -> None:
        self.backend = backend
        self.folder = folder
        self.kind = backend.partition("-")[0]
        self.name = f"sweep_{secrets.token_hex(4)}"
        self.kept: list[Any] = []
        if self.kind == "sqlite":
            self.file = folder / "swept.sqlite"
            self.url = f"sqlite:///{self.file}"
        else:
            self.server = sa.create_engine(
                SERVERS[self.kind], poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
            )
            url = sa.make_url(SERVERS[self.kind]).set(database=self.name)
            self.url = url.render_as_string(hide_password=False)
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)

    def create(self) -> None:
        if self.kind == "sqlite":
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{self.file}{suffix}").unlink(missing_ok=True)
            if self.backend == "sqlite-wal":
                with self.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        else:
            self._on_server(f"CREATE DATABASE {self.name}")

    def keep(self) -> None:
        """Remember the state for ``put_back``."""
        if self.kind == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            self.kept = [self.file.read_bytes()]
        elif self.kind == "postgresql":
            # Quicker than a template: the statements that led here, said once more.
            self.kept = pickle.loads((self.folder / "written.pickle").read_bytes())
        else:
            self.kept = list(self._statements())

    def put_back(self) -> None:
        if self.kind == "sqlite":
            for suffix in ("-wal", "-shm", "-journal"):
                Path(f"{self.file}{suffix}").unlink(missing_ok=True)
            self.file.write_bytes(self.kept[0])
        elif self.kind == "postgresql":
            with self.engine.begin() as connection:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                for statement, parameters in self.kept:
                    connection.exec_driver_sql(statement, parameters)
        else:
            self._drop(self.name)
            self._on_server(f"CREATE DATABASE {self.name}")
            with self.engine.begin() as connection:
                connection.exec_driver_sql("SET foreign_key_checks = 0")
                for statement, parameters in self.kept:
                    connection.exec_driver_sql(statement, parameters)

    def _statements(self) -> Iterator[tuple[str, Any]]:
        with self.engine.connect() as connection:
            for (name,) in connection.exec_driver_sql("SHOW TABLES").all():
                if name == "sqlalchemy_manage_lock":
                    continue
                shown = connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()
                yield str(shown[1]).replace("%", "%%"), ()
                for row in connection.exec_driver_sql(f"SELECT * FROM `{name}`"):
                    places = ", ".join(["%s"] * len(row))
                    yield f"INSERT INTO `{name}` VALUES ({places})", tuple(row)

    def drop(self) -> None:
        if self.kind != "sqlite":
            self._drop(self.name)

    def _drop(self, name: str) -> None:
        force = " WITH (FORCE)" if self.kind == "postgresql" else ""
        self._on_server(f"DROP DATABASE IF EXISTS {name}{force}")

    def _on_server(self, statement: str) -> None:
        with self.server.connect() as connection:
            connection.exec_driver_sql(statement)

    def state(self) -> tuple[tuple[str, ...], Any]:
        """Where the database stands, and everything in it."""
        with self.engine.connect() as connection:
            catalog = {str(k): v for k, v in read_contents(connection).items()}
            rows: dict[str, Any] = {}
            for name in sa.inspect(connection).get_table_names():
                if not is_bookkeeping(name):
                    found = connection.exec_driver_sql(f"SELECT * FROM {name}")
                    rows[name] = sorted(map(repr, found.mappings()))
            if self.kind == "postgresql":
                catalog["invalid"] = {
                    name: "invalid index"
                    for (name,) in connection.exec_driver_sql(
                        "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
                    )
                }
            return tuple(sorted(current_heads(connection))), (catalog, rows)

    def left_in_the_journal(self) -> int:
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("sqlalchemy_manage_journal"):
                return 0
            query = "SELECT count(*) FROM sqlalchemy_manage_journal"
            return int(connection.exec_driver_sql(query).scalar_one())


@dataclass
class Outcome:
    """What the sweep of one shape on one backend found."""

    backend: str
    shape: str
    points: int = 0
    wrong: list[str] = field(default_factory=list)


def forked(work: Callable[[], int]) -> int:
    """``work`` in a child; its exit status, negative for a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(LIMIT)
            status = work()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status & 0xFF)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill_at(point: int) -> None:
    """Have this process killed at its ``point``-th statement or side of a commit."""
    passed = 0

    def count() -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def executed(connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        # After a read everything is as it was before it.
        if kind_of(statement, connection.dialect.name) not in (Kind.READ, Kind.SESSION):
            count()

    event.listen(sa.Engine, "after_cursor_execute", executed)
    commit = sa.Connection._commit_impl

    def committing(connection: sa.Connection) -> None:
        count()
        commit(connection)
        count()

    sa.Connection._commit_impl = committing  # type: ignore[method-assign]


@contextmanager
def project(shape: Shape, backend: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder with the revisions of a shape; their ids."""
    with tempfile.TemporaryDirectory(prefix="sweep_") as place:
        swept = ProjectFolder(Path(place) / "swept", "sqlite://").write_history()
        ids = ["0001_base"] + [f"{n:04}_step" for n in range(2, len(shape.bodies) + 2)]
        for name, body in zip(ids, (BASE, *shape.bodies), strict=True):
            swept.write(name, swept.below(name), body, more=HEADER)
        yield swept.folder, ids


def note_what_is_written(file: Path) -> None:
    """Have what this process writes into a database appended to ``file``."""
    written: list[Any] = pickle.loads(file.read_bytes()) if file.exists() else []

    def executed(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        kind = kind_of(statement, connection.dialect.name)
        if kind is Kind.WRITE:
            written.append((statement, parameters or None))
            file.write_bytes(pickle.dumps(written))

    event.listen(sa.Engine, "after_cursor_execute", executed)


def migrate(
    folder: Path, database: Database, target: str, point: int = 0, *, noted: bool = False
) -> tuple[int, str]:
    """``manage.py migrate TARGET`` in a child, killed at ``point``; its status and output."""
    said = folder / "said.txt"

    def work() -> int:
        forget()
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        os.environ |= {
            "DATABASE_URL": database.url,
            "MANAGE_SETTINGS_MODULE": "staff_settings",
            "NO_COLOR": "1",
        }
        if point:
            kill_at(point)
        if noted and database.kind == "postgresql":
            note_what_is_written(folder / "written.pickle")
        with said.open("w") as file, redirect_stdout(file), redirect_stderr(file):
            return manage(["migrate", target, *FLAGS], prog_name="manage.py")

    code = forked(work)
    return code, said.read_text() if said.exists() else ""


def forget() -> None:
    """The modules of any project, this one's or another's, are to be imported anew."""
    for name in [n for n in sys.modules if n.partition(".")[0] in ("staff_settings", "staff")]:
        del sys.modules[name]


def warm(backend: str) -> None:
    """Have everything imported that a migrate imports, so that the children need not."""
    with project(SHAPES[0], backend) as (folder, _):
        database = Database(backend, folder)
        before = (os.getcwd(), list(sys.path), dict(os.environ))
        try:
            database.create()
            forget()
            os.chdir(folder)
            sys.path.insert(0, str(folder))
            os.environ |= {"DATABASE_URL": database.url, "MANAGE_SETTINGS_MODULE": "staff_settings"}
            with open(os.devnull, "w") as file, redirect_stdout(file), redirect_stderr(file):
                manage(["migrate"], prog_name="manage.py")
        finally:
            os.chdir(before[0])
            sys.path[:] = before[1]
            os.environ.clear()
            os.environ.update(before[2])
            forget()
            database.drop()
    gc.collect()
    gc.freeze()


def sweep(shape: Shape, backend: str, step: int = 1, most: int = 10_000) -> Outcome:
    """Every ``step``-th kill point of a shape, ``most`` of them; what was wrong at which."""
    outcome = Outcome(backend, shape.name)
    with project(shape, backend) as (folder, ids):
        database = Database(backend, folder)
        try:
            database.create()
            order = list(reversed(ids)) if shape.undo else ids
            start, target = order[0], order[-1]
            for done in (ids[0], start):
                code, said = migrate(folder, database, done, noted=True)
                assert code == 0, said
            database.keep()
            states = dict([database.state()])
            for name in order[1:]:
                code, said = migrate(folder, database, name)
                assert code == 0, f"{shape.name} on {backend}: {said}"
                heads, content = database.state()
                states[heads] = content
            for point in range(1, step * most, step):
                database.put_back()
                code, said = migrate(folder, database, target, point)
                if code != -signal.SIGKILL:
                    wrong = (
                        f"exit {code}: {said}" if code else _compare(database, states, (target,))
                    )
                    if wrong:
                        outcome.wrong.append(f"undisturbed: {wrong}")
                    break
                outcome.points += 1
                if wrong := _after_death(database, folder, shape, states, target):
                    outcome.wrong.append(f"point {point}: {wrong}")
        finally:
            database.drop()
    return outcome


def _after_death(
    database: Database, folder: Path, shape: Shape, states: dict[Any, Any], target: str
) -> str:
    if shape.whole and database.kind != "mariadb":
        heads, content = database.state()
        if content != states.get(heads):
            return f"half done at {heads}: {_difference(content, states.get(heads))}"
    code, said = migrate(folder, database, target)
    if code:
        return f"stuck, exit {code}: {said}"
    return _compare(database, states, (target,))


def _compare(database: Database, states: dict[Any, Any], wanted: tuple[str, ...]) -> str:
    heads, content = database.state()
    if heads != wanted:
        return f"ends at {heads}"
    if content != states[wanted]:
        return f"ends with {_difference(content, states[wanted])}"
    if left := database.left_in_the_journal():
        return f"{left} steps left in the journal"
    return ""


def _difference(found: Any, wanted: Any) -> str:
    if wanted is None:
        return "a state of no revision"
    lines = []
    for now, then in zip(found, wanted, strict=True):
        for key in sorted(set(now) | set(then)):
            if now.get(key) != then.get(key):
                lines.append(f"{key}: {now.get(key)} instead of {then.get(key)}")
    return "; ".join(lines)


def table(outcomes: list[Outcome], seconds: dict[str, float]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| database | shapes | points | half done | stuck or wrong | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for backend in dict.fromkeys(outcome.backend for outcome in outcomes):
        here = [o for o in outcomes if o.backend == backend]
        wrong = [line for o in here for line in o.wrong]
        half = sum("half done" in line for line in wrong)
        shown = str(half) if backend != "mariadb" else "n/a"
        lines.append(
            f"| {backend} | {len(here)} | {sum(o.points for o in here)} | {shown} "
            f"| {len(wrong) - half} | {seconds[backend]:.0f} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="every point of every shape")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="with --full: each N-th")
    parser.add_argument("--backend", action="append", choices=BACKENDS)
    parser.add_argument("--shape", action="append", choices=[s.name for s in SHAPES])
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []
    seconds: dict[str, float] = {}
    for backend in arguments.backend or BACKENDS:
        began = time.monotonic()
        warm(backend)
        for shape in SHAPES:
            if arguments.shape and shape.name not in arguments.shape:
                continue
            step, most = (arguments.every, 10_000) if arguments.full else (5, 3)
            outcome = sweep(shape, backend, step, most)
            outcomes.append(outcome)
            print(f"{backend:15} {shape.name:18} {outcome.points:4} points", file=sys.stderr)
            for line in outcome.wrong:
                print(f"  {line}", file=sys.stderr)
        seconds[backend] = time.monotonic() - began
    print(table(outcomes, seconds))
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
