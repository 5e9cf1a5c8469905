"""What a statement does to the transaction it is in, from its first words.

The kinds decide how a step of a revision is recorded, and what is done with it when the
revision is run again after an interruption.
"""

from __future__ import annotations

import re
from enum import StrEnum

from .dialects import MARIADB


class Kind(StrEnum):
    """READ: asks. WRITE: part of the transaction. ALONE: commits by itself, before and after.

    SESSION: changes the connection, not the database. COMMITS: ends the transaction.
    """

    READ = "read"
    WRITE = "write"
    ALONE = "alone"
    SESSION = "session"
    COMMITS = "commits"


# MariaDB runs what is in a comment that begins with an exclamation mark.
_NOISE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?![!M]).*?\*/|\()+", re.DOTALL)
_READS = {"SELECT", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "VALUES", "TABLE", "HELP"}
_SESSION = {
    "SET", "RESET", "USE", "PREPARE", "DEALLOCATE", "SAVEPOINT", "RELEASE", "ROLLBACK", "DISCARD",
    "LISTEN", "UNLISTEN", "ATTACH", "DETACH", "HANDLER",
}  # fmt: skip
_COMMITS = {"COMMIT", "BEGIN", "START", "END", "UNLOCK", "XA", "ABORT"}
_DML = {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "MERGE", "COPY", "DO"}
_WRITES_IN_WITH = re.compile(
    r"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\b", re.IGNORECASE
)
# Results of these are worth nothing without the session that they were called in.
_SESSION_READ = re.compile(
    r"\bINTO\s+@|\bset_config\s*\(|\bpg_(?:try_)?advisory|\b(?:GET|RELEASE)_LOCK\s*\(|\bsleep\s*\(",
    re.IGNORECASE,
)
# https://www.postgresql.org/docs/current/sql-createindex.html and its siblings, under
# "cannot be executed inside a transaction block".
_ALONE_ON_POSTGRESQL = re.compile(
    r"VACUUM|ALTER\s+SYSTEM|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE)|CLUSTER"
    r"|REINDEX\s+(?:\([^)]*\)\s*)?(?:DATABASE|SYSTEM|SCHEMA)|ALTER\s+DATABASE|CALL|DO"
    r"|(?:CREATE|ALTER|DROP|REFRESH)\s+SUBSCRIPTION",
    re.IGNORECASE,
)
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_SET_STATEMENT = re.compile(r"SET\s+STATEMENT\s.*?\sFOR\s+", re.IGNORECASE | re.DOTALL)
_PERMANENT_SET = re.compile(r"SET\s+(?:GLOBAL|PERSIST|PASSWORD|DEFAULT\s+ROLE|@@global)", re.I)


def from_first_word(statement: str) -> str:
    """``statement`` without the comments and opening brackets that it begins with."""
    return statement[noise.end() :] if (noise := _NOISE.match(statement)) else statement


def kind_of(statement: str, dialect: str, *, autocommit: bool = False) -> Kind:
    """The kind of ``statement`` on ``dialect``; ``autocommit``: not in a transaction."""
    text = from_first_word(statement)
    mariadb = dialect in MARIADB
    if mariadb and (prefix := _SET_STATEMENT.match(text)):
        text = text[prefix.end() :]
    found = re.match(r"\w+", text)
    word = found[0].upper() if found else ""
    if word in _READS:
        return Kind.SESSION if _SESSION_READ.search(text) else Kind.READ
    if word == "WITH":
        return Kind.WRITE if _WRITES_IN_WITH.search(text) else Kind.READ
    if word == "PRAGMA":
        return Kind.SESSION if "=" in text else Kind.READ
    if word in _SESSION:
        return Kind.WRITE if _PERMANENT_SET.match(text) else Kind.SESSION
    if word in _COMMITS or (word == "LOCK" and mariadb):
        return Kind.COMMITS
    if word == "LOCK":
        return Kind.SESSION
    if mariadb:
        return Kind.WRITE if word in _DML else Kind.ALONE
    if not autocommit:
        return Kind.WRITE
    if dialect == "sqlite":
        return Kind.ALONE if word == "VACUUM" else Kind.WRITE
    alone = _ALONE_ON_POSTGRESQL.match(text) or _CONCURRENTLY.search(text)
    return Kind.ALONE if alone else Kind.WRITE


_TEMPORARY = re.compile(
    r"\s*(?:CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+(?:LOCAL\s+)?TEMP(?:ORARY)?\s+TABLE\s+"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([`\"\w.$]+)",
    re.IGNORECASE,
)
_TARGET = re.compile(
    r"\s*(?:INSERT|REPLACE|UPDATE|DELETE|TRUNCATE|ALTER|DROP|CREATE)\b(?:\s+(?:LOW_PRIORITY|IGNORE"
    r"|DELAYED|INTO|FROM|ONLY|TABLE|IF|EXISTS|UNIQUE|INDEX|\S+\s+ON))*\s+([`\"\w.$]+)",
    re.IGNORECASE,
)


class Temporary:
    """The temporary tables of a revision: they end with the session, so their steps do too."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def concerns(self, statement: str) -> bool:
        """Whether ``statement`` makes, drops or writes to a temporary table."""
        if made := _TEMPORARY.match(statement):
            self.names.add(_bare(made[1]))
            return True
        if not self.names:
            return False
        target = _TARGET.match(statement)
        return target is not None and _bare(target[1]) in self.names


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('`"').lower()
