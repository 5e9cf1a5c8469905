"""What the revision files say about views, functions and triggers, without running them.

A migration written on one database is run on the others too; what they have before it
only the earlier files know. Read are the strings that ``upgrade`` uses, directly or
by the names of constants and functions of the file; the key or keyword under which a
string is named names its database: ``{"sqlite": ...}``, ``sqlite=...``.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ....sql.create_statements import (
    DATABASES,
    DEFAULT_SCHEMAS,
    KINDS,
    bare,
    clean,
    created,
    database_of,
    equal_names,
    identifier,
    names_in,
)
from ....sql.tokens import Token, words_of
from ...revisions.editing import assignments
from ...revisions.history import History

_CALL = re.compile(rf"(create|replace|drop)_({'|'.join(KINDS)})")


@dataclass
class ObjectVersion:
    """One object as the history leaves it."""

    kind: str
    schema: str | None
    name: str
    table_name: str | None
    # The last CREATE statement for each database that is known to have the object.
    statements: dict[str, str] = field(default_factory=dict)
    # op.create_... or op.replace_... had a part in it, not only handwritten statements.
    by_tool: bool = False
    # A statement for a database that the file's text does not name.
    uncertain: str | None = None

    def uses(self, names: set[str]) -> bool:
        """Whether a statement that made it uses one of ``names``, given in lower case."""
        statements = [*self.statements.items(), ("postgresql", self.uncertain or "")]
        return any(names & names_in(s, d) for d, s in statements)


class ObjectHistory:
    """The objects that the revisions of a history leave behind, as far as can be read."""

    def __init__(self, history: History) -> None:
        self.objects: list[ObjectVersion] = []
        for revision in history.revisions:
            source = revision.path.read_text(encoding="utf-8")
            if re.search(r"(?i)trigger|function|view|drop_table", source):
                _File(source, self).read()

    def find(
        self, kind: str, schema: str | None, name: str, table_name: str | None = None
    ) -> ObjectVersion | None:
        """The object; a trigger that is alone in having its name also on another table."""
        found = [
            past
            for past in self.objects
            if (past.kind, past.schema) == (kind, schema) and equal_names(past.name, name, "")
        ]
        exact = [p for p in found if equal_names(p.table_name or "", table_name or "", "")]
        return exact[0] if exact else found[0] if len(found) == 1 else None

    def create(self, statement: str, database: str | None, *, by_tool: bool, certain: bool) -> None:
        """Take in a CREATE statement; ``database`` None: it is run on all, if ``certain``.

        No statement for a function or a trigger is understood by all.
        """
        head = created(statement, database or "sqlite")
        if head is None:
            return
        schema = (head.table.schema if head.table else None) or head.name.schema
        schema = None if schema in DEFAULT_SCHEMAS.values() else schema
        table = head.table.text if head.table else None
        past = self.find(head.kind, schema, head.name.text, table)
        if past is None or not equal_names(past.table_name or "", table or "", ""):
            past = ObjectVersion(head.kind, schema, head.name.text, table)
            self.objects.append(past)
        past.by_tool |= by_tool
        if database is None and not (certain and head.kind == "view"):
            past.uncertain = statement
            past.statements.clear()
            return
        for key in DATABASES if database is None else (database,):
            past.statements[key] = bare(statement, key)

    def drop(
        self,
        kind: str,
        schema: str | None,
        name: str,
        table_name: str | None,
        databases: tuple[str | None, ...],
    ) -> None:
        """Take in that an object is dropped on ``databases``."""
        past = self.find(kind, schema, name, table_name)
        if past is None:
            return
        for database in databases:
            past.statements.pop(str(database), None)
        if not past.statements:
            self.objects.remove(past)

    def drop_table(self, schema: str | None, name: str) -> None:
        """Take in that a table is dropped, and its triggers with it."""
        self.objects = [p for p in self.objects if (p.schema, p.table_name) != (schema, name)]


class _File:
    """One revision file; its statements go to ``past`` in the order they are written in."""

    def __init__(self, source: str, past: ObjectHistory) -> None:
        self.past = past
        # A file that asks for the dialect may run a string on one database only.
        self.certain = not re.search(r"dialect|get_bind|get_context", source)
        tree = ast.parse(source)
        self.values = {name: node.value for name, node in assignments(tree)}
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.inside: list[str] = []

    def read(self) -> None:
        if "upgrade" in self.functions:
            for node in self.functions["upgrade"].body:
                self.visit(node, None)

    def visit(self, node: ast.AST, database: str | None, by_tool: bool = False) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.statement(node.value, database, by_tool)
        elif isinstance(node, ast.Name):
            self.follow(node.id, self.values.get(node.id), database, by_tool)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                self.visit(value, _database(key) or database, by_tool)
        elif isinstance(node, ast.If):
            self.visit(node.test, database)
            for inner in node.body:
                self.visit(inner, _tested(node.test) or database)
            for inner in node.orelse:
                self.visit(inner, database)
        elif isinstance(node, ast.Call):
            self.call(node, database, by_tool)
        else:
            for child in ast.iter_child_nodes(node):
                self.visit(child, database, by_tool)

    def follow(
        self, name: str, node: ast.AST | None, database: str | None, by_tool: bool = False
    ) -> None:
        if node is not None and name not in self.inside:
            self.inside.append(name)
            self.visit(node, database, by_tool)
            self.inside.pop()

    def call(self, node: ast.Call, database: str | None, by_tool: bool) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        made = _CALL.fullmatch(name)
        if made and made[1] == "drop":
            return self.drop(made[2], node)
        if name == "drop_table":
            given = _literals(node)
            if isinstance(given.get(0), str):
                return self.past.drop_table(given.get("schema"), given[0])
        if isinstance(node.func, ast.Name):
            for inner in getattr(self.functions.get(node.func.id), "body", ()):
                self.follow(f"{node.func.id}()", inner, database)
        for argument in node.args:
            self.visit(argument, database, by_tool or made is not None)
        for keyword in node.keywords:
            named = database_of(keyword.arg) if keyword.arg else None
            own = named if named in DATABASES else database
            self.visit(keyword.value, own, by_tool or made is not None)

    def drop(self, kind: str, node: ast.Call) -> None:
        given = _literals(node)
        table = given.get(1) if kind == "trigger" else None
        databases = tuple(given.get("databases", DATABASES))
        self.past.drop(kind, given.get("schema"), str(given.get(0)), table, databases)

    def statement(self, text: str, database: str | None, by_tool: bool) -> None:
        """Take in a string, or several statements in one where PostgreSQL allows them."""
        # An operation takes the indentation away, op.execute() leaves it in the database.
        text = clean(text) if by_tool else text.strip().rstrip(";")
        for part in _statements(text) if database == "postgresql" else (text,):
            words = words_of(part, database or "sqlite")
            verb = words[0].text.lower() if words else ""
            if verb == "create":
                self.past.create(part, database, by_tool=by_tool, certain=self.certain or by_tool)
            elif verb == "drop" and len(words) > 2 and words[1].text.lower() in KINDS:
                self.dropped(words, database)

    def dropped(self, words: tuple[Token, ...], database: str | None) -> None:
        """Take in a DROP statement."""
        names = [identifier(token, database or "sqlite") for token in words]
        kind, rest = names[1].lower(), names[4:] if names[2].lower() == "if" else names[2:]
        schema = rest[0] if rest[1:2] == ["."] else None
        named = rest[2 if schema else 0 :]
        if not named:
            return  # the beginning of a text that is put together, as of an f-string
        name = named[0]
        on = kind == "trigger" and "on" in map(str.lower, rest)
        databases = DATABASES if database is None and self.certain else (database,)
        if schema in DEFAULT_SCHEMAS.values():
            schema = None
        self.past.drop(kind, schema, name, rest[-1] if on else None, databases)


def _database(key: ast.expr | None) -> str | None:
    """The database that a dictionary key names."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        name = database_of(key.value)
        return name if name in DATABASES else None
    return None


