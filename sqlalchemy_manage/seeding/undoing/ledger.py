"""The seed ledger: what each run was asked for, and the keys of the rows it created."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ... import advice
from ...data.seed_keys import SEED_KEYS, LongText
from ...databases.bookkeeping import OwnTable
from ...databases.engines import OWN_TABLE, host, is_running, user
from ...databases.error_kinds import fault_of
from ...errors import SeedError
from .packing import fits, pack, unpack

_COLUMNS = sa.Table(
    "sqlalchemy_manage_seed_run",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("profile", sa.String(255)),
    sa.Column("counts", LongText, nullable=False, comment="JSON"),
    sa.Column("random_seed", sa.Text, nullable=False, comment="a number of any length"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("finished_at", sa.DateTime, comment="UTC"),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("username", sa.String(255), nullable=False),
    sa.Column("plan", LongText, nullable=False, comment="JSON"),
    **OWN_TABLE,
)
_RUN = OwnTable(_COLUMNS)


@dataclass(frozen=True)
class SeedRun:
    """A run. ``rows``: table -> number of rows that it made and that are not undone.

    ``state``: running, done, undone, or forgotten; an undone run that kept rows still has them
    in ``rows``.
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
    """Create the two tables if they do not exist, and commit.

    Another process may create them at the same moment: what it was first with is looked for again.
    """
    tables = (SEED_KEYS, _RUN)
    for left in reversed(range(len(tables) + 1)):
        try:
            for table in tables:
                table.create(connection)
            connection.commit()
            return
        except DBAPIError as error:
            connection.rollback()
            if not left or fault_of(error) is not None:
                raise


def forget_run(connection: sa.Connection, run: int) -> None:
    """Remove a run and what is recorded of its rows, unless it is still to be continued."""
    if _RUN.is_there(connection):
        table = _RUN.on(connection)
        gone = sa.delete(table).where(table.c.id == run, table.c.state != "running")
        if connection.execute(gone).rowcount:
            forget_keys(connection, run)


def drop_tables(connection: sa.Connection) -> None:
    """Remove the two tables where no run is recorded. On MariaDB and MySQL this commits."""
    if _RUN.is_there(connection) and not runs(connection):
        for table in (_RUN, SEED_KEYS):
            table.on(connection).drop(connection, checkfirst=True)


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
    made = connection.execute(sa.insert(_RUN.on(connection)), values).inserted_primary_key
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
    connection.execute(sa.insert(SEED_KEYS.on(connection)), row)


def save_plan(connection: sa.Connection, run: int, plan: dict[str, Any]) -> None:
    """Record how far a run has come."""
    values = {"plan": json.dumps(plan)}
    connection.execute(
        sa.update(_RUN.on(connection)).where(_RUN.on(connection).c.id == run).values(values)
    )


def finish(
    connection: sa.Connection, run: int, state: str = "done", plan: dict[str, Any] | None = None
) -> None:
    """Set the state of a run; when it was done stays as it is if it is undone.

    ``plan``: how far it has come at last.
    """
    values: dict[str, Any] = {"state": state}
    if plan is not None:
        values["plan"] = json.dumps(plan)
    if state == "done":
        values["finished_at"] = _now()
    connection.execute(
        sa.update(_RUN.on(connection)).where(_RUN.on(connection).c.id == run).values(values)
    )


def forget_keys(connection: sa.Connection, run: int, tables: Iterable[str] | None = None) -> None:
    """Remove what is recorded of the rows of a run, in all tables or in ``tables``."""
    statement = sa.delete(SEED_KEYS.on(connection)).where(SEED_KEYS.on(connection).c.run == run)
    if tables is not None:
        statement = statement.where(SEED_KEYS.on(connection).c.table_name.in_(list(tables)))
    connection.execute(statement)


def runs(connection: sa.Connection) -> list[SeedRun]:
    """All runs, oldest first; none if there is no ledger."""
    if not _RUN.is_there(connection):
        return []
    rows: dict[int, dict[str, int]] = defaultdict(dict)
    counted = sa.select(
        SEED_KEYS.on(connection).c.run,
        SEED_KEYS.on(connection).c.table_name,
        sa.func.sum(SEED_KEYS.on(connection).c.row_count),
    ).group_by(SEED_KEYS.on(connection).c.run, SEED_KEYS.on(connection).c.table_name)
    first = sa.func.min(SEED_KEYS.on(connection).c.id)
    for run, table, count in connection.execute(counted.order_by(first)):
        rows[run][table] = int(count)
    found = []
    for row in connection.execute(
        sa.select(_RUN.on(connection)).order_by(_RUN.on(connection).c.id)
    ):
        values = row._asdict()
        values["random_seed"] = int(values["random_seed"])
        for name in ("counts", "plan"):
            values[name] = json.loads(values[name])
        found.append(SeedRun(**values, rows=rows[row.id]))
    return found


