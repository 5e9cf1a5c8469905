"""Data migrations, whole processes side by side: ours against plain Alembic's, as ratios.

    python tests/benchmarks/data_migration.py [--rows N] [--updates N] [--runs N]

On SQLite and, where TEST_POSTGRES_URL or a server on localhost answers, on PostgreSQL. Each
pair in turn (A B A B ...) after one warm-up, so that a machine that slows down slows both.
Each run has a copy of the same database, which stands at the first revision. The second

- streams ``--rows`` rows with ``stream_results``, a thousand at a time, and writes them with
  ``executemany``: the greatest memory of the process counts;
- or sends ``--updates`` single UPDATE statements: its processor time counts.

``migrate`` proves the links and keeps the ledger; ``alembic upgrade head`` has the env.py
that ``alembic init`` writes. Both run from compiled modules, as an installed package does:
the warm-up compiles them. This process imports neither: what it holds in memory would
count as its children's.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
OURS = [PYTHON, "-m", "sqlalchemy_manage", "migrate"]
STOCK = [PYTHON, "-m", "alembic", "upgrade", "head"]
BASE = '''"""The tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001_base"
down_revision = None


def upgrade() -> None:
    op.create_table("team", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "item",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("team.id", name="fk_item_team")),
        sa.Column("name", sa.String(50)),
        sa.Column("n", sa.Integer),
    )
'''
HEADER = '''"""The data."""

import sqlalchemy as sa
from alembic import op

revision = "0002_data"
down_revision = "0001_base"


def upgrade() -> None:
    bind = op.get_bind()
