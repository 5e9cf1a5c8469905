"""SQLite: a CREATE TABLE statement read into its columns, constraints and options.

Every word of the statement belongs to one of them; anything else is an error, so that
nothing is overlooked (https://sqlite.org/lang_createtable.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...errors import MigrationError
from ...sql.tokens import NOTHING, Token, WordReader, split, tokens, words_of

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
    ``at``: where its text is in its item of the statement.
    """

    kind: str
    columns: tuple[str, ...]
    what: str
    options: frozenset[str]
    name: str | None
    text: str = field(compare=False)
    at: slice = field(compare=False)

    def is_kept_by(self, other: Clause) -> bool:
        """Whether ``other`` says the same, or more."""
        mine = (self.kind, self.columns, self.what, self.name)
        theirs = (other.kind, other.columns, other.what, other.name)
        return mine == theirs and self.options <= other.options


@dataclass(frozen=True)
class ColumnSql:
    """A column: ``written`` is its name with quotes, ``text`` all of it.

    ``type_at``: where the type is in the text, with the space before it.
    """

    name: str
    written: str
    type: str
    clauses: tuple[Clause, ...]
    text: str
    type_at: slice = field(compare=False)


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
    for _, column, clauses in statement.read():
        if column is None:
            constraints += clauses
        else:
            columns.append(column)
    tail = "".join(" " if t.kind == "comment" else t.text for t in tokens(statement.tail, "sqlite"))
    options = [" ".join(part.upper().split()) for part in tail.strip(" \t\r\n;)").split(",")]
    return TableSql(
        statement.head, tuple(columns), tuple(constraints), tuple(filter(None, options))
    )


def counting(key: Clause, counts: bool) -> Clause:
    """A primary key that is AUTOINCREMENT, or is not, and all else that it was."""
    if counts == ("AUTOINCREMENT" in key.options):
        return key
    words = words_of(key.text, "sqlite")
    if counts:
        closing = [word.start for word in words if word.text == ")"]
        at = closing[-1] if closing else len(key.text)
        text = f"{key.text[:at].rstrip()} AUTOINCREMENT{key.text[at:]}"
        return replace(key, text=text, options=key.options | {"AUTOINCREMENT"})
    (word,) = (word for word in words if word.text.upper() == "AUTOINCREMENT")
    text = key.text[: word.start].rstrip() + key.text[word.end :]
    return replace(key, text=text, options=key.options - {"AUTOINCREMENT"})


def unescaped(name: str) -> str:
    """The name of a constraint that SQLAlchemy has read with its quotes still doubled."""
    return name.replace('""', '"')


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


class _ItemReader(WordReader):
    """The words of one item of a CREATE TABLE, from left to right."""

    def __init__(self, item: str, sql: str) -> None:
        super().__init__(words_of(item, "sqlite"))
        self.item = item
        self.sql = sql

    def column(self) -> ColumnSql:
        name = self.name()
        start, type_ = self.words[0].end, self.type()
        type_at = slice(start, self.words[self.place - 1].end)
        clauses = tuple(self.clauses((name.casefold(),)))
        return ColumnSql(name.casefold(), self.words[0].text, type_, clauses, self.item, type_at)

    def name(self) -> str:
        token = self.here
        if token is NOTHING:
            raise self.unreadable()
        self.place += 1
        return token.value if token.kind == "string" else token.name

    def text(self, start: int) -> str:
        """What is written from the word at ``start`` to here."""
        return self.item[self.at(start)]

    def at(self, start: int) -> slice:
        if start >= self.place:
            return slice(0)
        return slice(self.words[start].start, self.words[self.place - 1].end)

    def unreadable(self) -> MigrationError:
        return MigrationError(f"Not understood, near {self.item.strip()!r}: {self.sql}")

    def starts_constraint(self) -> bool:
        # SQLite does not allow these words as names without quotes.
        return self.word() in ("constraint", "primary", "unique", "check", "foreign")

    def type(self) -> str:
        start = self.place
        while self.place < len(self.words) and self.word() not in _STARTS:
            self.place = _end(self.words, self.place) if self.word() == "(" else self.place + 1
        return self.text(start)

    def group(self) -> Sequence[Token]:
        """The words between the brackets that begin here."""
        if self.word() != "(":
            raise self.unreadable()
        start, self.place = self.place, _end(self.words, self.place)
        return self.words[start + 1 : self.place - 1]

    def clauses(self, columns: tuple[str, ...]) -> Iterator[Clause]:
        """Those of a column, or with none those of the table, which need no commas."""
        while self.place < len(self.words):
            start, name = self.place, None
            while self.take("constraint"):
                name = self.name().casefold()
            if self.place == len(self.words):
                return  # a name alone, which SQLite allows
            kind, own, what, options = self.clause(columns)
            useful = frozenset(o for o in options if o and o not in _WITHOUT_EFFECT)
            at = self.at(start)
            yield Clause(kind, own or columns, what, useful, name, self.item[at], at)

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
            start = self.place
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
            start = self.place
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
        start = self.place
        if self.word() == "(":
            self.group()
            return self.text(start)
        while self.word() in ("+", "-"):
            self.place += 1
        is_blob = self.word() == "x" and self.place + 1 < len(self.words)
        self.place += 2 if is_blob and self.words[self.place + 1].kind == "string" else 1
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
        found = "NOT DEFERRABLE" if self.words[self.place - 2].text.lower() == "not" else ""
        if self.take("initially"):
            when = self.name().upper()
            return found or ("DEFERRABLE INITIALLY DEFERRED" if when == "DEFERRED" else "")
        # Deferrable, and checked at once: as if it said nothing.
        return found