def used_numbers(connection: sa.Connection) -> dict[str, int]:
    """The number after the highest of each sequence, among the runs that have rows left.

    There must be a ledger.
    """
    found: dict[str, int] = {}
    left = sa.exists().where(SEED_KEYS.on(connection).c.run == _RUN.on(connection).c.id)
    for plan in connection.scalars(sa.select(_RUN.on(connection).c.plan).where(left)):
        counters = json.loads(plan).get("progress", {}).get("counters", {})
        for name, number in counters.items():
            found[name] = max(number, found.get(name, 0))
    return found


def declared_before(connection: sa.Connection) -> dict[str, str]:
    """Reference row -> a hash of what was declared for it, and cannot be read from it."""
    found: dict[str, str] = {}
    for plan in connection.scalars(
        sa.select(_RUN.on(connection).c.plan).order_by(_RUN.on(connection).c.id)
    ):
        found |= json.loads(plan).get("declared", {})
    return found


def ended(connection: sa.Connection, run: int) -> None:
    """The process of a run is done with it, though the run is not."""
    plan = connection.scalar(
        sa.select(_RUN.on(connection).c.plan).where(_RUN.on(connection).c.id == run)
    )
    if plan is not None:
        save_plan(connection, run, {**json.loads(plan), "pid": None})


def is_interrupted(run: SeedRun) -> bool:
    """Whether a run that is not done has no process any more, as far as is known here: of one on
    another machine only if it said so itself."""
    pid = run.plan.get("pid")
    return run.state == "running" and (not pid or (run.host == host() and not is_running(pid)))


def require_ended(run: SeedRun) -> None:
    """Raises SeedError for a run that a process of this machine is still busy with."""
    pid = run.plan.get("pid")
    if run.state != "running" or is_interrupted(run) or run.host != host() or pid == os.getpid():
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
    if not _RUN.is_there(connection):
        return None
    query = sa.select(_RUN.on(connection).c.state, _RUN.on(connection).c.plan).where(
        _RUN.on(connection).c.id == run
    )
    row = connection.execute(query.with_for_update(read=shared)).one_or_none()
    return None if row is None else (row.state, json.loads(row.plan).get("token"))


def chunks_done(connection: sa.Connection, run: int) -> set[str]:
    """The chunks whose keys a run has recorded."""
    query = (
        sa.select(SEED_KEYS.on(connection).c.chunk)
        .where(SEED_KEYS.on(connection).c.run == run, SEED_KEYS.on(connection).c.chunk != "")
        .distinct()
    )
    return set(connection.scalars(query))


def recorded_tables(connection: sa.Connection, run: int) -> dict[str, int]:
    """The full names of the tables that a run has recorded rows of -> how many."""
    name = SEED_KEYS.on(connection).c.table_name
    query = sa.select(name, sa.func.sum(SEED_KEYS.on(connection).c.row_count)).where(
        SEED_KEYS.on(connection).c.run == run
    )
    found = connection.execute(query.group_by(name).order_by(name))
    return {table: int(count) for table, count in found}


def recorded_keys(
    connection: sa.Connection, run: int, tables: Mapping[str, sa.Table]
) -> Iterator[tuple[sa.Table, tuple[str, ...], list[list[Any]], str]]:
    """(table, key columns, a list of values for each, chunk) of every block, as recorded.

    A table that is not in ``tables`` is left out. Only one block is in memory at a time.
    Raises SeedError if a key column is gone from its table, or is of another type now.
    """
    blocks = sa.select(SEED_KEYS.on(connection).c.id).where(
        SEED_KEYS.on(connection).c.run == run, SEED_KEYS.on(connection).c.table_name.in_(tables)
    )
    for number in connection.scalars(blocks.order_by(SEED_KEYS.on(connection).c.id)).all():
        row = connection.execute(
            sa.select(SEED_KEYS.on(connection)).where(SEED_KEYS.on(connection).c.id == number)
        ).one()
        table = tables[row.table_name]
        columns = tuple(json.loads(row.key_columns))
        if missing := [name for name in columns if name not in table.c]:
            raise SeedError(
                f"{table.fullname} has no column {missing[0]} any more, "
                f"and seed run {run} recorded its rows by it.",
                "Undo it with the models that it was seeded with. To keep the rows:\n"
                f"{advice.FORGET_RUN(run=run)}",
            )
        found = [table.c[name] for name in columns]
        values = _unpacked(connection, run, found, row.packed)
        yield table, columns, values, row.chunk


def _unpacked(
    connection: sa.Connection, run: int, columns: Sequence[sa.Column[Any]], packed: bytes
) -> list[list[Any]]:
    hint = (
        "Undo it with the models and the revision that it was seeded with. To keep the rows:\n"
        f"{advice.FORGET_RUN(run=run)}"
    )
    try:
        values = unpack(columns, packed, connection.dialect)
        changed = [c for c, v in zip(columns, values, strict=True) if not fits(c, v)]
    except (ValueError, KeyError, TypeError, AttributeError):  # a type takes no such value
        values, changed = [], list(columns)
    if changed:
        raise SeedError(
            f"{changed[0]} is of type {changed[0].type} now, and seed run {run} recorded its "
            "rows by keys of another type: they cannot be found. Nothing was removed.",
            hint,
        )
    return values


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
