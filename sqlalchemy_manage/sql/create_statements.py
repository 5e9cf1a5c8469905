"""CREATE statements of views, functions and triggers, read as far as the tool needs to.

No grammar of a database is complete here: a statement is cut into tokens, and its head
is read (what is created, under which name, on which table). What a body means is left
to the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from .tokens import Token, words_of

DATABASES = ("sqlite", "postgresql", "mysql")
KINDS = ("function", "view", "trigger")


def database_of(dialect: str) -> str:
    """The key of the statements for a dialect; ``mysql`` is for MariaDB too."""
    return "mysql" if dialect == "mariadb" else dialect


def clean(statement: str) -> str:
    """``statement`` without the indentation that all its lines share and without a last ``;``."""
    lines = statement.strip("\n").split("\n")
    # textwrap.dedent would also empty the lines of nothing but spaces, in strings too.
    margins = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    margin = min(margins, key=len, default="")
    text = "\n".join(line.removeprefix(margin) if line.strip() else line for line in lines)
    return text.strip().rstrip(";").rstrip()


def identifier(token: Token, database: str) -> str:
    """The name that a token means, as the database keeps it."""
    folds = database == "postgresql" and token.kind != "quoted"
    return token.text.lower() if folds else token.name


def equal_names(left: str, right: str, database: str) -> bool:
    """Whether two names are one object; only PostgreSQL distinguishes upper case from lower."""
    return left == right or (database != "postgresql" and left.lower() == right.lower())


class Name(NamedTuple):
    """A name in a statement, where it starts and ends, and the token after it."""

    text: str
    schema: str | None
    at: tuple[int, int]
    stop: int


class Created(NamedTuple):
    """The head of a CREATE statement."""

    kind: str
    name: Name
    table: Name | None
    materialized: bool
    kind_at: int


_BEFORE_KIND = (
    "or replace temp temporary constraint materialized recursive aggregate definer algorithm "
    "undefined merge temptable sql security invoker current_user current_role"
)
# The schema that a database starts with is written as none.
DEFAULT_SCHEMAS = {"postgresql": "public", "sqlite": "main"}


@lru_cache(1024)
def created(statement: str, database: str) -> Created | None:
    """What ``statement`` creates; None if that is not a view, function or trigger.

    The schema a database starts with (``public``, ``main``) counts as none.
    """
    words = words_of(statement, database)
    at = _kind(words)
    if at is None:
        return None
    kind = words[at].text.lower()
    start = at + 1
    if [t.text.lower() for t in words[start : start + 3]] == ["if", "not", "exists"]:
        start += 3
    name = _qualified(words, start, database)
    table = None
    if name is not None and kind == "trigger":
        on = (i for i in range(name.stop, len(words)) if words[i].text.lower() == "on")
        table = _qualified(words, next(on, len(words)) + 1, database)
    if name is None or (table is None and kind == "trigger"):
        return None
    materialized = any(t.text.lower() == "materialized" for t in words[:at])
    return Created(kind, name, table, materialized, words[at].start)


def _kind(words: tuple[Token, ...]) -> int | None:
    """Where FUNCTION, VIEW or TRIGGER is; None if something else is created."""
    if not words or words[0].text.lower() != "create":
        return None
    for index, token in enumerate(words[1:16], start=1):
        word = token.text.lower()
        if token.kind != "word" or words[index - 1].text in "=@":
            continue
        if word in KINDS:
            return index
        if word not in _BEFORE_KIND.split():
            return None
    return None


def _qualified(words: tuple[Token, ...], start: int, database: str) -> Name | None:
    """``name`` or ``schema.name`` at ``start``."""
    found = words[start : start + 3]
    if not found or found[0].kind not in ("word", "quoted"):
        return None
    first = identifier(found[0], database)
    if len(found) == 3 and found[1].text == "." and found[2].kind in ("word", "quoted"):
        schema = None if first == DEFAULT_SCHEMAS.get(database) else first
        return Name(
            identifier(found[2], database), schema, (found[0].start, found[2].end), start + 3
        )
    return Name(first, None, (found[0].start, found[0].end), start + 1)


def bare(statement: str, database: str) -> str:
    """``statement`` without OR REPLACE and IF NOT EXISTS."""
    head = created(statement, database)
    if head is None:
        return statement
    words = words_of(statement, database)
    cut: list[tuple[int, int]] = []
    for index, token in enumerate(words):
        if token.start >= head.name.at[0]:
            break
        word = token.text.lower()
        if word == "or" or (word == "if" and token.start > head.kind_at):
            last = words[index + (1 if word == "or" else 2)]
            cut.append((token.start, last.end))
    for start, end in reversed(cut):
        statement = statement[:start] + statement[end:].lstrip(" ")
    return statement


def or_replace(statement: str, database: str) -> str:
    """``statement`` as CREATE OR REPLACE."""
    return re.sub(r"^\s*create\b", "CREATE OR REPLACE", bare(statement, database), flags=re.I)


def renamed(
    statement: str, database: str, name: str | None = None, table: str | None = None
) -> str:
    """``statement`` with other text in place of its name or table."""
    head = created(statement, database)
    assert head is not None
    # The table comes after the name, so the name's place is still right afterwards.
    for old, new in ((head.table, table), (head.name, name)):
        if old is not None and new is not None:
            statement = statement[: old.at[0]] + new + statement[old.at[1] :]
    return statement


def arguments(statement: str, database: str) -> str | None:
    """The arguments of a CREATE FUNCTION without their defaults, None if there is no list."""
    head = created(statement, database)
    words = [t for t in words_of(statement, database) if head and t.start >= head.name.at[1]]
    if not words or words[0].text != "(":
        return None
    depth, found, skipping = 0, list[str](), False
    for token in words:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            break
        if depth == 1:
            skipping = token.text != "," and (
                skipping or token.text == "=" or token.text.lower() == "default"
            )
        if token is not words[0] and not skipping:
            found.append(token.text)
    return re.sub(r" (?=[,()\[\].])|(?<=[(\[.]) ", "", " ".join(found))


def signature(statement: str, database: str) -> tuple[str, ...]:
    """Arguments and result of a CREATE FUNCTION, which CREATE OR REPLACE cannot change."""
    head = created(statement, database)
    end = {"language", "as", "immutable", "stable", "volatile", "strict", "cost", "deterministic"}
    end |= {"security", "begin", "return", "called", "parallel", "leakproof", "window", "set"}
    found = []
    for token in words_of(statement, database):
        if head is None or token.start < head.name.at[1]:
            continue
        if token.kind == "body" or (token.kind == "word" and token.text.lower() in end):
            break
        found.append(token.text.lower() if token.kind == "word" else token.text)
    return tuple(found)


def columns(statement: str, database: str) -> tuple[str, ...] | None:
    """What a CREATE VIEW selects, up to its FROM; None if that does not show the columns."""
    words = words_of(statement, database)
    starts = (i for i, t in enumerate(words) if t.text.lower() == "select")
    found: list[str] = []
    depth = 0
    for token in words[next(starts, len(words)) + 1 :]:
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0 or (depth == 0 and token.text.lower() == "from"):
            break
        found.append(token.text.lower() if token.kind == "word" else token.text)
    return None if "*" in found or not found else tuple(found)


def language(statement: str) -> str:
    """The language of a PostgreSQL function; SQL where none is named."""
    words = words_of(statement, "postgresql")
    for token, following in pairwise(words):
        if token.text.lower() == "language":
            return following.text.strip("'\"").lower()
    return "sql"


@lru_cache(1024)
def names_in(statement: str, database: str) -> frozenset[str]:
    """Every name and word of ``statement`` in lower case, those of a function's body too."""
    return frozenset(_names(statement, database))


def _names(statement: str, database: str) -> Iterator[str]:
    for token in words_of(statement, database):
        if token.kind in ("word", "quoted"):
            yield identifier(token, database).lower()
        elif token.kind == "body":
            yield from names_in(token.value, database)