def _tested(test: ast.expr) -> str | None:
    """The database of ``if ... == "sqlite":`` or ``if ... in ("mysql", "mariadb"):``."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq | ast.In):
        return None
    sides = [test.left, *test.comparators]
    named = {_database(node) for side in sides for node in (side, *getattr(side, "elts", ()))}
    named.discard(None)
    return named.pop() if len(named) == 1 else None


def _literals(node: ast.Call) -> dict[int | str, Any]:
    """The arguments of a call that are literals, by position and by name."""
    given: list[tuple[int | str | None, ast.expr]] = [*enumerate(node.args)]
    given += [(keyword.arg, keyword.value) for keyword in node.keywords]
    found: dict[int | str, Any] = {}
    for key, value in given:
        with contextlib.suppress(ValueError):
            if key is not None:
                found[key] = ast.literal_eval(value)
    return found


def _statements(text: str) -> Iterator[str]:
    """The statements of a PostgreSQL string, cut at each ``;`` that is in no body."""
    words = words_of(text, "postgresql")
    cuts = [token.start for token in words if token.text == ";"]
    if any(token.text.lower() == "atomic" for token in words):
        cuts = []
    start = 0
    for cut in (*cuts, len(text)):
        if text[start:cut].strip():
            yield text[start:cut].strip()
        start = cut + 1
