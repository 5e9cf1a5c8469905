"""The table of the steps that an interrupted revision has done, and how to read and write it.

A revision has rows in it only from its first commit, which it did not make itself, to the
moment at which its id is recorded; they go in the same transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ....data.scalars import SPELLINGS, Spelling, readers
from ....databases.bookkeeping import OwnTable
from ....databases.engines import OWN_TABLE
from ....sql.dialects import MARIADB
from ....sql.statement_kinds import Kind
from .cursor import StatementResult


class _LongText(sa.types.TypeDecorator[str]):
    """LONGTEXT on MariaDB and MySQL; a variant would import their dialect everywhere."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Text(2**32 - 1 if dialect.name in MARIADB else None))


_COLUMNS = sa.Table(
    "sqlalchemy_manage_journal",
    sa.MetaData(),
    sa.Column("revision", sa.String(255), primary_key=True),
    sa.Column("direction", sa.String(16), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("statement", _LongText, nullable=False),
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("answer", _LongText),
    sa.Column("session", sa.BigInteger),
    **OWN_TABLE,
)

TABLE = OwnTable(_COLUMNS, of_history=True)

INTENT, DONE, FAILED = "intent", "done", "failed"

# A result beyond this is not kept: a packet of the server has to hold it.
_LARGEST = 4_000_000


@dataclass
class JournalEntry:
    """One step of a revision: a statement, and what became of it.

    ``kept`` False: it gave a result that could not be stored.
    """

    step: int
    kind: Kind
    state: str
    digest: str
    statement: str
    fingerprint: str | None = None
    answer: StatementResult = field(default_factory=StatementResult)
    error: tuple[str, list[Any]] | None = None
    kept: bool = True

    @property
    def short(self) -> str:
        text = " ".join(self.statement.split())
        return text if len(text) <= 100 else text[:97] + "..."


def sessions(connection: sa.Connection) -> set[int]:
    """The server's numbers of the connections that wrote the journal."""
    found = connection.scalars(sa.select(TABLE.on(connection).c.session).distinct())
    return {number for number in found if number is not None}


def read(connection: sa.Connection, revision: str, direction: str) -> list[JournalEntry]:
    """The steps of a revision, in order."""
    table = TABLE.on(connection)
    wanted = sa.select(table).where(*_of(table, revision, direction)).order_by(table.c.step)
    return [_entry(row) for row in connection.execute(wanted)]


def write(
    connection: sa.Connection,
    revision: str,
    direction: str,
    entries: list[JournalEntry],
    session: int | None,
) -> None:
    """Store entries that are not there yet."""
    rows = []
    for entry in entries:
        rows.append(
            {
                "revision": revision,
                "direction": direction,
                "step": entry.step,
                "kind": entry.kind.value,
                "state": entry.state,
                "digest": entry.digest,
                # The digest is what counts; the text is for people.
                "statement": entry.statement[:10_000],
                "fingerprint": entry.fingerprint,
                "answer": _to_text(entry),
                "session": session,
            }
        )
    if rows:
        connection.execute(sa.insert(TABLE.on(connection)), rows)


def settle(connection: sa.Connection, revision: str, direction: str, entry: JournalEntry) -> None:
    """Store what became of a step whose intent is stored."""
    table = TABLE.on(connection)
    where = (*_of(table, revision, direction), table.c.step == entry.step)
    values = {"state": entry.state, "answer": _to_text(entry)}
    connection.execute(sa.update(table).where(*where).values(values))


def forget(
    connection: sa.Connection, revision: str | None, direction: str | None, since: int = 0
) -> None:
    """Delete the steps of a revision from number ``since`` on; None: of all revisions."""
    table = TABLE.on(connection)
    statement = sa.delete(table)
    if revision is not None and direction is not None:
        statement = statement.where(*_of(table, revision, direction), table.c.step >= since)
    connection.execute(statement)


def _of(table: sa.Table, revision: str, direction: str) -> tuple[Any, ...]:
    return table.c.revision == revision, table.c.direction == direction


def _entry(row: Any) -> JournalEntry:
    entry = JournalEntry(
        row.step, Kind(row.kind), row.state, row.digest, row.statement, row.fingerprint
    )
    stored = json.loads(row.answer, object_hook=_value) if row.answer else {}
    entry.kept = stored.get("kept", True)
    entry.error = stored.get("error")
    rows = stored.get("rows")
    entry.answer = StatementResult(
        None if rows is None else [tuple(found) for found in rows],
        stored.get("columns"),
        stored.get("rowcount", -1),
        stored.get("lastrowid"),
    )
    return entry


def _to_text(entry: JournalEntry) -> str:
    answer = entry.answer
    if not entry.kept:
        return json.dumps({"kept": False})
    stored: dict[str, Any] = {"rowcount": answer.rowcount, "lastrowid": answer.lastrowid}
    if entry.error is not None:
        stored["error"] = entry.error
    if answer.rows is not None:
        stored |= {"columns": answer.columns, "rows": [list(row) for row in answer.rows]}
    try:
        text = json.dumps(stored, default=_tagged)
    except TypeError:
        text = ""
    if text and len(text) <= _LARGEST:
        return text
    return json.dumps({"kept": False, "rowcount": answer.rowcount})


_TAGGED: dict[type, Spelling] = {
    **SPELLINGS,
    timedelta: (
        "timedelta",
        lambda value: str(value / timedelta(microseconds=1)),
        lambda text: timedelta(microseconds=float(text)),
    ),
    bytes: ("bytes", bytes.hex, bytes.fromhex),
}
_READERS = readers(_TAGGED)


def _tagged(value: Any) -> dict[str, str]:
    if type(value) not in _TAGGED:
        raise TypeError(type(value))
    tag, spell, _ = _TAGGED[type(value)]
    return {"": tag, "value": spell(value)}


def _value(found: dict[str, Any]) -> Any:
    return _READERS[found[""]](found["value"]) if found.get("") in _READERS else found