class CreateTable:
    """A CREATE TABLE statement in pieces: what comes before, the items, what comes after."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.head = self.tail = ""
        self.items = [""]
        depth = 0
        for token in tokens(sql, "sqlite"):
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "symbol" else 0
            if self.tail or (self.items != [""] and depth == 0):
                self.tail += token.text
            elif depth == 0 or (depth == 1 and token.text == "(" and self.items == [""]):
                self.head += token.text
            elif depth == 1 and token.text == ",":
                self.items.append("")
            else:
                self.items[-1] += token.text

    def __str__(self) -> str:
        return f"{self.head}{','.join(self.items)}{self.tail}"

    def read(self) -> Iterator[tuple[int, ColumnSql | None, tuple[Clause, ...]]]:
        """The items by their numbers: a column with its clauses, or constraints of the table."""
        for number, item in enumerate(self.items):
            reader = _ItemReader(item, self.sql)
            if reader.starts_constraint():
                yield number, None, tuple(reader.clauses(()))
            else:
                column = reader.column()
                yield number, column, column.clauses

    def column(self, name: str) -> tuple[int, ColumnSql]:
        """A column, and the number of its item."""
        for number, column, _ in self.read():
            if column is not None and column.name == name.casefold():
                return number, column
        raise MigrationError(f"There is no column {name} in: {self}")

    def set_type(self, name: str, type_: str) -> None:
        """Declare another type for a column."""
        number, column = self.column(name)
        self._put(number, column.type_at, f" {type_}")

    def set_default(self, name: str, default: str | None) -> None:
        """Give a column another default, or none."""
        number, column = self.column(name)
        for clause in column.clauses:
            if clause.kind == "default":
                self._put(number, clause.at)
        if default is not None:
            wrapped = default if re.fullmatch(r"'(?:[^']|'')*'|[\w.]+", default) else f"({default})"
            self.items[number] += f" DEFAULT {wrapped}"

    def drop_checks(self, is_it: Callable[[str], bool]) -> None:
        """Remove every CHECK, of the table or of a column, whose text ``is_it``."""
        for number, _, clauses in reversed(list(self.read())):
            for clause in reversed(clauses):
                if clause.kind == "check" and is_it(expression_of(clause)):
                    self._put(number, clause.at)
            if not words_of(self.items[number], "sqlite"):
                del self.items[number]

    def add(self, item: str) -> None:
        """Add a constraint of the table."""
        last = tokens(self.items[-1], "sqlite")
        space = ""
        if len(last) > 1 and last[-1].kind == "space" and last[-2].kind != "comment":
            space = last[-1].text
        self.items[-1] = self.items[-1].removesuffix(space)
        self.items.append(f"\n\t{item}{space}")

    def _put(self, number: int, at: slice, text: str = "") -> None:
        item = self.items[number]
        self.items[number] = item[: at.start] + text + item[at.stop :]


def expression_of(clause: Clause) -> str:
    """What is written between the brackets of a CHECK or of a generated column."""
    words = words_of(clause.text, "sqlite")
    brackets = [token for token in words if token.text in ("(", ")")]
    return clause.text[brackets[0].end : brackets[-1].start]
