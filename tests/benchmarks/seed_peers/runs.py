"""Run what the benchmark compares: each a process of its own, on a database of its own."""

from __future__ import annotations

import json
import os
import platform
import resource
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PEERS = Path(__file__).resolve().parent
ROOT = PEERS.parent.parent.parent
SERVER = os.environ.get(
    "TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@dataclass(frozen=True)
class Done:
    """What a process said of its work: ``answer`` has all of it; ``peak`` in KiB."""

    rows: int
    seconds: float
    peak: int
    answer: dict[str, Any]

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


@contextmanager
def fresh(backend: str, *, migrated: bool = True) -> Iterator[str]:
    """The URL of a database of its own, removed at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if backend == "sqlite":
            url = f"sqlite:///{folder}/bench.sqlite"
        else:
            name = f"bench_{secrets.token_hex(6)}"
            server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            connection = stack.enter_context(server.connect())
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
            stack.callback(connection.exec_driver_sql, f"DROP DATABASE {name} WITH (FORCE)")
            url = sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
        if migrated:
            process(url, "manage.py", "migrate")
        yield url


def process(
    url: str, script: str | Path, *arguments: object, folder: Path = ROOT
) -> tuple[str, int]:
    """What a script prints, run in a project's folder, and its peak of memory in KiB."""
    command = [sys.executable, str(script), *map(str, arguments)]
    settings = {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    inherited = {k: v for k, v in os.environ.items() if k != "MANAGE_SETTINGS_MODULE"}
    with tempfile.TemporaryFile() as errors:
        started = subprocess.Popen(
            command, cwd=folder, env=inherited | settings, stdout=subprocess.PIPE, stderr=errors
        )
        assert started.stdout is not None
        text = started.stdout.read().decode()
        started.stdout.close()
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode:
            errors.seek(0)
            sys.exit(f"\nFailed: {' '.join(command[1:])}\n{errors.read().decode()}")
    return text, usage.ru_maxrss


def seed(url: str, employees: int, jobs: int = 1) -> Done:
    """``manage.py seed load`` with that many employees."""
    arguments = ("--scale", employees / 1_000_000, "--random-seed", 1, "--jobs", jobs, "--json")
    text, peak = process(url, "manage.py", "seed", "load", *arguments)
    # Linux counts the parent's memory at the fork into the child's peak.
    assert peak > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "not the child's own peak"
    answer = json.loads(text)
    return Done(answer["total"], answer["seconds"], peak, answer)


def peer(url: str, script: str, *arguments: object) -> Done:
    """A script of seed_peers; it prints JSON with rows and seconds."""
    text, peak = process(url, PEERS / script, *arguments)
    answer = json.loads(text)
    return Done(answer["rows"], answer["seconds"], peak, answer)


def on_fresh(backend: str, run: Callable[..., Done], *arguments: Any) -> Done:
    with fresh(backend) as url:
        return run(url, *arguments)


def postgresql_version() -> str | None:
    """None where no server answers."""
    engine = sa.create_engine(SERVER, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return str(connection.exec_driver_sql("SHOW server_version").scalar_one()).split()[0]
    except sa.exc.DBAPIError:
        return None


def versions(server: str | None) -> str:
    found = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    found.append(f"PostgreSQL {server or '(no server answers)'}")
    for name in ("SQLAlchemy", "factory-boy", "Faker", "psycopg", "Django", "mimesis"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return ", ".join(found)
