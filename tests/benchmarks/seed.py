"""Seeding side by side with what else fills a database, as ratios of rows a second.

    pip install -e '.[benchmarks,postgresql]'
    python tests/benchmarks/seed.py [--quick] [--only FIGURE ...] [--backend NAME ...]

hr's own factories, ``manage.py seed load`` at several sizes, each on a fresh migrated
database. All in one run; PostgreSQL by TEST_POSTGRES_URL, else on localhost.

- ``create_batch``: factory_boy's create_batch with links appended, at 5,000 employees;
- ``floor``: the raw driver (sqlite3's executemany, psycopg's COPY) writing the very rows and
  links, made beforehand, in one transaction;
- ``memory``: the peak, and the time, at a million employees against a tenth of them;
- ``jobs``: making rows in two processes against one;
- ``checklinks``: the check of all links against its anti-joins typed in SQL;
- ``peers``: Django's bulk_create, and mimesis with SQLAlchemy Core.

``ours`` is what ``seed --json`` calls seconds: from the first statement to the commit, with
the ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(__file__).resolve().parent / "seed_peers"
FIGURES = ("create_batch", "floor", "memory", "jobs", "checklinks", "peers")
SERVER = os.environ.get(
    "TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
TABLES = {
    "department": ("id", "name"),
    "employee": ("id", "name", "hired_on"),
    "department_employee_link": ("department_id", "employee_id"),
}


@dataclass(frozen=True)
class Ours:
    """A run of ``manage.py seed``."""

    total: int
    seconds: float
    peak: int  # KiB of the process

    @property
    def rate(self) -> float:
        return self.total / self.seconds


@contextmanager
def fresh(backend: str, *, migrated: bool = True) -> Iterator[str]:
    """The URL of a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if backend == "sqlite":
            url = f"sqlite:///{folder}/bench.sqlite"
            if migrated:
                manage(url, "migrate", "-v0")
            yield url
            return
        name = f"bench_{secrets.token_hex(4)}"
        engine = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            url = sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
            if migrated:
                manage(url, "migrate", "-v0")
            yield url
        finally:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}


def manage(url: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(url),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def seed(url: str, employees: int) -> Ours:
    """``seed load`` as a process of its own, with its peak of memory."""
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "seed", "load", "--json", "--random-seed", "1"),
            *("--scale", str(employees / 1_000_000)),
        ],
        cwd=ROOT,
        env=environment(url),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Ours(answer["total"], answer["seconds"], usage.ru_maxrss)


