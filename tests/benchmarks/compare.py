"""Models beside a database that equals them: our comparison against Alembic's own.

    pip install -e '.[test]'
    python tests/benchmarks/compare.py [TABLES] [RUNS]

Each setting is run in turn (A B C A B C ...) after one warm-up, so that a machine that
slows down slows all: our comparison as run_env configures it, with all our comparators;
``compare_metadata`` as the env.py that ``alembic init`` writes configures it; and the
same with ``compare_server_default=True``, which ours always has. The round trip to a
server elsewhere is a sleep of 5 ms before each statement, for all alike.

PostgreSQL: TEST_POSTGRES_URL, else a server on localhost, else the embedded one. The
databases are made for this and dropped. SQLite and MariaDB (TEST_MARIADB_URL, else
localhost, else left out) are run with a fifth of the tables, without round trips.
"""

from __future__ import annotations

import gc
import os
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.databases.embedded import embedded_postgresql
from sqlalchemy_manage.migrations.autogenerate.plugins import comparing, include

ROUND_TRIP = 0.005
POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
MARIADB = "mariadb+pymysql://root@127.0.0.1:3306/"

Compare = Callable[[sa.Connection, sa.MetaData], list[Any]]


def models(tables: int, schemas: tuple[str | None, ...] = (None,)) -> sa.MetaData:
    """That many tables in each schema: 9 columns, 2 indexes, a UNIQUE, a CHECK, a foreign key."""
    metadata = sa.MetaData()
    for schema in schemas:
        prefix = f"{schema}." if schema else ""
        for number in range(tables):
            name = f"item{number:04}"
            sa.Table(
                name,
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),  # SERIAL
                sa.Column("name", sa.String(100), nullable=False),
                sa.Column("code", sa.String(20), nullable=False),
                sa.Column("note", sa.Text),
                sa.Column("price", sa.Numeric(10, 2), nullable=False),
                sa.Column("amount", sa.Integer, nullable=False, server_default="0"),
                sa.Column("day", sa.Date),
                sa.Column("made", sa.DateTime, server_default=sa.func.now()),
                sa.Column(
                    "parent_id",
                    sa.ForeignKey(f"{prefix}item{number // 10:04}.id", name=f"fk_{name}_parent"),
                ),
                sa.Index(f"ix_{name}_name", "name"),
                sa.Index(f"ix_{name}_day_price", "day", "price"),
                sa.UniqueConstraint("code", name=f"uq_{name}_code"),
                sa.CheckConstraint("price >= 0", name=f"ck_{name}_price"),
                schema=schema,
            )
    return metadata


def ours(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    options = include([metadata], connection.dialect.default_schema_name)
    options["target_metadata"] = metadata
    with comparing():
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def stock(**options: Any) -> Compare:
    def compare(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
        schemas = {table.schema for table in metadata.tables.values()}
        opts = {"target_metadata": metadata, **options}
        if schemas != {None}:
            # Without the filter Alembic would also compare the schema of every neighbour.
            opts["include_schemas"] = True
            opts["include_name"] = lambda name, kind, parents: kind != "schema" or name in schemas
        return compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)

    return compare


SIDES = {
    "ours": ours,
    "compare_metadata": stock(),
    "  with compare_server_default": stock(compare_server_default=True),
}


class Meter:
    """Counts the statements of an engine, and delays each by the round trip."""

    def __init__(self, engine: sa.Engine, delay: float) -> None:
        self.statements = 0
        self.delay = delay
        sa.event.listen(engine, "before_cursor_execute", self._before)

    def _before(self, *args: Any) -> None:
        self.statements += 1
        if self.delay:
            time.sleep(self.delay)


def compare(
    title: str, url: str, metadata: sa.MetaData, runs: int, delays: tuple[float, ...] = (0,)
) -> None:
    """Print seconds, statements and ratios, for each delay, on a database made for it."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for schema in {table.schema for table in metadata.tables.values()} - {None}:
            connection.execute(sa.schema.CreateSchema(str(schema)))
        metadata.create_all(connection)
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    meter = Meter(engine, 0)
    for delay in delays:
        meter.delay = delay
        trip = f"round trip {delay * 1000:.0f} ms" if delay else "no round trip added"
        print(f"\n{title}, {len(metadata.tables)} tables, {trip}", flush=True)
        _print(_measure(engine, meter, metadata, runs))
    engine.dispose()


def _measure(
    engine: sa.Engine, meter: Meter, metadata: sa.MetaData, runs: int
) -> dict[str, list[tuple[float, float, int]]]:
    """Of each side and run: seconds, seconds of processor time, statements."""
    found: dict[str, list[tuple[float, float, int]]] = {side: [] for side in SIDES}
    for _ in range(runs + 1):
        for side, compare in SIDES.items():
            gc.collect()  # what another has left behind is not for this one to clear away
            with engine.connect() as connection:
                meter.statements = 0
                start, cpu = time.perf_counter(), time.process_time()
                differences = compare(connection, metadata)
                seconds = time.perf_counter() - start
                found[side].append((seconds, time.process_time() - cpu, meter.statements))
                # SQLite's driver began a transaction, MariaDB's too; nothing was written.
                connection.rollback()
            # With compare_server_default Alembic sees some that are none.
            assert side == list(SIDES)[-1] or not differences, (side, differences[:3])
    return {side: measured[1:] for side, measured in found.items()}


def _print(found: dict[str, list[tuple[float, float, int]]]) -> None:
    mine = found["ours"]
    for side, measured in found.items():
        seconds, cpu, _ = (statistics.median(column) for column in zip(*measured, strict=True))
        statements = sorted({count for _, _, count in measured})
        line = f"  {side:31} {seconds:7.2f} s ({cpu:5.2f} s CPU) {statements[-1]:6} queries"
        if side != "ours":
            ratios = [b[0] / a[0] for a, b in zip(mine, measured, strict=True)]
            line += (
                f"   ours is {statistics.median(ratios):5.2f} times faster"
                f" (least {min(ratios):.2f}, greatest {max(ratios):.2f}, {len(ratios)} pairs)"
            )
        print(line, flush=True)


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return True
    except sa.exc.DBAPIError:
        return False


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of an empty database, dropped at the end."""
    name = f"bench_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    force = " WITH (FORCE)" if engine.dialect.name == "postgresql" else ""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield engine.url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")


@contextmanager
def postgresql() -> Iterator[str]:
    given = os.environ.get("TEST_POSTGRES_URL")
    if given or _answers(POSTGRESQL):
        yield given or POSTGRESQL
        return
    with embedded_postgresql(sa.make_url(POSTGRESQL)) as url:
        yield url


def main() -> None:
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    names = ("SQLAlchemy", "alembic", "psycopg", "PyMySQL")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs")
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        delays = (ROUND_TRIP, 0)
        url = stack.enter_context(database(server))
        compare("PostgreSQL", url, models(tables), runs, delays)
        url = stack.enter_context(database(server))
        three = models(tables // 3, ("first", "second", "third"))
        compare("PostgreSQL, three schemas", url, three, runs, delays)
        few = models(tables // 5)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        compare("SQLite", f"sqlite:///{Path(folder) / 'bench.sqlite'}", few, runs)
        server = os.environ.get("TEST_MARIADB_URL", MARIADB)
        if _answers(server):
            compare("MariaDB", stack.enter_context(database(server)), few, runs)
        else:
            print("\nMariaDB: left out, no server answers")


if __name__ == "__main__":
    main()
