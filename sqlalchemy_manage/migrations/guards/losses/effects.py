"""Which tables' rows a statement could change: read from its text, in doubt too many.

A revision that only creates, adds and inserts costs nothing then. What is not understood
is taken to touch everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ....databases.engines import is_bookkeeping
from ....links.catalog import Catalog, Name
from ....sql.statement_kinds import from_first_word
from ....sql.tokens import ID, NAME, split, text_of, tokens, words_of

_CHANGED = re.compile(
    r"(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO|DROP\s+TABLE(?:\s+IF\s+EXISTS)?|ALTER\s+TABLE)\s+"
    r"\W?(?:\w+\W?\.\W?)?(?P<table>\w+)",
    re.IGNORECASE,
)
_QUIET = frozenset(
    re.findall(
        r"\w+",
        "PRAGMA SHOW SET RESET EXPLAIN BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE USE ANALYZE"
        " COMMENT GRANT REVOKE VACUUM LOCK UNLOCK DESC DESCRIBE REINDEX REFRESH CLUSTER NOTIFY"
        " LISTEN DISCARD CLOSE FETCH DECLARE ATTACH DETACH OPTIMIZE",
    )
)
_ROWLESS = frozenset(
    re.findall(
        r"\w+",
        "INDEX VIEW TRIGGER FUNCTION PROCEDURE TYPE DOMAIN SEQUENCE MATERIALIZED RULE POLICY"
        " EXTENSION AGGREGATE ROLE USER COLLATION EVENT STATISTICS",
    )
)
_ALTER = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{NAME})\s*\*?\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
# What ALTER TABLE may do without a row or a value going.
_GENTLE = re.compile(
    r"(?:ADD\b(?!.*\b(?:DROP|RENAME|CHANGE|MODIFY|ALTER|IGNORE)\b)"
    r"|RENAME\b|VALIDATE\b|OWNER\b|ENABLE\b|DISABLE\b|COMMENT\b|SET\b|REPLICA\b|FORCE\b|NO\s+FORCE\b"
    r"|DROP\s+(?:CONSTRAINT|INDEX|KEY|FOREIGN\s+KEY|PRIMARY\s+KEY|CHECK)\b(?!.*,)(?!.*\bCASCADE\b)"
    rf"|ALTER\s+(?:COLUMN\s+)?{ID}\s+(?:SET\s+(?:NOT|DEFAULT|STATISTICS|STORAGE|GENERATED)"
    r"|DROP\s+(?:NOT|DEFAULT|IDENTITY)|ADD\s+GENERATED)\b(?!.*,\s*(?:ALTER|DROP)\b))",
    re.IGNORECASE | re.DOTALL,
)
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|TRUNCATE)\b", re.IGNORECASE)
_UNDERSTOOD = ("UPDATE", "DELETE", "INSERT", "REPLACE", "TRUNCATE", "DROP", "ALTER")


def pieces(statement: str, dialect: str) -> list[str]:
    """The statements of a text, without what comes before each.

    Servers take several at once. A semicolon in a literal cuts in the wrong place; the
    piece after it is not understood, and touches everything.
    """
    texts = [statement] if dialect == "sqlite" else statement.split(";")
    found = [from_first_word(text).rstrip() for text in texts]
    return [text for text in found if text]


def harmless(text: str, dialect: str) -> bool | None:
    """Whether no row can go through a piece; None: it depends on triggers and functions."""
    word = (re.match(r"\w+", text) or [""])[0].upper()
    if (changed := _CHANGED.match(text)) and is_bookkeeping(changed["table"].lower()):
        return True
    if word == "SELECT" or (word == "WITH" and not _WRITES.search(text)):
        catalog = "pg_catalog" in text or "information_schema" in text.lower()
        return True if dialect == "sqlite" or "(" not in text or catalog else None
    if word in _QUIET:
        # Then SQLite's keys would cascade.
        return not re.match(r"PRAGMA\s+foreign_keys\s*=", text, re.IGNORECASE)
    if word == "CREATE":
        return not re.match(r"CREATE\s+OR\s+REPLACE\s+TABLE\b", text, re.IGNORECASE)
    if word == "INSERT":
        replaces = re.search(r"\b(?:REPLACE|DUPLICATE|CONFLICT)\b", text, re.IGNORECASE)
        return False if replaces else None
    if word in ("ALTER", "DROP"):
        second = re.match(r"\w+\s+(\w+)", text)
        if second and second[1].upper() in _ROWLESS:
            return not re.search(r"\bCASCADE\b", text, re.IGNORECASE)
        altered = _ALTER.match(text)
        return bool(altered and _GENTLE.match(altered["rest"]))
    return False


def unties(text: str) -> bool:
    """Whether a piece drops a constraint, perhaps the key that makes a link of a column."""
    altered = _ALTER.match(text)
    drop = r"DROP\s+(?:CONSTRAINT|FOREIGN|PRIMARY)\b"
    return bool(altered and re.match(drop, altered["rest"], re.IGNORECASE))


def touched(text: str, catalog: Catalog) -> set[Name] | None:
    """The tables whose rows a piece could change; None for all."""
    lower = text.lower()
    words = set(re.findall(r"\w+", lower))
    first = (re.match(r"\w+", text) or [""])[0].upper()
    if catalog.routines & words:
        return None
    if first in ("SELECT", "WITH") and not _WRITES.search(text):
        return set()
    if first not in _UNDERSTOOD or "cascade" in words or "u&" in lower:
        return None
    if first in ("DROP", "ALTER") and "table" not in words:
        return None
    if any(_mentioned(view, lower, words) for view in catalog.views):
        return None
    names = {name for name in catalog.tables if _mentioned(name[1].lower(), lower, words)}
    if first == "DROP":
        return names
    found = catalog.reached(names)
    if found & catalog.triggered:
        return None
    if first == "INSERT" and harmless(text, "") is None:
        return set()
    return found & catalog.tables.keys()  # a table that the revision made has nothing to lose


def touches(text: str, table: str) -> bool:
    """Whether a piece has the name of a table in it."""
    lower = text.lower()
    return _mentioned(table.lower(), lower, set(re.findall(r"\w+", lower)))


def _mentioned(name: str, lower: str, words: set[str]) -> bool:
    if re.fullmatch(r"\w+", name):
        return name in words
    # A quote within a name is doubled, an escape possible: such a table is always meant.
    return name in lower or bool(set(name) & set("\"`'\\%"))


@dataclass(frozen=True)
class Renamed:
    """A table, or a column of it, under a new name; with ``copy`` the old one exists too."""

    table: str
    old: str
    new: str
    column: bool
    copy: bool = False


@dataclass(frozen=True)
class Copied:
    """Rows of one table written into another.

    ``columns``: old names to new, of those that are copied, or cast; ``whole``: it was
    ``SELECT *``, without a list of where it goes.
    """

    source: str
    target: str
    columns: tuple[tuple[str, str], ...]
    whole: bool = False


@dataclass(frozen=True)
class NewTable:
    """A table that did not exist before."""

    table: str


@dataclass(frozen=True)
class Moved:
    """A table goes to another schema, under its name; None is the connection's own."""

    table: str
    schema: str | None


