"""The ledger: what was done to a database, when, how long it took, by whom, from which text.

Alembic's version table says where a database is, and stays sufficient for that. The ledger
is only ever added to; the state of a revision is its newest row, so that an upgrade, a
downgrade and another upgrade are three rows. Nothing here imports Alembic.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from ..._version import __version__
from ...databases.bookkeeping import OwnTable, bookkeeping_of
from ...databases.engines import OWN_TABLE, host, user
from ..revisions.checksum import checksum, digest
from ..revisions.history import Revision

_COLUMNS = sa.Table(
    "sqlalchemy_manage_ledger",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("revision", sa.String(255), nullable=False),
    sa.Column("parents", sa.Text, nullable=False, comment="JSON"),
    sa.Column("direction", sa.String(16), nullable=False),
    sa.Column("applied", sa.Boolean, nullable=False, comment="after this row"),
    sa.Column("applied_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("checksum", sa.String(64), comment="of what the file says"),
    sa.Column("digest", sa.String(64), comment="of its text"),
    # MySQL and MariaDB make a MEDIUMBLOB of this length; BLOB alone ends at 64 KB.
    sa.Column("source", sa.LargeBinary(2**24 - 1), comment="its text, zlib"),
    sa.Column("version", sa.String(32), nullable=False, comment="of sqlalchemy-manage"),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("username", sa.String(255), nullable=False),
    sa.Column("reason", sa.Text),
    **OWN_TABLE,
)
_TABLE = OwnTable(_COLUMNS, of_history=True)
_insert = cache(sa.insert)  # once, as SQLAlchemy makes its key for the cache once then
_LONGEST = 1_000_000


@dataclass(frozen=True)
class LedgerEntry:
    """The state of a revision: what its newest row says, and when it was last run or recorded.

    ``direction``: upgrade, downgrade, stamp, or adopt (it was applied before the ledger
    began). A repair changes the text that counts, ``checksum`` and ``parents``, and is told
    by ``reason``.
    """

    revision: str
    parents: tuple[str, ...]
    direction: str
    applied: bool
    applied_at: datetime
    duration_ms: int | None
    checksum: str | None
    digest: str | None
    host: str
    username: str
    reason: str | None = None

    def __str__(self) -> str:
        when = f"{self.applied_at:%Y-%m-%d %H:%M:%S} UTC"
        if self.direction == "adopt":
            text = f"before the ledger began, at {when}"
        else:
            took = f" in {self.duration_ms} ms" if self.duration_ms is not None else ""
            how = {"upgrade": "", "stamp": "recorded without running "}
            verb = how.get(self.direction, f"{self.direction} ")
            text = f"{verb}{when}{took} by {self.username}@{self.host}"
        return f"{text}; repaired: {self.reason}" if self.reason else text


Ledger = dict[str, LedgerEntry]
"""The entry of every revision that the ledger knows, in the order in which they were run."""


def keeps_ledger(connection: sa.Connection) -> bool:
    """Whether the settings of the database want a ledger."""
    return bookkeeping_of(connection).ledger is not False


def has_ledger(connection: sa.Connection) -> bool:
    """Whether a ledger is kept, and has begun."""
    return keeps_ledger(connection) and _TABLE.is_there(connection)


def read_ledger(connection: sa.Connection) -> Ledger:
    """The ledger of a database; empty where it has none yet."""
    if not has_ledger(connection):
        return {}
    found: Ledger = {}
    table = _TABLE.on(connection)
    read = [table.c[name] for name in LedgerEntry.__dataclass_fields__]
    for revision, parents, *rest in connection.execute(sa.select(*read).order_by(table.c.id)):
        entry = LedgerEntry(revision, _names(parents), *rest)
        before = found.get(entry.revision)
        if entry.direction == "repair" and before is not None:
            text = ("parents", "applied", "checksum", "digest", "reason")
            entry = replace(before, **{name: getattr(entry, name) for name in text})
        else:
            found.pop(entry.revision, None)  # the one that was run last comes last
        found[entry.revision] = entry
    return found


@lru_cache(maxsize=8192)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def kept_source(connection: sa.Connection, revision_id: str) -> str | None:
    """The text of a revision file as it was last applied here or accepted; None if not known."""
    if not has_ledger(connection):
        return None
    table = _TABLE.on(connection)
    packed = connection.scalar(
        sa.select(table.c.source)
        .where(table.c.revision == revision_id, table.c.source.is_not(None))
        .order_by(table.c.id.desc())
        .limit(1)
    )
    return zlib.decompress(packed).decode() if packed is not None else None


def create_ledger(connection: sa.Connection) -> None:
    """Make the table if it is not there, and if one is kept. On MariaDB and MySQL this commits."""
    if keeps_ledger(connection):
        _TABLE.create(connection)


def record(
    connection: sa.Connection,
    direction: str,
    revisions: Iterable[Revision | str],
    *,
    applied: bool,
    duration: float | None = None,
    reason: str | None = None,
) -> None:
    """Add a row for each revision, in the transaction of ``connection``; none without a ledger.

    A revision without a file is given by its id. ``duration`` is in seconds.
    """
    if not keeps_ledger(connection):
        return
    rows = [
        {
            **_of_file(revision),
            "direction": direction,
            "applied": applied,
            "applied_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            "duration_ms": None if duration is None else round(duration * 1000),
            "version": __version__,
            "host": host(),
            "username": user(),
            "reason": reason,
        }
        for revision in revisions
    ]
    if rows:
        connection.execute(_insert(_TABLE.on(connection)), rows)


def forget(connection: sa.Connection, ids: Iterable[str]) -> None:
    """Remove every row of these revisions."""
    table = _TABLE.on(connection)
    for revision_id in ids:
        connection.execute(sa.delete(table).where(table.c.revision == revision_id))


def _of_file(revision: Revision | str) -> dict[str, Any]:
    if isinstance(revision, str):
        empty: dict[str, Any] = dict.fromkeys(("checksum", "digest", "source"))
        return {"revision": revision, "parents": "[]"} | empty
    packed = zlib.compress(revision.source.encode())
    return {
        "revision": revision.id,
        "parents": json.dumps(sorted(revision.parents)),
        "checksum": checksum(revision.source),
        "digest": digest(revision.source),
        "source": packed if len(packed) <= _LONGEST else None,
    }