'''
STREAMED = """\
    read = sa.text("SELECT id, name, n FROM item ORDER BY id")
    write = sa.text("UPDATE item SET name = :name, n = :n WHERE id = :id")
    rows = bind.execute(read, execution_options={"stream_results": True})
    for part in rows.partitions(1000):
        bind.execute(write, [{"id": r.id, "name": r.name.upper(), "n": r.n + 1} for r in part])
"""
UPDATED = """\
    write = sa.text("UPDATE item SET n = n + :more WHERE id = :id")
    for number in range(1, COUNT + 1):
        bind.execute(write, {"id": number, "more": number % 7})
"""
# Run in a process of its own: the database of an argument's URL, filled.
FILL = """
import sys
import sqlalchemy as sa
engine = sa.create_engine(sys.argv[1])
count = int(sys.argv[2])
with engine.begin() as connection:
    connection.exec_driver_sql("INSERT INTO team (id) VALUES (1), (2), (3)")
    insert = sa.text("INSERT INTO item (id, team_id, name, n) VALUES (:id, :team, :name, 0)")
    for start in range(1, count + 1, 10_000):
        ids = range(start, min(start + 10_000, count + 1))
        rows = [{"id": i, "team": i % 3 + 1, "name": f"the item number {i}"} for i in ids]
        connection.execute(insert, rows)
"""
ADMINISTER = """
import sys
import sqlalchemy as sa
engine = sa.create_engine(sys.argv[1], isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
with engine.connect() as connection:
    for statement in sys.argv[2:]:
        connection.exec_driver_sql(statement)
"""


class Side:
    """A project with the two revisions, run by one of the two commands."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.command = command
        self.versions = folder / "migrations" / "versions"

    def write(self, body: str) -> None:
        (self.versions / "0001_base.py").write_text(BASE)
        (self.versions / "0002_data.py").write_text(HEADER + body)

    def measured(self, url: str) -> tuple[float, float]:
        """Seconds of processor time, and MiB at the most, of the process that migrates."""
        self.point_to(url)
        process = subprocess.Popen(
            self.command, cwd=self.folder, env=environment(), stdout=-3, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(said)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def point_to(self, url: str) -> None:
        raise NotImplementedError


class Ours(Side):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, OURS)
        self.versions.mkdir(parents=True)
        for name in ("env.py", "script.py.mako"):
            shutil.copy(ROOT / "migrations" / name, folder / "migrations")

    def point_to(self, url: str) -> None:
        (self.folder / "settings.py").write_text(
            f'DATABASES = {{"default": {{"URL": {url!r}}}}}\nINSTALLED_APPS = []\n'
        )


class Stock(Side):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, STOCK)
        folder.mkdir()
        start = [PYTHON, "-m", "alembic", "init", "migrations"]
        subprocess.run(start, cwd=folder, check=True, capture_output=True)
        self.settings = (folder / "alembic.ini").read_text()

    def point_to(self, url: str) -> None:
        text = self.settings.replace("driver://user:pass@localhost/dbname", url)
        (self.folder / "alembic.ini").write_text(text)


def environment() -> dict[str, str]:
    compiled = str(Path(tempfile.gettempdir()) / "sqlalchemy_manage_benchmarks")
    found = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": compiled}
    for name in ("DATABASE_URL", "MANAGE_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"):
        found.pop(name, None)
    return found


def run(*command: str, folder: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)


class Sqlite:
    """A filled file, and copies of it."""

    name = "SQLite"

    def __init__(self, folder: Path, server: str) -> None:
        self.kept, self.copy = folder / "kept.sqlite", folder / "copy.sqlite"

    def fill(self, stock: Stock, rows: int) -> None:
        self.kept.unlink(missing_ok=True)
        prepare(stock, f"sqlite:///{self.kept}", rows)

    @contextmanager
    def copied(self) -> Iterator[str]:
        shutil.copy(self.kept, self.copy)
        yield f"sqlite:///{self.copy}"
        self.copy.unlink()

    def clear(self) -> None:
        self.kept.unlink(missing_ok=True)


class Postgresql:
    """A filled database of a server, and copies of it; all are dropped at the end."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, server: str) -> None:
        self.server = server
        self.kept = f"bench_{secrets.token_hex(6)}"

    def fill(self, stock: Stock, rows: int) -> None:
        self.clear()
        self._administer(f"CREATE DATABASE {self.kept}")
        prepare(stock, self._url(self.kept), rows)

    @contextmanager
    def copied(self) -> Iterator[str]:
        name = f"{self.kept}_copy"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {self.kept}")
        yield self._url(name)
        self._administer(f"DROP DATABASE {name}")

    def clear(self) -> None:
        self._administer(f"DROP DATABASE IF EXISTS {self.kept}")

    def _url(self, name: str) -> str:
        return f"{self.server.rpartition('/')[0]}/{name}"

    def _administer(self, *statements: str) -> None:
        run(PYTHON, "-c", ADMINISTER, self.server, *statements)


def prepare(stock: Stock, url: str, rows: int) -> None:
    """Have a database stand at the first revision, with rows."""
    stock.point_to(url)
    run(PYTHON, "-m", "alembic", "upgrade", "0001_base", folder=stock.folder)
    run(PYTHON, "-c", FILL, url, str(rows))


def compare(
    title: str, database: Sqlite | Postgresql, ours: Ours, stock: Stock, runs: int, limit: str
) -> None:
    """Print the medians and the ratios, pair by pair, of processor time and of memory."""
    pairs = []
    for _ in range(runs + 1):
        pair = []
        for side in (ours, stock):
            with database.copied() as url:
                pair.append(side.measured(url))
        pairs.append(pair)
    print(f"\n{database.name}: {title}; wanted: {limit}")
    for place, (what, unit) in enumerate((("processor time", "s"), ("memory", "MiB"))):
        columns = [(mine[place], theirs[place]) for mine, theirs in pairs[1:]]
        first, second = (statistics.median(column) for column in zip(*columns, strict=True))
        ratios = [a / b for a, b in columns]
        print(
            f"  {what:15} {first:7.2f} {unit} against {second:.2f} {unit}"
            f"   ratio {statistics.median(ratios):.2f} (least {min(ratios):.2f},"
            f" greatest {max(ratios):.2f}, {len(ratios)} pairs)",
            flush=True,
        )


def answers(server: str) -> bool:
    ask = [PYTHON, "-c", ADMINISTER, server, "SELECT 1"]
    return subprocess.run(ask, env=environment(), capture_output=True).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--updates", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in ("SQLAlchemy", "alembic")))
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs")
    server = os.environ.get("TEST_POSTGRES_URL", POSTGRESQL)
    kinds = [Sqlite, Postgresql] if answers(server) else [Sqlite]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours, stock = Ours(folder / "ours"), Stock(folder / "stock")
        for kind in kinds:
            database = kind(folder, server)
            for title, rows, body, limit in (
                (f"{given.rows:,} rows streamed", given.rows, STREAMED, "1.1 of the memory"),
                (
                    f"{given.updates:,} UPDATEs",
                    given.updates,
                    UPDATED.replace("COUNT", str(given.updates)),
                    "1.5 of the processor time",
                ),
            ):
                for side in (ours, stock):
                    side.write(body)
                database.fill(stock, rows)
                try:
                    compare(title, database, ours, stock, given.runs, limit)
                finally:
                    database.clear()


if __name__ == "__main__":
    main()
