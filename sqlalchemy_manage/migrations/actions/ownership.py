"""What the history created, and so may drop.

The revisions are replayed into a scratch database, which is read back: renames, raw DDL
and names made by a naming convention count as they do in the real one. Where they cannot
be replayed, their source is read instead, and the answer is a guess.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...databases.engines import create_engine
from ...errors import ManageError
from ..autogenerate.owned import Owned
from ..revisions.history import History
from ..schema.catalog import Thing, read_catalog
from .scratch import holds_replay, replayed

if TYPE_CHECKING:
    from ...project import Project

_known: dict[Any, Owned] = {}


def owned(project: Project, history: History, connection: sa.Connection) -> Owned:
    """What ``history`` makes, for a comparison on ``connection``; remembered in this process.

    May be called while Alembic runs. Where ``connection`` is to a replayed history itself,
    that is read.
    """
    url = connection.engine.url
    key = (url, tuple((r.id, r.path, r.path.stat().st_mtime_ns) for r in history.revisions))
    if key not in _known:
        default = connection.dialect.default_schema_name
        if holds_replay(url):
            things, guess = frozenset(read_catalog(connection)), ""
        else:
            things, guess = _replay(project, history)
        _known[key] = Owned(things, default, guess)
    return _known[key]


def _replay(project: Project, history: History) -> tuple[frozenset[Thing], str]:
    try:
        with replayed(project, history) as scratch:
            engine = create_engine(scratch, None, poolclass=sa.NullPool)
            with engine.connect() as connection:
                return frozenset(read_catalog(connection)), scratch.note or ""
    except (ManageError, DBAPIError) as error:
        reason = error.message if isinstance(error, ManageError) else str(error.orig)
        return written_things(history), reason


_NAME = r'[`"\[]?(\w+)[`"\]]?'
_QUALIFIED = rf"(?:{_NAME}\.)?{_NAME}"
_RAW = {
    "table": rf"CREATE\s+(?:TEMP\w*\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_QUALIFIED}",
    "column": rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_QUALIFIED}\s+ADD\s+COLUMN\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}",
    "index": rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"{_NAME}\s+ON\s+(?:ONLY\s+)?{_QUALIFIED}",
    "constraint": rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_QUALIFIED}\s+ADD\s+CONSTRAINT\s+{_NAME}",
    "view": rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?VIEW\s+{_QUALIFIED}",
    "trigger": rf"CREATE\s+(?:OR\s+REPLACE\s+)?TRIGGER\s+{_NAME}\b.*?\bON\s+{_QUALIFIED}",
    "function": rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+{_QUALIFIED}",
}
_NO_COLUMN = re.compile(r"(constraint|primary|foreign|unique|check|key|index|exclude|like)$", re.I)
_CONSTRAINT_OPS = {
    "create_foreign_key",
    "create_unique_constraint",
    "create_check_constraint",
    "create_primary_key",
    "create_exclude_constraint",
}


def written_things(history: History) -> frozenset[Thing]:
    """The things that the upgrades of ``history`` seem to make, taken in order.

    The kinds of constraints are not distinguished: all are ``constraint``.
    """
    things: set[Thing] = set()
    for revision in history.revisions:
        reader = _Reader(things)
        reader.visit(ast.parse(revision.path.read_bytes(), str(revision.path)))
        things = reader.things
    return frozenset(things)


class _Reader(ast.NodeVisitor):
    """Carries out the operations of one revision file on a set of things."""

    def __init__(self, things: set[Thing]) -> None:
        self.things = set(things)
        self.constants: dict[str, str] = {}
        self.batches: dict[str, tuple[str | None, str]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if not node.name.startswith("downgrade"):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Name) and (text := self._text(node.value)):
            self.constants[node.targets[0].id] = text
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            call, target = item.context_expr, item.optional_vars
            if (
                isinstance(call, ast.Call)
                and ast.unparse(call.func).endswith("batch_alter_table")
                and isinstance(target, ast.Name)
                and (table := self._argument(call, 0, "table_name"))
            ):
                self.batches[target.id] = (self._argument(call, None, "schema"), table)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.things |= set(_raw(node.value))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)):
            return
        owner, verb = node.func.value.id, node.func.attr
        if owner in self.batches:
            self._operation(verb, node, *self.batches[owner], shift=1)
        elif owner == "op":
            position = 1 if verb in _CONSTRAINT_OPS | {"create_index", "drop_index"} else 0
            position = 1 if verb == "drop_constraint" else position
            table = self._argument(node, position, "table_name")
            table = table or self._argument(node, None, "source_table")
            self._operation(verb, node, self._argument(node, None, "schema"), table or "", shift=0)

    def _operation(
        self, verb: str, node: ast.Call, schema: str | None, table: str, *, shift: int
    ) -> None:
        """``shift``: how many places arguments after the table are to the left in a batch."""

        def text(position: int, name: str) -> str:
            return self._argument(node, position - shift, name) or ""

        if not table and verb != "rename_table":
            return
        if verb == "create_table":
            self.things.add(Thing("table", schema, "", table))
            for argument in node.args[1:]:
                self._part(argument, schema, table)
        elif verb == "add_column":
            for argument in [*node.args[1 - shift :], *(k.value for k in node.keywords)]:
                self._part(argument, schema, table)
        elif verb in _CONSTRAINT_OPS and (name := self._argument(node, 0, "constraint_name")):
            self.things.add(Thing("constraint", schema, table, name))
        elif verb == "create_index" and (name := self._argument(node, 0, "index_name")):
            self.things.add(Thing("index", schema, table, name))
        elif verb == "rename_table":
            to = self._argument(node, 1, "new_table_name") or None
            old = self._argument(node, 0, "old_table_name") or ""
            self._replace(schema, old, to)
        elif verb == "alter_column" and (new := self._argument(node, None, "new_column_name")):
            self._rename_column(schema, table, text(1, "column_name"), new)
        elif verb == "rename_column":
            self._rename_column(schema, table, text(1, "old_name"), text(2, "new_name"))
        elif verb == "drop_table":
            self._replace(schema, table, None)
        elif verb == "drop_column":
            self.things.discard(Thing("column", schema, table, text(1, "column_name")))
        elif verb == "drop_index":
            name = self._argument(node, 0, "index_name") or ""
            self.things.discard(Thing("index", schema, table, name))
        elif verb == "drop_constraint":
            name = self._argument(node, 0, "constraint_name") or ""
            self.things.discard(Thing("constraint", schema, table, name))

    def _part(self, node: ast.expr, schema: str | None, table: str) -> None:
        """A Column or a constraint inside create_table or add_column."""
        if not isinstance(node, ast.Call):
            return
        if ast.unparse(node.func).endswith("Column"):
            if column := self._argument(node, 0, "name"):
                self.things.add(Thing("column", schema, table, column))
                if any(k.arg == "index" for k in node.keywords):
                    self.things.add(Thing("index", schema, table, f"ix_{table}_{column}"))
            for argument in node.args[1:]:
                self._part(argument, schema, table)
        elif name := self._argument(node, None, "name"):
            kind = "index" if ast.unparse(node.func).endswith("Index") else "constraint"
            self.things.add(Thing(kind, schema, table, name))

    def _rename_column(self, schema: str | None, table: str, old: str, new: str) -> None:
        if Thing("column", schema, table, old) in self.things:
            self.things.discard(Thing("column", schema, table, old))
            self.things.add(Thing("column", schema, table, new))

    def _replace(self, schema: str | None, old: str, new: str | None) -> None:
        """Give a table and all that is in it another name, or (None) take it away."""
        for thing in list(self.things):
            if thing.schema == schema and (thing.table or thing.name) == old:
                self.things.discard(thing)
                if new and thing.table:
                    self.things.add(thing._replace(table=new))
                elif new:
                    self.things.add(thing._replace(name=new))

    def _argument(self, call: ast.Call, position: int | None, name: str) -> str | None:
        for keyword in call.keywords:
            if keyword.arg == name:
                return self._text(keyword.value)
        if position is not None and position < len(call.args):
            return self._text(call.args[position])
        return None

    def _text(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("op.f", "batch_op.f"):
            return self._text(node.args[0])
        return None


def _raw(sql: str) -> Iterator[Thing]:
    for kind, pattern in _RAW.items():
        for match in re.finditer(pattern, sql, re.IGNORECASE | re.DOTALL):
            groups = match.groups()
            if kind in ("table", "view", "function"):
                yield Thing(kind, groups[0], "", groups[1])
            elif kind in ("column", "constraint"):
                yield Thing(kind, groups[0], groups[1], groups[2])
            else:
                yield Thing(kind, groups[1], groups[2], groups[0])
            if kind == "table":
                for column in _columns(sql[match.end() :]):
                    yield Thing("column", groups[0], groups[1], column)


def _columns(text: str) -> Iterator[str]:
    """The names of the columns in the parentheses that ``text`` begins with."""
    depth = 0
    parts = [""]
    for character in text.lstrip():
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            break
        if character == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += character
    for part in parts:
        name = re.match(rf"[\s(]*{_NAME}", part)
        if name and not _NO_COLUMN.match(name[1]):
            yield name[1]
