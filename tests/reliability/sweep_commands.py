#!/usr/bin/env python3
"""Kill sweep of the commands that write rows and files: whole or nothing, wherever they die.

    python tests/reliability/sweep_commands.py [--full [--points N]] [--backend NAME] [--case NAME]

A child process runs the command and kills itself with SIGKILL at its k-th point: before or
after a statement or a commit is handed to the driver, or before or after a file is opened,
written, linked, renamed or removed. After each death the rows, the numbers given to new rows,
the seed ledger and the project's files have to be as before the command or as after it. Then
the command is run again, and has to come to the end that an undisturbed one comes to. --full
takes 100 points of each case, spread over all that it has; without it a few are taken.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).resolve().parent)]
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

import alembic.command  # noqa: E402, F401  (the children find everything imported)
import factory.alchemy  # noqa: E402, F401
import sqlalchemy as sa  # noqa: E402
import sweep  # noqa: E402
from support.project import ProjectFolder  # noqa: E402

from sqlalchemy_manage.cli import main as manage  # noqa: E402

BACKENDS = ("sqlite", "postgresql")
LIMIT = 120

MODELS = """
class_name = String(40)

department = table("department", key(), Column("name", class_name, nullable=False, unique=True),
                   sqlite_autoincrement=True)
employee = table("employee", key(), Column("name", class_name, nullable=False),
                 Column("salary", Integer),
                 Column("boss_id", ForeignKey("employee.id", name="fk_boss")),
                 Column("department_id", ForeignKey("department.id", ondelete="CASCADE")),
                 sqlite_autoincrement=True)
badge = table("badge", key(), Column("employee_id", ForeignKey("employee.id"), nullable=False))
note = table("note", key(), Column("employee_id", ForeignKey("employee.id", ondelete="SET NULL")))

from sqlalchemy.orm import registry, relationship

mapped = registry(metadata=metadata)


@mapped.mapped
class Department:
    __table__ = department


@mapped.mapped
class Employee:
    __table__ = employee
    department = relationship(Department)
    boss = relationship("Employee", remote_side=employee.c.id)


@mapped.mapped
class Badge:
    __table__ = badge
    employee = relationship(Employee)


@mapped.mapped
class Note:
    __table__ = note
    employee = relationship(Employee)
"""
LATER = """
extra = table("extra", key(), Column("badge_id", ForeignKey("badge.id")), Column("text", Text))
badge.append_column(Column("color", String(10)))
"""
FACTORIES = """
import factory
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Link

from .models import Badge, Department, Employee, Note


class DepartmentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Department

    name = factory.Sequence(lambda n: f"seeded {n}")


class EmployeeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Employee

    name = factory.Faker("name")
    department = Link(DepartmentFactory)


class BadgeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Badge

    employee = Link(EmployeeFactory)


class NoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Note

    employee = Link(EmployeeFactory)
"""
# Commits in between: what a sweep has to find.
HALVES = """
import click
import sqlalchemy as sa


@click.command()
@click.pass_obj
def command(project):
    for name in ("one", "two"):
        with project.engine.begin() as connection:
            connection.execute(sa.text(f"INSERT INTO department (name) VALUES ('{name}')"))
"""
SEED = ("seed", "Department=30", "Employee=400", "Badge=400", "Note=300", "--random-seed", "3")


@dataclass(frozen=True)
class Case:
    """``setup``: commands before. ``again``: what is run after a death, if not the command;
    ``back``: that leads to the state before. ``files``: the project's files are compared too."""

    name: str
    command: tuple[str, ...]
    setup: tuple[tuple[str, ...], ...] = ()
    again: tuple[str, ...] = ()
    back: bool = False
    files: bool = False
    new: bool = False
    repeatable: bool = True


FILLED = ("loaddata", "filled.json")
CASES = (
    Case("seed", SEED, (FILLED,), repeatable=False),
    Case(
        "seed in parts",
        (*SEED, "--commit-every", "200"),
        (FILLED,),
        again=("seed", "--undo"),
        back=True,
    ),
    Case("loaddata", ("loaddata", "other.json"), (FILLED,)),
    Case("restore", ("restore", "backup.file", "--no-backup"), (FILLED,)),
    Case("flush", ("flush", "--no-input"), (FILLED, SEED)),
    Case("flush of some", ("flush", "Department", "--cascade", "--no-input"), (FILLED, SEED)),
    Case("makemigrations", ("makemigrations", "--no-input"), files=True),
    Case("first makemigrations", ("makemigrations", "--no-input"), files=True, new=True),
)


