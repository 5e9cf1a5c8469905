"""SQLite: a table made again from its own, edited CREATE TABLE statement.

What SQLite cannot alter it copies (https://sqlite.org/lang_altertable.html#otheralter).
Alembic's batch makes the new table from what it reads back, which loses CHECKs without a
name, collations and more; here everything but the edit stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...errors import MigrationError
from ..sql.canonical import Token, sqlite_tokens
from .master import Master

if TYPE_CHECKING:
    from ..enums.steps import Writer

_AFTER_TYPE = re.compile(
    "constraint|primary|not|null|unique|check|default|collate|references|generated|as",
    re.IGNORECASE,
)


class CreateTable:
    """A CREATE TABLE statement in pieces: what comes before, the items, what comes after."""

    def __init__(self, sql: str) -> None:
        self.head: list[Token] = []
        self.items: list[list[Token]] = [[]]
        self.tail: list[Token] = []
        depth = 0
        for token in sqlite_tokens(sql):
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "symbol" else 0
            if self.tail or (self.items != [[]] and depth == 0):
                self.tail.append(token)
            elif depth == 0 or (depth == 1 and token.text == "(" and self.items == [[]]):
                self.head.append(token)
            elif depth == 1 and token.text == ",":
                self.items.append([])
            else:
                self.items[-1].append(token)

    def __str__(self) -> str:
        return _text(self.head) + ",".join(map(_text, self.items)) + _text(self.tail)

    def column(self, name: str) -> list[Token]:
        """The item of a column, which may be changed in place."""
        for item in self.items:
            first = next(t for t in item if t.kind not in ("space", "comment"))
            if first.name.casefold() == name.casefold() and not _is_constraint(first):
                return item
        raise MigrationError(f"There is no column {name} in: {self}")

    def set_type(self, name: str, type_: str) -> None:
        """Declare another type for a column."""
        item = self.column(name)
        start = _significant(item)[0] + 1
        end = next(
            (i for i in range(start, len(item)) if _AFTER_TYPE.fullmatch(item[i].text)), len(item)
        )
        while end > start and item[end - 1].kind in ("space", "comment"):
            end -= 1
        item[start:end] = [Token("raw", f" {type_}")]

    def set_default(self, name: str, default: str | None) -> None:
        """Give a column another default, or none."""
        item = self.column(name)
        place = _keyword(item, "default")
        if place is not None:
            del item[place : _end_of_value(item, place + 1)]
        if default is not None:
            wrapped = default if re.fullmatch(r"'(?:[^']|'')*'|[\w.]+", default) else f"({default})"
            item.append(Token("raw", f" DEFAULT {wrapped}"))

    def drop_checks(self, is_it: Callable[[str], bool]) -> None:
        """Take out every CHECK, of the table or of a column, whose text ``is_it``."""
        for item in list(self.items):
            start = 0
            while (place := _keyword(item, "check", start)) is not None:
                end = _end_of_value(item, place + 1)
                inner = _text(item[place + 1 : end]).strip()[1:-1]
                start = end
                if is_it(inner):
                    named = _name_before(item, place)
                    del item[named:end]
                    start = named
            if not _significant(item):
                self.items.remove(item)

    def add(self, item: str) -> None:
        """Add a constraint of the table."""
        last, space = self.items[-1], []
        if len(last) > 1 and last[-1].kind == "space" and last[-2].kind != "comment":
            space = [last.pop()]
        self.items.append([Token("raw", f"\n\t{item}"), *space])


def _text(found: list[Token]) -> str:
    return "".join(token.text for token in found)


def _significant(item: list[Token]) -> list[int]:
    return [i for i, token in enumerate(item) if token.kind not in ("space", "comment")]


def _is_constraint(token: Token) -> bool:
    words = ("constraint", "primary", "unique", "check", "foreign")
    return token.kind == "word" and token.text.lower() in words


def _keyword(item: list[Token], word: str, start: int = 0) -> int | None:
    """Where ``word`` is, outside of brackets."""
    depth = 0
    for index, token in enumerate(item):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "symbol" else 0
        if index >= start and depth == 0 and token.kind == "word" and token.text.lower() == word:
            return index
    return None


def _end_of_value(item: list[Token], start: int) -> int:
    """Where the literal or bracketed expression that begins at ``start`` ends."""
    depth = 0
    for index in range(start, len(item)):
        token = item[index]
        if token.kind in ("space", "comment"):
            continue
        if token.kind == "symbol":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text in "+-":
                continue
        if depth == 0:
            return index + 1
    return len(item)


def _name_before(item: list[Token], place: int) -> int:
    """Where ``CONSTRAINT name`` before a CHECK begins, else the CHECK itself."""
    before = [i for i in _significant(item) if i < place]
    if len(before) > 1 and item[before[-2]].text.lower() == "constraint":
        return before[-2]
    return place


def rebuild(
    write: Writer,
    schema: str | None,
    table: str,
    edit: Callable[[CreateTable], None],
    values: Mapping[str, str],
) -> None:
    """Make the table again with its statement edited; rows, indexes and triggers stay.

    ``values`` has an expression for each column that does not stay as it is. Raises
    MigrationError while foreign keys are enforced: dropping the old table would delete
    what refers to it.
    """
    if write.offline:
        raise MigrationError(
            f"SQLite has to make {table} again from how it is defined; that cannot be shown as "
            "SQL without a database."
        )
    connection = write.connection
    master = Master(connection, schema)
    where = master.where
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise MigrationError(f"PRAGMA foreign_keys is on: {table} cannot be made again safely.")
    (sql,) = master.of(table, "table").values()
    others = [*master.of(table, "index").values(), *master.of(table, "trigger").values()]
    statement = CreateTable(sql)
    edit(statement)
    spare = f"_new_{table}"
    statement.head = [Token("raw", f"CREATE TABLE {where}{write.name(spare)} (")]
    columns = [
        row.name
        for row in connection.exec_driver_sql(f"PRAGMA {where}table_xinfo({write.name(table)})")
        if row.hidden == 0
    ]
    names = ", ".join(map(write.name, columns))
    rows = ", ".join(values.get(column, write.name(column)) for column in columns)
    last = master.last_number(table)
    # Else the rename would look into views that read the table that is not there.
    legacy = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
    try:
        for text in (
            str(statement),
            f"INSERT INTO {where}{write.name(spare)} ({names}) SELECT {rows} "
            f"FROM {where}{write.name(table)}",
            f"DROP TABLE {where}{write.name(table)}",
            f"ALTER TABLE {where}{write.name(spare)} RENAME TO {write.name(table)}",
            *others,
        ):
            write.execute(text)
    finally:
        connection.exec_driver_sql(f"PRAGMA legacy_alter_table={legacy}")
    if last is not None:
        master.set_last_number(table, last)
