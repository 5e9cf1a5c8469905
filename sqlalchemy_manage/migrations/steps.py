"""What a revision does, read from its source: in words, and which objects it touches.

Nothing is run: a helper function of the file is followed, a loop is read once, and what
is put together while running is known only by the words that occur in it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.operations import BatchOperations, Operations

from . import environment as environment  # with which the tool's own operations are registered
from .history import Revision
from .opcalls import OperationCall, Part, Source, Thing, table_of
from .words import Change

_SQL_METHODS = ("execute", "exec_driver_sql", "scalar", "scalars", "bulk_insert")
_WITH_A_BODY = ("function", "trigger", "view")
_SYMBOLS = {"create": "+", "add": "+", "drop": "-"}


@dataclass(frozen=True)
class Step:
    """One operation: the things it makes, changes or removes, and those it depends on.

    ``text`` is SQL, or Python, that may mention more.
    """

    change: Change
    changes: frozenset[Thing] = frozenset()
    uses: frozenset[Thing] = frozenset()
    text: str = ""

    def clashes(self, other: Step) -> set[Thing]:
        """What one of the two changes and the other changes or depends on."""
        found = set(self.changes & (other.changes | other.uses)) | (other.changes & self.uses)
        found |= {thing for thing in other.changes if _mentions(self.text, thing)}
        found |= {thing for thing in self.changes if _mentions(other.text, thing)}
        return found


def described(thing: Thing) -> str:
    """``column employee.name``, ``index ix_employee_name``."""
    return f"{thing[0]} {'.'.join(thing[1:])}"


def steps_of(revision: Revision) -> list[Step]:
    """The operations of the upgrade, in order; if none is found, the file's own docstring."""
    tree = ast.parse(revision.path.read_bytes(), str(revision.path))
    reader = _Reader(tree)
    reader.follow("upgrade")
    if not reader.steps and revision.doc:
        return [Step(Change("~", revision.doc, "", ""))]
    return reader.steps


def _mentions(text: str, thing: Thing) -> bool:
    if not text:
        return False
    words = {word.lower() for word in re.findall(r"\w+", text)}
    return all(word in words for name in thing[1:] for word in name.lower().split("."))


class _Reader(ast.NodeVisitor):
    """Collects the steps of the functions that it is told to follow."""

    def __init__(self, tree: ast.Module) -> None:
        self.steps: list[Step] = []
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.constants = dict(_constants(tree))
        self.batches: dict[str, str] = {}

    def follow(self, name: str) -> None:
        """Read a function of the file, once."""
        if function := self.functions.pop(name, None):
            self.generic_visit(function)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            call, target = item.context_expr, item.optional_vars
            if (
                isinstance(call, ast.Call)
                and isinstance(target, ast.Name)
                and ast.unparse(call.func).endswith("batch_alter_table")
            ):
                values = self._arguments("batch_alter_table", call, Operations)
                self.batches[target.id] = table_of(values)
        for statement in node.body:
            self.visit(statement)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self.generic_visit(node)
            self.follow(node.func.id)
            return
        owner, _, verb = ast.unparse(node.func).rpartition(".")
        if verb in _SQL_METHODS:
            self.steps.append(self._sql(verb, node))
        elif owner in self.batches:
            self._operation(verb, node, self.batches[owner])
        elif owner == "op" and "_" in verb and not verb.startswith("get_"):
            self._operation(verb, node, None)
        else:
            self.generic_visit(node)

    def _sql(self, verb: str, node: ast.Call) -> Step:
        text = self._text(node.args[0]) if node.args else None
        if text is None:
            # Put together while running: from anything that is written in the file.
            text = " ".join([ast.unparse(node), *self.constants.values()])
            return Step(Change("~", f"run SQL: {verb}(...)", "", ""), text=text)
        shown = textwrap.shorten(text, 60, placeholder=" ...")
        return Step(Change("~", f"run SQL: {shown}", "", ""), text=text)

    def _operation(self, verb: str, node: ast.Call, batch: str | None) -> None:
        owner: Any = Operations if batch is None else BatchOperations
        values = self._arguments(verb, node, owner)
        call = OperationCall(verb, table_of(values) if batch is None else batch, values)
        found = set(call.changes())
        changes = frozenset(thing for thing in found if all(thing[1:]))
        text = ""
        if call.kind in _WITH_A_BODY:
            text = ast.unparse(node)
        elif found != changes:
            # A name is put together while running.
            text = " ".join([ast.unparse(node), *self.constants.values()])
        change = Change(_SYMBOLS.get(verb.partition("_")[0], "~"), call.words(), "", call.table)
        self.steps.append(Step(change, changes, frozenset(call.uses()), text))

    def _arguments(self, verb: str, node: ast.Call, owner: Any) -> dict[str, Any]:
        """The call's arguments by the names of the operation's parameters."""
        method = getattr(owner, verb, None)
        names = list(inspect.signature(method).parameters)[1:] if method else []
        # What has no name (most of *columns, all of an unknown operation) has a number.
        values = {
            (names[i] if i < len(names) else str(i)): self._value(argument)
            for i, argument in enumerate(node.args)
        }
        return values | {k.arg: self._value(k.value) for k in node.keywords if k.arg}

    def _value(self, node: ast.expr) -> Any:
        """A literal, a list of names, a column's name with its references, or the source."""
        if (text := self._text(node)) is not None:
            return text
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(item) for item in node.elts]
        if isinstance(node, ast.Call) and node.args:
            kind = ast.unparse(node.func).rpartition(".")[2]
            if kind in ("Column", "ForeignKey", "ForeignKeyConstraint"):
                return Part(kind, [self._value(argument) for argument in node.args])
        return Source(ast.unparse(node))

    def _text(self, node: ast.expr) -> str | None:
        """The string that an expression stands for, if that is plain to see."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".f", "text")):
            return self._text(node.args[0]) if node.args else None
        return None


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The strings that the file gives to variables; those inside other values by a number."""
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("revision", "down_revision", "branch_labels", "depends_on"):
                continue
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                yield name, node.value.value
            else:
                for inner in ast.walk(node.value):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        yield f"{number}.{id(inner)}", inner.value
