"""flush beside the statements that Django's flush sends, on tables with many rows.

    python tests/benchmarks/flush.py [TABLES] [ROWS] [RUNS]

Both empty the same tables, each referring to the one before, in turn; the rows are written anew
before each. Django sends on SQLite a DELETE for each table, on PostgreSQL one TRUNCATE of all,
on MariaDB a TRUNCATE for each without checks of foreign keys (which cannot be undone). Ours also
counts the rows, looks for what refers to them, and reads the seed ledger. Prints the medians.
"""

from __future__ import annotations

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import sqlalchemy as sa  # noqa: E402
from support.databases import BACKENDS, SERVERS, on_server, refusal  # noqa: E402
from support.project import ProjectFolder  # noqa: E402

from sqlalchemy_manage.project import Project  # noqa: E402
from sqlalchemy_manage.seeding.flushing.flush import Flush  # noqa: E402


def models(tables: int) -> str:
    lines = ['table("t000", key(), Column("text", String(40)), sqlite_autoincrement=True)']
    for n in range(1, tables):
        link = f'Column("up_id", ForeignKey("t{n - 1:03}.id"), index=True)'
        lines.append(f'table("t{n:03}", key(), {link}, Column("text", String(40)))')
    return "\n".join(lines)


def fill(engine: sa.Engine, metadata: sa.MetaData, rows: int) -> None:
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            more = [{"up_id": n} for n in range(1, rows + 1)] if "up_id" in table.c else [{}] * rows
            values = [{"id": n, "text": f"row {n}", **m} for n, m in enumerate(more, 1)]
            for start in range(0, rows, 5000):
                connection.execute(sa.insert(table), values[start : start + 5000])


def as_django(engine: sa.Engine, metadata: sa.MetaData) -> None:
    names = [table.name for table in metadata.sorted_tables]
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        if engine.dialect.name == "postgresql":
            run(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        elif engine.dialect.name == "sqlite":
            for name in reversed(names):
                run(f"DELETE FROM {name}")
            run("UPDATE sqlite_sequence SET seq = 0")
        else:
            run("SET foreign_key_checks = 0")
            for name in names:
                run(f"TRUNCATE {name}")
            run("SET foreign_key_checks = 1")


def timed(work: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def main() -> None:
    tables, rows, runs = (
        int(a) for a in [*sys.argv[1:], *("20", "10000", "5")[len(sys.argv) - 1 :]]
    )
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory() as place:
            name = f"flush_{secrets.token_hex(4)}"
            url = f"sqlite:///{place}/{name}.sqlite"
            if backend != "sqlite":
                if refusal(SERVERS[backend]):
                    continue
                on_server(SERVERS[backend], f"CREATE DATABASE {name}")
                server = sa.make_url(SERVERS[backend]).set(database=name)
                url = server.render_as_string(hide_password=False)
            folder = ProjectFolder(Path(place) / "p", url)
            folder.models(models(tables))
            os.environ.pop("DATABASE_URL", None)
            with folder.imported_anew():
                project = Project("staff_settings")
                metadata = project.metadatas[0]
                metadata.create_all(folder.engine)
                ours, theirs = [], []
                for _ in range(runs + 1):  # the first is a warm-up
                    fill(folder.engine, metadata, rows)
                    ours.append(timed(Flush(project, ()).run))
                    fill(folder.engine, metadata, rows)
                    theirs.append(timed(as_django, folder.engine, metadata))
                project.close()
            mine, other = (statistics.median(each[1:]) for each in (ours, theirs))
            print(
                f"{backend:11} {tables} tables of {rows:,} rows: flush {mine:.3f} s, "
                f"Django's statements {other:.3f} s, ratio {mine / other:.2f}"
            )
            if backend != "sqlite":
                force = " WITH (FORCE)" if backend == "postgresql" else ""
                on_server(SERVERS[backend], f"DROP DATABASE {name}{force}")


if __name__ == "__main__":
    main()