_MADE = re.compile(
    rf"CREATE\s+(?:\w+\s+)?TABLE\s+(?!IF\b)(?P<table>{NAME})", re.IGNORECASE | re.DOTALL
)
_RENAMES = (
    (rf"RENAME\s+(?:TO|AS)\s+(?P<new>{NAME})\s*$", False),
    (rf"RENAME\s+(?:COLUMN\s+)?(?P<old>{ID})\s+TO\s+(?P<new>{ID})\s*$", True),
    (rf"CHANGE\s+(?:COLUMN\s+)?(?P<old>{ID})\s+(?P<new>{ID})\s", True),
)
_MARIADB = re.compile(rf"(?P<old>{NAME})\s+TO\s+(?P<new>{NAME})", re.IGNORECASE)
# A column filled from another before that one is dropped: a manual rename.
_FILLED = re.compile(
    rf"UPDATE\s+(?P<table>{NAME})\s+SET\s+(?P<new>{ID})\s*=\s*(?:{ID}\.)?(?P<old>{ID})\s*$",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|CREATE\s+TABLE)\s+"
    rf"(?P<target>{NAME})\s*(?:\((?P<columns>[^()]*)\))?"
    rf"\s*(?:AS\s+)?SELECT\s+(?P<values>.*?)\s+FROM\s+(?P<source>{NAME})\s*(?:$|\bAS\b|\bWHERE\b)",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = re.compile(
    rf"(?:CAST\s*\(\s*)?(?:{NAME}\s*\.\s*)?(?P<old>{ID})(?:\s+AS\s+.+\))?"
    rf"(?:\s+AS\s+(?P<label>{ID}))?\s*$",
    re.IGNORECASE | re.DOTALL,
)


def moves(text: str) -> Iterator[Renamed | Copied | NewTable | Moved]:
    """What a piece renames, makes, moves, or copies from table to table."""
    if made := _MADE.match(text):
        yield NewTable(_last(made["table"]))
    altered = _ALTER.match(text)
    if altered:
        if match := re.match(rf"SET\s+SCHEMA\s+({ID})\s*$", altered["rest"], re.IGNORECASE):
            yield Moved(_last(altered["table"]), _last(match[1]))
        for pattern, column in _RENAMES:
            match = re.match(pattern, altered["rest"], re.IGNORECASE)
            if match:
                old = _last(match["old"]) if column else ""
                table = _last(altered["table"])
                yield Renamed(table, old or table, _last(match["new"]), column)
                return
    elif re.match(r"RENAME\s+TABLE", text, re.IGNORECASE):
        for match in _MARIADB.finditer(text[text.upper().index("TABLE") + 5 :]):
            was, now = words_of(match["old"], "sqlite"), words_of(match["new"], "sqlite")
            if was[-1].name != now[-1].name:
                yield Renamed(was[-1].name, was[-1].name, now[-1].name, False)
            if was[0].name != now[0].name and len(was) + len(now) > 2:
                yield Moved(now[-1].name, now[0].name if len(now) > 1 else None)
    elif match := _FILLED.match(text):
        yield Renamed(_last(match["table"]), _last(match["old"]), _last(match["new"]), True, True)
    elif match := _COPY.match(text):
        values = [_PLAIN.match(value) for value in _split(match["values"])]
        if match["columns"]:
            into = [_last(column) for column in _split(match["columns"])]
        else:
            into = [_last(v["label"] or v["old"]) if v else "-" for v in values]
        pairs = tuple(
            (_last(value["old"]), column)
            for value, column in zip(values, into, strict=False)
            if value
        )
        whole = not match["columns"] and match["values"].strip().endswith("*")
        yield Copied(_last(match["source"]), _last(match["target"]), pairs, whole)


def _last(name: str) -> str:
    """The name itself, without schema and quotes."""
    return words_of(name, "sqlite")[-1].name


def _split(text: str) -> list[str]:
    """``text`` at its commas, but for those in brackets and quotes."""
    return [text_of(part).strip() for part in split(tokens(text))]
