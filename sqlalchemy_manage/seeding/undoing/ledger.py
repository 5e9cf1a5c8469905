"""The seed ledger: what each run was asked for, and the keys of the rows it created."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ...databases.engines import OWN_TABLE, host, is_running, user
from ...errors import SeedError
from .packing import pack, unpack

# MySQL's and MariaDB's TEXT ends at 64 KB.
_LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
_METADATA = sa.MetaData()
_RUN = sa.Table(
    "sqlalchemy_manage_seed_run",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("profile", sa.String(255)),
    sa.Column("counts", _LongText, nullable=False, comment="JSON"),
    sa.Column("random_seed", sa.Text, nullable=False, comment="a number of any length"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("finished_at", sa.DateTime, comment="UTC"),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("username", sa.String(255), nullable=False),
    sa.Column("plan", _LongText, nullable=False, comment="JSON"),
    **OWN_TABLE,
)
_KEYS = sa.Table(
    "sqlalchemy_manage_seed_keys",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False, index=True),
    sa.Column("table_name", sa.String(255), nullable=False),
    sa.Column("key_columns", _LongText, nullable=False, comment="JSON"),
    sa.Column("chunk", sa.String(255), nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    # MySQL and MariaDB make a MEDIUMBLOB of this length; BLOB alone ends at 64 KB.
    sa.Column("packed", sa.LargeBinary(2**24 - 1), nullable=False, comment="see packing.py"),
    **OWN_TABLE,
)


@dataclass(frozen=True)
class SeedRun:
    """A run. ``rows``: table -> number of rows that it made and that are not undone.

    ``state``: running, done, or undone; an undone run that kept rows still has them in ``rows``.
    """

    id: int
    profile: str | None
    counts: dict[str, int]
    random_seed: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    host: str
    username: str
    rows: dict[str, int]
    plan: dict[str, Any]


def create_tables(connection: sa.Connection) -> None:
    """Create the two tables if they do not exist. On MariaDB and MySQL this commits."""
    _METADATA.create_all(connection, checkfirst=True)


def begin(
    connection: sa.Connection,
    *,
    profile: str | None,
    counts: Mapping[str, int],
    random_seed: int,
    plan: dict[str, Any],
) -> int:
    """Record that a run begins; returns its id."""
    values = {
        "profile": profile,
        "counts": json.dumps(dict(counts)),
        "random_seed": str(random_seed),
        "state": "running",
        "started_at": _now(),
        "host": host(),
        "username": user(),
        "plan": json.dumps(plan),
    }
    made = connection.execute(sa.insert(_RUN), values).inserted_primary_key
    assert made is not None
    return int(made[0])


def record_keys(
    connection: sa.Connection,
    run: int,
    table: sa.Table,
    columns: Sequence[str],
    values: Sequence[Sequence[Any]],
    chunk: str = "",
) -> None:
    """Record rows just written: their primary key, or all columns where a table has none.

    ``columns`` are the keys of the columns, ``values`` a sequence of Python values for each.
    Raises SeedError for a value that cannot be written down.
    """
    if not len(values[0]):
        return
    found = [table.c[name] for name in columns]
    for count, packed in pack(found, values, connection.dialect):
        record_packed(connection, run, table.fullname, columns, count, packed, chunk)


def record_packed(
    connection: sa.Connection,
    run: int,
    table: str,
    columns: Sequence[str],
    count: int,
    packed: bytes,
    chunk: str = "",
) -> None:
    """The same for one block of keys that is packed already; ``table`` is its full name."""
    row = {
        "run": run,
        "table_name": table,
        "key_columns": json.dumps(list(columns)),
        "chunk": chunk,
        "row_count": count,
        "packed": packed,
    }
    connection.execute(sa.insert(_KEYS), row)


def save_plan(connection: sa.Connection, run: int, plan: dict[str, Any]) -> None:
    """Record how far a run has come."""
    values = {"plan": json.dumps(plan)}
    connection.execute(sa.update(_RUN).where(_RUN.c.id == run).values(values))


def finish(connection: sa.Connection, run: int, state: str = "done") -> None:
    """Set the state of a run; when it was done stays as it is if it is undone."""
    values: dict[str, Any] = {"state": state}
    if state == "done":
        values["finished_at"] = _now()
    connection.execute(sa.update(_RUN).where(_RUN.c.id == run).values(values))


def forget_keys(connection: sa.Connection, run: int) -> None:
    """Remove what is recorded of the rows of a run; the run itself stays."""
    connection.execute(sa.delete(_KEYS).where(_KEYS.c.run == run))


def runs(connection: sa.Connection) -> list[SeedRun]:
    """All runs, oldest first; none if there is no ledger."""
    if not sa.inspect(connection).has_table(_RUN.name):
        return []
    rows: dict[int, dict[str, int]] = defaultdict(dict)
    counted = sa.select(_KEYS.c.run, _KEYS.c.table_name, sa.func.sum(_KEYS.c.row_count)).group_by(
        _KEYS.c.run, _KEYS.c.table_name
    )
    first = sa.func.min(_KEYS.c.id)
    for run, table, count in connection.execute(counted.order_by(first)):
        rows[run][table] = int(count)
    found = []
    for row in connection.execute(sa.select(_RUN).order_by(_RUN.c.id)):
        values = row._asdict()
        values["random_seed"] = int(values["random_seed"])
        for name in ("counts", "plan"):
            values[name] = json.loads(values[name])
        found.append(SeedRun(**values, rows=rows[row.id]))
    return found


def used_numbers(connection: sa.Connection) -> dict[str, int]:
    """The number after the highest of each sequence, among the runs that have rows left."""
    found: dict[str, int] = {}
    for run in runs(connection):
        counters = run.plan.get("progress", {}).get("counters", {}) if run.rows else {}
        for name, number in counters.items():
            found[name] = max(number, found.get(name, 0))
    return found


def ended(connection: sa.Connection, run: int) -> None:
    """The process of a run is done with it, though the run is not."""
    plan = connection.scalar(sa.select(_RUN.c.plan).where(_RUN.c.id == run))
    if plan is not None:
        save_plan(connection, run, {**json.loads(plan), "pid": None})


def require_ended(run: SeedRun) -> None:
    """Raises SeedError for a run that a process of this machine is still busy with."""
    pid = run.plan.get("pid")
    if run.state != "running" or run.host != host() or not pid or pid == os.getpid():
        return  # ended, or on another machine, or this very process
    if not is_running(pid):
        return
    raise SeedError(
        f"Run {run.id} is still running, in process {pid} on this machine. Nothing was done.",
        "Wait for it, or end it; what it committed can then be continued or undone.",
    )


def lock(connection: sa.Connection, run: int, *, shared: bool = False) -> tuple[str, Any] | None:
    """The state of a run and the token of its plan, which stay so until the transaction ends.

    Who writes for a run holds it ``shared``, so that it is not undone in the meantime. None where
    there is no such run.
    """
    if not sa.inspect(connection).has_table(_RUN.name):
        return None
    query = sa.select(_RUN.c.state, _RUN.c.plan).where(_RUN.c.id == run)
    row = connection.execute(query.with_for_update(read=shared)).one_or_none()
    return None if row is None else (row.state, json.loads(row.plan).get("token"))


def chunks_done(connection: sa.Connection, run: int) -> set[str]:
    """The chunks whose keys a run has recorded."""
    query = sa.select(_KEYS.c.chunk).where(_KEYS.c.run == run, _KEYS.c.chunk != "").distinct()
    return set(connection.scalars(query))


def recorded_tables(connection: sa.Connection, run: int) -> list[str]:
    """The full names of the tables that a run has recorded rows of."""
    query = sa.select(_KEYS.c.table_name).where(_KEYS.c.run == run).distinct()
    return list(connection.scalars(query.order_by(_KEYS.c.table_name)))


def recorded_keys(
    connection: sa.Connection, run: int, tables: Mapping[str, sa.Table]
) -> Iterator[tuple[sa.Table, tuple[str, ...], list[list[Any]], str]]:
    """(table, key columns, a list of values for each, chunk) of every block, as recorded.

    A table that is not in ``tables`` is left out. Only one block is in memory at a time.
    Raises SeedError if a key column is gone from its table.
    """
    blocks = sa.select(_KEYS.c.id).where(_KEYS.c.run == run, _KEYS.c.table_name.in_(tables))
    for number in connection.scalars(blocks.order_by(_KEYS.c.id)).all():
        row = connection.execute(sa.select(_KEYS).where(_KEYS.c.id == number)).one()
        table = tables[row.table_name]
        columns = tuple(json.loads(row.key_columns))
        if missing := [name for name in columns if name not in table.c]:
            raise SeedError(
                f"{table.fullname} has no column {missing[0]} any more, "
                f"and seed run {run} recorded its rows by it.",
                "Undo it with the models that it was seeded with.",
            )
        found = [table.c[name] for name in columns]
        yield table, columns, unpack(found, row.packed, connection.dialect), row.chunk


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
