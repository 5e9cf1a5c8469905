"""SQLite: a CREATE TABLE statement read into its columns, constraints and options.

Every word of the statement belongs to one of them; what fits nowhere is an error, so that
nothing is overlooked (https://sqlite.org/lang_createtable.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....errors import MigrationError
from ....sql.tokens import Token, split, text_of, tokens, words_of
from .sqlite_master import Master

if TYPE_CHECKING:
    from ..raw_sql import Writer


CONSTRAINTS = frozenset(("primary key", "unique", "check", "foreign key"))
"""What is the same thing whether it is within a column or after all of them."""

_STARTS = frozenset(
    (
        *("constraint", "primary", "not", "null", "unique", "check", "default", "collate"),
        *("references", "generated", "as", "deferrable", "foreign"),
    )
)
_WITHOUT_EFFECT = frozenset(
    ("ON DELETE NO ACTION", "ON UPDATE NO ACTION", "ASC", "ON CONFLICT ABORT", "NOT DEFERRABLE")
)


@dataclass(frozen=True)
class Clause:
    """A constraint, or another clause of a column. Names are in lower case but in ``text``.

    ``what``: the expression, the value, or what a foreign key refers to. ``options``: the
    words after it that change what it does, as ``ON DELETE CASCADE`` or ``AUTOINCREMENT``.
    """

    kind: str
    columns: tuple[str, ...]
    what: str
    options: frozenset[str]
    name: str | None
    text: str = field(compare=False)

    def is_kept_by(self, other: Clause) -> bool:
        """Whether ``other`` says the same, or more."""
        mine = (self.kind, self.columns, self.what, self.name)
        theirs = (other.kind, other.columns, other.what, other.name)
        return mine == theirs and self.options <= other.options


@dataclass(frozen=True)
class ColumnSql:
    """A column: ``written`` is its name with quotes, ``text`` all of it."""

    name: str
    written: str
    type: str
    clauses: tuple[Clause, ...]
    text: str


@dataclass(frozen=True)
class TableSql:
    """What a CREATE TABLE says."""

    head: str
    columns: tuple[ColumnSql, ...]
    constraints: tuple[Clause, ...]
    options: tuple[str, ...]

    @property
    def clauses(self) -> Iterator[Clause]:
        for column in self.columns:
            yield from column.clauses
        yield from self.constraints

    @property
    def primary_key(self) -> Clause | None:
        return next((clause for clause in self.clauses if clause.kind == "primary key"), None)

    @property
    def counts(self) -> bool:
        """Whether it is AUTOINCREMENT."""
        key = self.primary_key
        return key is not None and "AUTOINCREMENT" in key.options

    @property
    def is_keyed(self) -> bool:
        """Whether rows have no number beside their key (https://sqlite.org/rowidtable.html)."""
        key = self.primary_key
        types = [c.type.upper() for c in self.columns if key is not None and c.name in key.columns]
        return "WITHOUT ROWID" in self.options or types == ["INTEGER"]

    def column(self, name: str) -> ColumnSql | None:
        return next((c for c in self.columns if c.name == name.casefold()), None)


def read_table(sql: str) -> TableSql:
    """Raises MigrationError where ``sql`` is not understood."""
    statement = CreateTable(sql)
    columns: list[ColumnSql] = []
    constraints: list[Clause] = []
    for item in statement.items:
        reader = _Reader(item, sql)
        text = text_of(item)
        if reader.words and reader.starts_constraint():
            constraints += reader.clauses(())
            continue
        name = reader.name()
        type_ = reader.type()
        found = tuple(reader.clauses((name.casefold(),)))
        columns.append(ColumnSql(name.casefold(), reader.words[0].text, type_, found, text))
    tail = "".join(t.text if t.kind != "comment" else " " for t in statement.tail)
    options = [" ".join(part.upper().split()) for part in tail.strip(" \t\r\n;)").split(",")]
    head = text_of(statement.head)
    return TableSql(head, tuple(columns), tuple(constraints), tuple(filter(None, options)))


def normal(expression: str) -> str:
    """An expression without its layout, its quotes around names, and brackets around it all."""
    words = words_of(expression, "sqlite")
    while len(words) > 1 and words[0].text == "(" and _end(words, 0) == len(words):
        words = words[1:-1]
    return " ".join(t.text if t.kind == "string" else t.name.casefold() for t in words)


def _end(words: Sequence[Token], start: int) -> int:
    """The place after the bracket that closes the one at ``start``."""
    depth = 0
    for place in range(start, len(words)):
        if words[place].kind == "symbol":
            depth += {"(": 1, ")": -1}.get(words[place].text, 0)
        if depth == 0:
            return place + 1
    return len(words)


class _Reader:
    """The words of one item of a CREATE TABLE, from left to right."""

    def __init__(self, item: list[Token], sql: str) -> None:
        self.item = item
        self.sql = sql
        self.places = [i for i, t in enumerate(item) if t.kind not in ("space", "comment")]
        self.words = [item[i] for i in self.places]
        self.here = 0

    def word(self, ahead: int = 0) -> str:
        place = self.here + ahead
        if place >= len(self.words) or self.words[place].kind == "quoted":
            return ""
        return self.words[place].text.lower()

    def take(self, *words: str) -> bool:
        if all(self.word(i) == word for i, word in enumerate(words)):
            self.here += len(words)
            return True
        return False

    def name(self) -> str:
        if self.here >= len(self.words):
            raise self.unreadable()
        token = self.words[self.here]
        self.here += 1
        return token.value if token.kind == "string" else token.name

    def text(self, start: int) -> str:
        """What is written from the word at ``start`` to here."""
        if start >= self.here:
            return ""
        return text_of(self.item[self.places[start] : self.places[self.here - 1] + 1])

    def unreadable(self) -> MigrationError:
        near = "".join(token.text for token in self.item).strip()
        return MigrationError(f"Not understood, near {near!r}: {self.sql}")

    def starts_constraint(self) -> bool:
        # SQLite does not allow these words as names without quotes.
        return self.word() in ("constraint", "primary", "unique", "check", "foreign")

    def type(self) -> str:
        start = self.here
        while self.here < len(self.words) and self.word() not in _STARTS:
            self.here = _end(self.words, self.here) if self.word() == "(" else self.here + 1
        return self.text(start)

    def group(self) -> list[Token]:
        """The words between the brackets that begin here."""
        if self.word() != "(":
            raise self.unreadable()
        start, self.here = self.here, _end(self.words, self.here)
        return self.words[start + 1 : self.here - 1]

    def clauses(self, columns: tuple[str, ...]) -> Iterator[Clause]:
        """Those of a column, or with none those of the table, which need no commas."""
        while self.here < len(self.words):
            start, name = self.here, None
            while self.take("constraint"):
                name = self.name().casefold()
            if self.here == len(self.words):
                return  # a name alone, which SQLite allows
            kind, own, what, options = self.clause(columns)
            useful = frozenset(o for o in options if o and o not in _WITHOUT_EFFECT)
            yield Clause(kind, own or columns, what, useful, name, self.text(start))

    def clause(
        self, columns: tuple[str, ...]
    ) -> tuple[str, tuple[str, ...] | None, str, list[str]]:
        if self.take("primary", "key"):
            return "primary key", *self.key(columns)
        if self.take("unique"):
            return "unique", *self.key(columns)
        if self.take("not", "null"):
            return "not null", None, "", [self.conflict()]
        if self.take("null"):
            return "null", None, "", [self.conflict()]
        if self.take("check"):
            start = self.here
            self.group()
            return "check", None, normal(self.text(start)), [self.conflict()]
        if self.take("default"):
            return "default", None, normal(self.value()), []
        if self.take("collate"):
            return "collate", None, self.name().casefold(), []
        if self.take("foreign", "key"):
            own = tuple(name.casefold() for name in self.listed()[0])
            if not self.take("references"):
                raise self.unreadable()
            return "foreign key", own, *self.references()
        if self.take("references"):
            return "foreign key", None, *self.references()
        if self.take("generated", "always", "as") or self.take("as"):
            start = self.here
            self.group()
            what = normal(self.text(start))
            stored = "STORED" if self.take("stored") else ""
            self.take("virtual")
            return "generated", None, what, [stored]
        deferred = self.deferrable()
        if deferred:
            return "deferrable", None, "", [deferred]
        raise self.unreadable()

    def key(self, columns: tuple[str, ...]) -> tuple[tuple[str, ...] | None, str, list[str]]:
        """Of a PRIMARY KEY or UNIQUE: columns, nothing, and how they are ordered."""
        own: tuple[str, ...] | None = None
        options: list[str] = []
        if not columns:
            names, options = self.listed()
            own = tuple(name.casefold() for name in names)
        elif self.word() in ("asc", "desc"):
            options.append(self.name().upper())
        options.append(self.conflict())
        if self.take("autoincrement"):
            options.append("AUTOINCREMENT")
        return own, "", options

    def listed(self) -> tuple[list[str], list[str]]:
        """Columns in brackets, and what is said of them."""
        names, options = [], []
        for part in split(self.group()):
            if not part:
                raise self.unreadable()
            first = part[0]
            names.append(first.value if first.kind == "string" else first.name)
            words = [t.name.upper() for t in part[1:]]
            if "AUTOINCREMENT" in words:
                words.remove("AUTOINCREMENT")
                options.append("AUTOINCREMENT")
            if words and words != ["ASC"]:
                options.append(f"{names[-1]} {' '.join(words)}")
        return names, options

    def conflict(self) -> str:
        return f"ON CONFLICT {self.name().upper()}" if self.take("on", "conflict") else ""

    def value(self) -> str:
        start = self.here
        if self.word() == "(":
            self.group()
            return self.text(start)
        while self.word() in ("+", "-"):
            self.here += 1
        is_blob = self.word() == "x" and self.words[self.here + 1 :][:1] != []
        self.here += 2 if is_blob and self.words[self.here + 1].kind == "string" else 1
        return self.text(start)

    def references(self) -> tuple[str, list[str]]:
        what, options = self.name().casefold(), []
        if self.word() == "(":
            what += f"({', '.join(name.casefold() for name in self.listed()[0])})"
        while True:
            if self.take("on"):
                event = self.name().upper()
                action = self.name().upper()
                if action in ("SET", "NO"):
                    action += f" {self.name().upper()}"
                options.append(f"ON {event} {action}")
            elif self.take("match"):
                options.append(f"MATCH {self.name().upper()}")
            else:
                break
        return what, [*options, self.deferrable()]

    def deferrable(self) -> str:
        if not (self.take("deferrable") or self.take("not", "deferrable")):
            return ""
        found = "NOT DEFERRABLE" if self.words[self.here - 2].text.lower() == "not" else ""
        if self.take("initially"):
            when = self.name().upper()
            return found or ("DEFERRABLE INITIALLY DEFERRED" if when == "DEFERRED" else "")
        # Deferrable, and checked at once: as if it said nothing.
        return found


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
        for token in tokens(sql, "sqlite"):
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
        return text_of(self.head) + ",".join(map(text_of, self.items)) + text_of(self.tail)

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
                inner = text_of(item[place + 1 : end]).strip()[1:-1]
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
            f"SQLite must rebuild {table} from its definition; this cannot be shown as SQL "
            "without a database."
        )
    connection = write.connection
    master = Master(connection, schema)
    where = master.where
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise MigrationError(f"PRAGMA foreign_keys is on: {table} cannot be rebuilt safely.")
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