def filled(count: int, first: int) -> str:
    """A fixture of rows that refer to each other."""
    records: list[dict[str, Any]] = []
    for n in range(first, first + count):
        records.append({"model": "staff.department", "pk": n, "fields": {"name": f"d {n}"}})
    for n in range(first, first + 2 * count):
        fields = {"name": f"e {n}", "salary": n, "department": first + n % count}
        fields |= {"boss": n - 1} if n > first else {"boss": None}
        records.append({"model": "staff.employee", "pk": n, "fields": fields})
        records.append({"model": "staff.badge", "pk": n, "fields": {"employee": n}})
        records.append({"model": "staff.note", "pk": n, "fields": {"employee": n}})
    return json.dumps(records)


class Place:
    """A project and its database, which can be put back to where a case begins."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.backend = backend
        self.name = f"sweep_{secrets.token_hex(4)}"
        self.root = folder
        self.project_folder = folder / "project"
        self.kept = folder / "kept"
        self.file = self.project_folder / "swept.sqlite"
        if backend == "sqlite":
            self.url = f"sqlite:///{self.file}"
        else:
            url = sa.make_url(sweep.SERVERS[backend]).set(database=self.name)
            self.url = url.render_as_string(hide_password=False)
            self._on_server(f"CREATE DATABASE {self.name}")
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        self.project = ProjectFolder(self.project_folder, self.url)

    def _on_server(self, statement: str) -> None:
        engine = sa.create_engine(
            sweep.SERVERS[self.backend], poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def begin(self, case: Case) -> None:
        """Bring the project to where the case begins, and keep it."""
        self.project.models(MODELS)
        (self.project_folder / "staff" / "factories.py").write_text(FACTORIES)
        commands = self.project_folder / "staff" / "management" / "commands"
        commands.mkdir(parents=True)
        (commands / "halves.py").write_text(HALVES)
        (self.project_folder / "filled.json").write_text(filled(20, 1))
        (self.project_folder / "other.json").write_text(filled(30, 11))
        if not case.new:
            self.must("makemigrations", "--no-input")
            self.must("migrate")
        if case.name == "restore":
            self.must("loaddata", "other.json")
            self.must("backup", "backup.file")
            self.must("flush", "--no-input")
        for command in case.setup:
            self.must(*command)
        if case.files and not case.new:
            self.project.models(MODELS + LATER)
        shutil.copytree(self.project_folder, self.kept)
        if self.backend == "postgresql":
            self.rows, self.numbers = self._everything()

    def put_back(self) -> None:
        shutil.rmtree(self.project_folder)
        shutil.copytree(self.kept, self.project_folder)
        if self.backend == "postgresql" and self._everything() != (self.rows, self.numbers):
            self._put_rows_back()

    def _everything(self) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
        """All tables as COPY writes them, and all sequences."""
        rows = {}
        with self.engine.connect() as connection:
            cursor: Any = connection.connection.cursor()
            for name in sa.inspect(connection).get_table_names():
                with cursor.copy(f"COPY {name} TO STDOUT") as copy:
                    rows[name] = b"".join(bytes(block) for block in copy)
            query = "SELECT sequencename, start_value, last_value FROM pg_sequences ORDER BY 1"
            return rows, [tuple(row) for row in connection.exec_driver_sql(query)]

    def _put_rows_back(self) -> None:
        """Much quicker than another database made from a template."""
        with self.engine.begin() as connection:
            run = connection.exec_driver_sql
            for name in sa.inspect(connection).get_table_names():
                run(f"TRUNCATE {name} CASCADE" if name in self.rows else f"DROP TABLE {name}")
            run("SET LOCAL session_replication_role = replica")  # foreign keys are not checked
            cursor: Any = connection.connection.cursor()
            for name, rows in self.rows.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)
            for name, start, last in self.numbers:
                run(f"SELECT setval('{name}', {last or start}, {last is not None})")
        assert self._everything() == (self.rows, self.numbers)

    def drop(self) -> None:
        if self.backend == "postgresql":
            self._on_server(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def must(self, *command: str) -> None:
        code, said, _ = self.run(command)
        assert code == 0, (command, said)

    def run(self, command: tuple[str, ...], point: int | None = None) -> tuple[int, str, int]:
        """Status, output, and the number of points that were passed (if it came to its end)."""
        said, passed = self.root / "said.txt", self.root / "passed.txt"

        def work() -> int:
            sweep.forget()
            os.chdir(self.project_folder)
            sys.path.insert(0, str(self.project_folder))
            sys.dont_write_bytecode = True
            os.environ |= {
                "DATABASE_URL": self.url,
                "MANAGE_SETTINGS_MODULE": "staff_settings",
                "NO_COLOR": "1",
            }
            with said.open("w") as file, redirect_stdout(file), redirect_stderr(file):
                if point is None:
                    return manage([*command], prog_name="manage.py")
                with counting(point) as count:
                    code = manage([*command], prog_name="manage.py")
            passed.write_text(str(count()))
            return code

        sweep.LIMIT = LIMIT
        code = sweep.forked(work)
        if self.backend == "postgresql":
            self._wait_for_sessions()
        count = int(passed.read_text()) if point == 0 else 0
        return code, said.read_text(), count

    def _wait_for_sessions(self) -> None:
        """What the dead left running, such as a psql, comes to its end."""
        query = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
            " AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + LIMIT
        with self.engine.connect() as connection:
            while connection.scalar(query, {"name": self.name}):
                connection.rollback()
                assert time.monotonic() < deadline, "a session does not end"
                time.sleep(0.02)

    def state(self, *, files: bool) -> dict[str, Any]:
        """Rows, numbers, runs of seed; with ``files`` those of the migrations."""
        found: dict[str, Any] = {}
        exists = self.backend != "sqlite" or self.file.exists()
        with self.engine.connect() if exists else _nothing() as connection:
            names = sa.inspect(connection).get_table_names() if connection is not None else []
            for name in names:
                if name in ("department", "employee", "badge", "note", "alembic_version"):
                    rows = connection.exec_driver_sql(f"SELECT * FROM {name}")
                    found[name] = sorted(map(str, rows))
            found["numbers"] = self._numbers(connection, names)
            if "sqlalchemy_manage_seed_run" in names:
                # The number of a run that is not there is not given to another.
                runs = "SELECT state FROM sqlalchemy_manage_seed_run ORDER BY id"
                keys = (
                    "SELECT table_name, sum(row_count) FROM sqlalchemy_manage_seed_keys"
                    " GROUP BY run, table_name ORDER BY run, table_name"
                )
                found["runs"] = [str(row) for row in connection.exec_driver_sql(runs)]
                found["keys"] = [str(row) for row in connection.exec_driver_sql(keys)]
        if files:
            found["files"] = {
                str(path.relative_to(self.project_folder)): _digest(path)
                for path in sorted((self.project_folder / "migrations").rglob("*"))
                if path.is_file() and "__pycache__" not in path.parts
            }
        return found

    def _numbers(self, connection: Any, names: list[str]) -> list[str]:
        if self.backend == "postgresql":
            query = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename NOT LIKE"
            query += " 'sqlalchemy%%' ORDER BY 1"
        else:
            if not names:
                return []
            query = "SELECT name, seq FROM sqlite_sequence ORDER BY 1"
        return [str(row) for row in connection.exec_driver_sql(query)]


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


# What a driver and the system are asked for, by the names of the functions.
IN_C = {
    "execute", "executemany", "executescript", "commit", "rollback", "backup", "write", "open",
    "rename", "replace", "link", "unlink", "mkdir", "rmdir", "fsync", "close",
}  # fmt: skip
IN_PSYCOPG = {"execute", "executemany", "copy", "write_row", "commit", "rollback", "__exit__"}


@contextmanager
def counting(point: int) -> Iterator[Callable[[], int]]:
    """Have this process killed at its ``point``-th call, or return from one, of those above."""
    passed = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal passed
        if event in ("c_call", "c_return"):
            if getattr(argument, "__name__", "") not in IN_C:
                return
            owner = type(getattr(argument, "__self__", None)).__name__
            if argument.__name__ in ("close", "write") and owner == "StringIO":
                return
        elif event in ("call", "return"):
            code = frame.f_code
            if code.co_name not in IN_PSYCOPG or "psycopg" not in code.co_filename:
                return
        else:
            return
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)
    try:
        yield lambda: passed
    finally:
        sys.setprofile(None)


@dataclass
class Swept:
    """What the sweep of one case on one backend found."""

    backend: str
    case: str
    points: int = 0
    there: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0


def sweep_case(case: Case, backend: str, most: int) -> Swept:
    """``most`` points of a case, spread over all that it has; what was wrong at which."""
    swept = Swept(backend, case.name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sweep_") as folder:
        place = Place(Path(folder), backend)
        try:
            place.begin(case)
            before = place.state(files=case.files)
            code, said, total = place.run(case.command, 0)
            assert code == 0, (case.name, said)
            after = place.state(files=case.files)
            assert after != before, case.name
            swept.there = total
            for point in spread(total, most):
                place.put_back()
                code, said, _ = place.run(case.command, point)
                if code != -signal.SIGKILL:
                    # Which statements there are may differ a little: the end was before it.
                    wrong = "" if code == 0 else f"exit {code}: {said}"
                else:
                    swept.points += 1
                    wrong = _after_death(place, case, before, after)
                if wrong:
                    swept.wrong.append(f"point {point} of {total}: {wrong}")
        finally:
            place.drop()
    swept.seconds = time.monotonic() - began
    return swept


def spread(total: int, most: int) -> list[int]:
    """At most ``most`` of the numbers from 1 to ``total``, as far apart as there is room."""
    most = min(most, total)
    return sorted({1 + (total - 1) * i // max(1, most - 1) for i in range(most)})


def _after_death(place: Place, case: Case, before: dict[str, Any], after: dict[str, Any]) -> str:
    found = place.state(files=case.files)
    if case.back:
        return _undone(place, case, before, found, after)
    old, new = _differences(found, before, case), _differences(found, after, case)
    if old and new:
        return f"neither old ({old}) nor new ({new})"
    if new or case.repeatable:
        code, said, _ = place.run(case.command)
        # makemigrations does not write on while what it wrote is not applied.
        if code and (new or not case.files):
            return f"stuck, exit {code}: {said}"
        found = place.state(files=case.files)
    if wrong := _differences(found, after, case, end=True):
        return f"ends with {wrong}"
    return ""


def _undone(
    place: Place,
    case: Case,
    before: dict[str, Any],
    found: dict[str, Any],
    after: dict[str, Any],
) -> str:
    """A seed that commits in parts: what it left is resumed to the end, or undone."""
    rows = ("department", "employee", "badge", "note")
    if all(found[name] == before[name] for name in rows) and not found.get("runs"):
        return ""
    code, said, _ = place.run(case.again)
    left = place.state(files=False)
    # Before its first commit there is no run to undo.
    if code and found.get("keys"):
        return f"not undone, exit {code}: {said}"
    wrong = [name for name in rows if left[name] != before[name]]
    if wrong or left.get("keys"):
        return f"after --undo {wrong} differ, keys {left.get('keys')}"
    return ""


def _differences(
    found: dict[str, Any], wanted: dict[str, Any], case: Case, *, end: bool = False
) -> str:
    names = set(found) | set(wanted)
    if case.name != "flush" and case.name != "flush of some":
        names -= {"numbers"}  # a number that was given out once is not given out again
    told = []
    for name in sorted(names):
        one, two = found.get(name), wanted.get(name)
        if name in ("runs", "keys"):
            one, two = one or [], two or []
        if name == "files":
            one = {k: v for k, v in (one or {}).items() if not Path(k).name.startswith(".")}
            if case.new and not end:
                # Each of several files is whole or not there.
                two = {k: v for k, v in (two or {}).items() if k in one or not one}
        if one != two:
            told.append(f"{name}: {str(one)[:150]} instead of {str(two)[:150]}")
    return "; ".join(told)


def warm() -> None:
    """Have everything imported that the commands import, so that the children need not."""
    with tempfile.TemporaryDirectory(prefix="sweep_") as folder:
        place = Place(Path(folder), "sqlite")
        before = (os.getcwd(), list(sys.path), dict(os.environ))
        place.project.models("note = table('note', key())")
        os.chdir(place.project_folder)
        sys.path.insert(0, str(place.project_folder))
        os.environ |= {"DATABASE_URL": place.url, "MANAGE_SETTINGS_MODULE": "staff_settings"}
        try:
            with open(os.devnull, "w") as file, redirect_stdout(file), redirect_stderr(file):
                for line in ("makemigrations --no-input", "migrate", "seed --auto note=1",
                             "dumpdata -o x.json", "loaddata x.json", "flush --no-input",
                             "backup b", "restore b --no-backup"):  # fmt: skip
                    manage(line.split(), prog_name="manage.py")
        finally:
            os.chdir(before[0])
            sys.path[:] = before[1]
            os.environ.clear()
            os.environ.update(before[2])
            sweep.forget()
    gc.collect()
    gc.freeze()


def table(found: list[Swept]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| database | command | points | of | neither old nor new, or stuck | seconds |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.backend} | {s.case} | {s.points} | {s.there} | {len(s.wrong)} | {s.seconds:.0f} |"
        for s in found
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="100 points of each case, not 5")
    parser.add_argument("--points", type=int, default=100, metavar="N", help="with --full")
    parser.add_argument("--backend", action="append", choices=BACKENDS)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    arguments = parser.parse_args()
    warm()
    found = []
    for backend in arguments.backend or BACKENDS:
        for case in CASES:
            if arguments.case and case.name not in arguments.case:
                continue
            swept = sweep_case(case, backend, arguments.points if arguments.full else 5)
            found.append(swept)
            print(f"{backend:11} {case.name:21} {swept.points:4} points", file=sys.stderr)
            for line in swept.wrong:
                print(f"  {line}", file=sys.stderr, flush=True)
    print(table(found))
    return 1 if any(swept.wrong for swept in found) else 0


if __name__ == "__main__":
    sys.exit(main())
