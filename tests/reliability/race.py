"""Many processes migrate one new database at once: python tests/reliability/race.py [ROUNDS].

Each round has an empty database, eight processes that start together, and three revisions
that note in a table that they ran. All of them have to exit with 0, and each revision has
to have run once. The processes are forks of this one, which has the libraries loaded, so
that they really start together; every second one is a plain ``alembic upgrade head``.
50 rounds on each database, if not told otherwise.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import sqlalchemy as sa  # noqa: E402
from support.databases import BACKENDS, SERVERS, on_server  # noqa: E402
from support.project import ProjectFolder  # noqa: E402

PROCESSES = 8
BODY = """\
def upgrade():
    if down_revision is None:
        op.create_table("ran", sa.Column("name", sa.String(32)))
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO ran (name) VALUES ('{name}')")


def downgrade():
    op.drop_table({table!r})
"""


def make_project(folder: Path) -> Path:
    """A project of three revisions without any model; they note in a table that they ran."""
    project = ProjectFolder(folder, "sqlite://").write_history()
    for number, table in enumerate(("one", "two", "three"), 1):
        name = f"000{number}_{table}"
        project.write(name, project.below(name), BODY.format(name=name, table=table))
    return folder


def child(folder: Path, url: str, start: int, log: Path, plain: bool = False) -> None:
    """Migrate, once the pipe ``start`` is closed, by ``plain`` alembic or ours; never returns."""
    code = 99
    try:
        os.chdir(folder)
        os.environ |= {"DATABASE_URL": url, "MANAGE_SETTINGS_MODULE": "staff_settings"}
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True
        from alembic.config import main as alembic

        from sqlalchemy_manage.cli import main

        os.read(start, 1)
        with (
            log.open("w", buffering=1) as said,
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            if plain:
                alembic(["upgrade", "head"])
                code = 0
            else:
                code = main(["migrate"], prog_name="manage.py")
    except SystemExit as stop:  # how alembic ends with an error
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        log.write_text(traceback.format_exc())
    finally:
        os._exit(code)


def race(folder: Path, url: str, processes: int = PROCESSES) -> list[tuple[int, str]]:
    """What each process exited with and said, when all of them were let go together."""
    start, hold = os.pipe()
    children = []
    for number in range(processes):
        log = folder / f"said{number}"
        log.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            os.close(hold)
            child(folder, url, start, log, plain=bool(number % 2))
        children.append((pid, log))
    os.close(start)
    time.sleep(0.05)
    os.close(hold)
    ends = []
    for pid, log in children:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        ends.append((code, log.read_text() if log.exists() else ""))
    return ends


def judged(engine: sa.Engine, ends: list[tuple[int, str]]) -> str:
    """What is wrong after a race; nothing if it is empty."""
    wrong = [f"exit {code}: {said}" for code, said in ends if code]
    with engine.connect() as connection:
        ran = sorted(connection.scalars(sa.text("SELECT name FROM ran")))
        at = list(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))
    if ran != ["0001_one", "0002_two", "0003_three"]:
        wrong.append(f"ran {ran}")
    if at != ["0003_three"]:
        wrong.append(f"stands at {at}")
    return "\n".join(wrong)


def load() -> None:
    """Import what the children need, so that they start together and at once."""
    for name in ("psycopg", "pymysql", "sqlalchemy.orm", "alembic.command"):
        importlib.import_module(name)
    for name in ("cli", "models", "commands.migrate", "migrations.actions.fake_initial"):
        importlib.import_module(f"sqlalchemy_manage.{name}")


def rounds(backend: str, count: int, report: Callable[[str], None] = print) -> int:
    """How many of ``count`` races went wrong; each is reported."""
    failures = 0
    with tempfile.TemporaryDirectory() as place:
        folder = make_project(Path(place) / "project")
        for number in range(count):
            name = f"race_{secrets.token_hex(4)}"
            if backend == "sqlite":
                url = f"sqlite:///{place}/{name}.sqlite"
            else:
                url = sa.make_url(SERVERS[backend]).set(database=name).render_as_string(False)
                on_server(SERVERS[backend], f"CREATE DATABASE {name}")
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            wrong = judged(engine, race(folder, url))
            engine.dispose()
            if wrong:
                failures += 1
                report(f"{backend} round {number}: {wrong}")
            if backend != "sqlite":
                on_server(SERVERS[backend], f"DROP DATABASE {name}")
    return failures


def main() -> int:
    load()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    failed = 0
    for backend in BACKENDS:
        started = time.monotonic()
        wrong = rounds(backend, count)
        failed += wrong
        seconds = time.monotonic() - started
        print(f"{backend}: {count} rounds of {PROCESSES} processes, {wrong} wrong, {seconds:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