def peer(url: str, script: str, *arguments: object) -> tuple[int, float]:
    """Rows and seconds that a script of seed_peers prints."""
    done = subprocess.run(
        [sys.executable, str(PEERS / script), *map(str, arguments)],
        cwd=ROOT,
        env=environment(url),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    rows, seconds = done.stdout.split()
    return int(rows), float(seconds)


def told(title: str, ratio: float, goal: float, *, least: bool = True, note: str = "") -> None:
    met = ratio >= goal if least else ratio <= goal
    word = "at least" if least else "at most"
    end = f"  ({note})" if note else ""
    print(
        f"  {title}: {ratio:.2f}, goal {word} {goal}{'' if met else ', NOT MET'}{end}", flush=True
    )


def raw_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows as the driver stores them, in the order in which they were written."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    order = {"department": "id", "employee": "id", "department_employee_link": "employee_id"}
    with engine.connect() as connection:
        return {
            name: [
                tuple(row)
                for row in connection.exec_driver_sql(
                    f"SELECT {', '.join(columns)} FROM {name} ORDER BY {order[name]}"
                )
            ]
            for name, columns in TABLES.items()
        }


def floor(url: str, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds in which the raw driver writes them in one transaction, commit included."""
    if url.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
            start = time.perf_counter()
            for name, columns in TABLES.items():
                marks = ", ".join("?" * len(columns))
                raw.executemany(
                    f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows[name]
                )
            raw.commit()
            return time.perf_counter() - start
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as server:
        start = time.perf_counter()
        with server.cursor() as cursor:
            for name, columns in TABLES.items():
                with cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                    for row in rows[name]:
                        copy.write_row(row)
        server.commit()
        return time.perf_counter() - start


def show_create_batch(backend: str, quick: bool) -> None:
    with fresh(backend) as url:
        rows, seconds = peer(url, "boy.py", 5_000)
    theirs = rows / seconds
    for count in (5_000, 50_000 if quick else 200_000):
        with fresh(backend) as url:
            ours = seed(url, count)
        told(
            f"{count:,} employees, times create_batch at 5,000",
            ours.rate / theirs,
            40,
            note=f"{ours.rate:,.0f} against {theirs:,.0f} rows/s",
        )


def show_floor(backend: str, quick: bool) -> None:
    for count in (50_000, 200_000) if quick else (200_000, 1_000_000):
        with fresh(backend) as url:
            ours = seed(url, count)
            rows = raw_rows(url)
        with fresh(backend) as url:
            seconds = floor(url, rows)
        told(
            f"{count:,} employees, {ours.total:,} rows, of the raw driver's speed",
            seconds / ours.seconds,
            0.4,
            note=f"{ours.rate:,.0f} against {ours.total / seconds:,.0f} rows/s",
        )


def show_memory(backend: str, quick: bool) -> None:
    small, large = (30_000, 300_000) if quick else (100_000, 1_000_000)
    with fresh(backend) as url:
        few = seed(url, small)
    with fresh(backend) as url:
        many = seed(url, large)
    told(
        f"peak of memory at {large:,} against {small:,}",
        many.peak / few.peak,
        1.3,
        least=False,
        note=f"{many.peak / 1024:.0f} against {few.peak / 1024:.0f} MiB",
    )
    told(f"time at {large:,} against {small:,}", many.seconds / few.seconds, 11, least=False)


def show_jobs(backend: str, quick: bool) -> None:
    count = 200_000 if quick else 1_000_000
    seconds = {}
    for jobs in (1, 2):
        with fresh(backend) as url:
            _, seconds[jobs] = peer(url, "generating.py", jobs, count)
    told(f"making {count:,} employees with --jobs 2", seconds[1] / seconds[2], 1.5)


BY_HAND = (
    "SELECT count(*) FROM (SELECT l.department_id FROM department_employee_link l LEFT JOIN "
    "department d ON d.id = l.department_id WHERE l.department_id IS NOT NULL AND d.id IS NULL) x",
    "SELECT count(*) FROM (SELECT l.employee_id FROM department_employee_link l LEFT JOIN "
    "employee e ON e.id = l.employee_id WHERE l.employee_id IS NOT NULL AND e.id IS NULL) x",
    "SELECT count(*) FROM (SELECT department_id, employee_id FROM department_employee_link "
    "GROUP BY department_id, employee_id HAVING count(*) > 1) x",
)


def show_checklinks(backend: str, quick: bool) -> None:
    from sqlalchemy_manage.links.check import check_links
    from sqlalchemy_manage.links.inspect import links_of
    from sqlalchemy_manage.project import Project

    count = 200_000 if quick else 1_000_000
    with fresh(backend) as url:
        seed(url, count)
        os.environ["DATABASE_URL"] = url
        project = Project("settings")
        times: dict[str, list[float]] = {"ours": [], "hand": []}
        with project.connect() as connection:
            links = links_of(project.mappers, project.tables)
            for _ in range(4):
                start = time.perf_counter()
                assert check_links(connection, links).ok
                times["ours"].append(time.perf_counter() - start)
                start = time.perf_counter()
                for statement in BY_HAND:
                    assert connection.exec_driver_sql(statement).scalar_one() == 0
                times["hand"].append(time.perf_counter() - start)
        project.close()
        ours, hand = (sorted(times[name][1:])[1] for name in ("ours", "hand"))
        told(
            f"checklinks of {count:,} employees against its anti-joins typed by hand",
            ours / hand,
            1.5,
            least=False,
            note=f"{ours:.2f} against {hand:.2f} s",
        )


def show_peers(backend: str, quick: bool) -> None:
    count = 10_000 if quick else 50_000
    with fresh(backend) as url:
        ours = seed(url, count)
    for name, script, migrated in (
        ("Django's factories with bulk_create", "django_bulk.py", False),
        ("mimesis with Core inserts", "mimesis_core.py", True),
    ):
        with fresh(backend, migrated=migrated) as url:
            rows, seconds = peer(url, script, count)
        print(
            f"  {count:,} employees, times {name}: {ours.rate / (rows / seconds):.1f}"
            f"  ({ours.rate:,.0f} against {rows / seconds:,.0f} rows/s)",
            flush=True,
        )


def versions() -> str:
    import sqlite3

    found = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    for name in ("SQLAlchemy", "factory-boy", "Faker", "psycopg", "Django", "mimesis"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    try:
        with sa.create_engine(SERVER, poolclass=sa.NullPool).connect() as connection:
            server = connection.exec_driver_sql("SHOW server_version").scalar_one()
            found.append(f"PostgreSQL {str(server).split()[0]}")
    except sa.exc.DBAPIError:
        found.append("no PostgreSQL")
    return ", ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a fifth of the rows, or fewer")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=FIGURES)
    parser.add_argument("--backend", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    os.environ.pop("MANAGE_SETTINGS_MODULE", None)
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    print(f"{versions()}; {platform.machine()}, {os.cpu_count()} CPUs")
    for figure in given.only:
        for backend in given.backend:
            if figure == "jobs" and backend != "sqlite":
                continue  # nothing is written
            print(f"{figure}, {backend}")
            globals()[f"show_{figure}"](backend, given.quick)


if __name__ == "__main__":
    main()
