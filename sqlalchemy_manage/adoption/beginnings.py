"""Whether a history makes its tables, or begins with tables that something else has made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..migrations.revisions.history import Revision

_FIRST = (
    "add_column",
    "drop_column",
    "alter_column",
    "batch_alter_table",
    "drop_table",
    "rename_table",
)
_SECOND = (
    "create_index",
    "create_unique_constraint",
    "create_check_constraint",
    "create_foreign_key",
    "drop_constraint",
)
_REFLECTED = ("autoload", "autoload_with")
_COMPUTED = re.compile(
    r"create_all|__table__|(?i:table\w*)\.create\(|open\(|read_text|create_table\(\s*f?[^\s\"']"
)
_MAKES = ("create_all", "create")


class Assumed(NamedTuple):
    """The first revision that changes a table, and the table, which none has made."""

    revision: str
    table: str


def assumed_table(revisions: Iterable[Revision]) -> Assumed | None:
    """The first change of a table that no revision has made before.

    By the texts of the upgrades, parents first. None if there is none, or where it cannot be
    told: tables are made or renamed in SQL, by ``create_all``, or by a name that is computed.
    """
    made: set[str] = set()
    for revision in revisions:
        for name, call in _calls(revision.source):
            if name in _MAKES or (name == "execute" and _may_make(call)):
                return None
            if name == "create_table":
                if (table := _constant(call, 0, "table_name")) is None:
                    return None
                made.add(table)
                continue
            table = _table(name, call)
            if table is not None and table not in made:
                return Assumed(revision.id, table)
            if name == "rename_table":
                if table is None or (new := _constant(call, 1, "new_table_name")) is None:
                    return None
                made.add(new)
    return None


def unmade_table(
    revisions: Iterable[Revision], tables: Iterable[str], stored: frozenset[str] | None
) -> str | None:
    """A table of the models that no revision writes of; None where there is none, or where it
    cannot be told, as tables are made of models or of other files.

    ``stored``: the tables of a database of the project, if it is known; one that it lacks too
    is a change that no revision was written for yet.
    """
    texts = [revision.source for revision in revisions]
    if any(_COMPUTED.search(text) for text in texts):
        return None
    return next(
        (
            table
            for table in sorted(tables)
            if (not stored or table in stored)
            and not any(re.search(rf"\b{re.escape(table)}\b", text) for text in texts)
        ),
        None,
    )


def _may_make(call: ast.Call) -> bool:
    """Whether a statement makes or renames a table, as far as its text tells."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant | ast.JoinedStr | ast.Call):
        return "TABLE" in ast.unparse(first).upper()
    return True


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of ``upgrade``, in order; those under a condition make tables, and need none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    upgrade = functions.get("upgrade")
    if upgrade is None:
        return
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in reversed(upgrade.body)]
    seen = {"upgrade"}
    while waiting:
        node, guarded = waiting.pop()
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = name or getattr(function, "id", "")
            if not guarded or name in ("create_table", "rename_table", *_MAKES, "execute"):
                yield name, node
            if name in functions and name not in seen:
                seen.add(name)
                waiting += [(each, guarded) for each in reversed(functions[name].body)]
        inside = guarded or isinstance(node, ast.If | ast.Try | ast.For | ast.While)
        waiting += [(each, inside) for each in reversed([*ast.iter_child_nodes(node)])]


def _table(name: str, call: ast.Call) -> str | None:
    if name in _FIRST:
        return _constant(call, 0, "table_name")
    if name == "Table" and any(word.arg in _REFLECTED for word in call.keywords):
        return _text(call.args[0]) if call.args else None
    if name in _SECOND:
        return _constant(call, 1, "table_name", "source_table")
    return None


def _constant(call: ast.Call, position: int, *names: str) -> str | None:
    """A plain string among the arguments; None for anything else, as inside a batch."""
    given = [word.value for word in call.keywords if word.arg in names]
    given += call.args[position : position + 1]
    value = given[0] if given else None
    function = call.func
    owner = function.value if isinstance(function, ast.Attribute) else None
    if isinstance(owner, ast.Name) and owner.id != "op":
        return None
    return _text(value)


def _text(value: ast.expr | None) -> str | None:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
