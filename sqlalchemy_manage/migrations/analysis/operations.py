"""What a revision does, read from its source: in words, and which objects it touches.

Nothing is run: a helper function of the file is followed, a loop is read once, and what
is put together while running is known only by the words that occur in it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.operations import BatchOperations, Operations

from ..operations.registry import register
from ..revisions.describe import Change
from ..revisions.history import Revision
from .calls import OperationCall, SourceCode, TablePart, Thing, table_of

_SQL_METHODS = ("execute", "exec_driver_sql", "scalar", "scalars", "bulk_insert")
_WITH_A_BODY = ("function", "trigger", "view")
_DML = {
    "insert": "INSERT INTO",
    "bulk_insert": "INSERT INTO",
    "update": "UPDATE",
    "delete": "DELETE FROM",
}
_SYMBOLS = {"create": "+", "add": "+", "drop": "-"}


@dataclass(frozen=True)
class OperationStep:
    """One operation: the things it makes, changes or removes, and those it depends on.

    ``text`` is SQL, or Python, that may mention more. ``call`` is the operation as it is
    written; None for SQL, of which ``sql`` are the statements that it may be. ``composed``: it
    is put together while running.
    """

    change: Change
    changes: frozenset[Thing] = frozenset()
    uses: frozenset[Thing] = frozenset()
    text: str = ""
    call: OperationCall | None = field(default=None, compare=False)
    sql: tuple[str, ...] = ()
    composed: bool = False

    def clashes(self, other: OperationStep) -> set[Thing]:
        """What one of the two changes and the other changes or depends on."""
        found = set(self.changes & (other.changes | other.uses)) | (other.changes & self.uses)
        found |= {thing for thing in other.changes if mentions(self.text, thing)}
        found |= {thing for thing in self.changes if mentions(other.text, thing)}
        return found


def described(thing: Thing) -> str:
    """``column employee.name``, ``index ix_employee_name``."""
    return f"{thing[0]} {'.'.join(thing[1:])}"


def steps_of(revision: Revision) -> list[OperationStep]:
    """The operations of the upgrade, in order; if none is found, the file's own docstring."""
    steps = written_steps(revision.path, "upgrade")
    if not steps and revision.doc:
        return [OperationStep(Change("~", revision.doc, "", ""))]
    return steps


def written_steps(path: Path, function: str, dialect: str = "") -> list[OperationStep]:
    """The operations of ``upgrade`` or ``downgrade``, in order, as far as they can be read.

    Of SQL that the file holds in a dictionary, one for each ``dialect``, that one counts.
    """
    reader = _OperationReader(ast.parse(path.read_bytes(), str(path)), dialect)
    reader.follow(function)
    return reader.steps


def mentions(text: str, thing: Thing) -> bool:
    """Whether the names of a thing all occur in a text, as words."""
    if not text:
        return False
    words = {word.lower() for word in re.findall(r"\w+", text)}
    return all(word in words for name in thing[1:] for word in name.lower().split("."))


class _OperationReader(ast.NodeVisitor):
    """Collects the steps of the functions that it is given to follow."""

    def __init__(self, tree: ast.Module, dialect: str = "") -> None:
        register()  # our own operations are looked up beside Alembic's
        self.dialect = dialect
        self.steps: list[OperationStep] = []
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.constants = dict(_constants(tree))
        self.batches: dict[str, str] = {}
        self.values = _values([n for n in tree.body if not isinstance(n, ast.FunctionDef)])
        self.local: dict[str, list[ast.expr]] = {}

    def follow(self, name: str) -> None:
        """Read a function of the file, once."""
        if function := self.functions.pop(name, None):
            outer, self.local = self.local, _values([function])
            self.generic_visit(function)
            self.local = outer

    def _held(self, name: str) -> list[ast.expr]:
        """What is given to a name, in the function or else in the module."""
        return self.local.get(name) or self.values.get(name, [])

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

    def _sql(self, verb: str, node: ast.Call) -> OperationStep:
        text = self._text(node.args[0]) if node.args else None
        if text is None:
            # Put together while running: from anything that is written in the file.
            text = " ".join([ast.unparse(node), *self.constants.values()])
            change = Change("~", f"run SQL: {verb}(...)", "", "")
            sql = tuple(self._statements(node, set(), root=True))
            return OperationStep(change, text=text, sql=sql, composed=True)
        shown = textwrap.shorten(text, 60, placeholder=" ...")
        return OperationStep(Change("~", f"run SQL: {shown}", "", ""), text=text, sql=(text,))

    def _statements(self, node: ast.AST, seen: set[str], root: bool = False) -> Iterator[str]:
        """The strings in ``node`` and in what its names stand for; DML of Core as SQL.

        Not those of another statement, which only gives values: it is a step of its own.
        """
        if isinstance(node, ast.Subscript) and (chosen := self._chosen(node)) is not None:
            yield from self._statements(chosen, seen)
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            for value in self._held(node.id):
                yield from self._statements(value, seen)
        elif isinstance(node, ast.Call):
            verb = ast.unparse(node.func).rpartition(".")[2]
            if verb in _SQL_METHODS and not root:
                return
            if verb in _DML:
                for name in self._tables(node, set()):
                    yield f"{_DML[verb]} {name}"
        for child in ast.iter_child_nodes(node):
            yield from self._statements(child, seen)

    def _chosen(self, node: ast.Subscript) -> ast.expr | None:
        """What a dictionary of the file holds for the dialect; None if it is not one."""
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        for value in self._held(name):
            if isinstance(value, ast.Dict):
                for key, held in zip(value.keys, value.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == self.dialect:
                        return held
        return None

    def _tables(self, node: ast.AST, seen: set[str]) -> Iterator[str]:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id not in seen:
                seen.add(inner.id)
                for value in self._held(inner.id):
                    yield from self._tables(value, seen)
            elif isinstance(inner, ast.Call) and inner.args:
                kind = ast.unparse(inner.func).rpartition(".")[2]
                if kind in ("table", "Table", "create_table") and (
                    name := self._text(inner.args[0])
                ):
                    yield name

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
        self.steps.append(OperationStep(change, changes, frozenset(call.uses()), text, call))

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
            if kind in ("Column", "ForeignKey", "Index") or kind.endswith("Constraint"):
                keywords = {k.arg: self._value(k.value) for k in node.keywords if k.arg}
                return TablePart(kind, [self._value(argument) for argument in node.args], keywords)
        return SourceCode(ast.unparse(node))

    def _text(self, node: ast.expr) -> str | None:
        """The string that an expression gives, if it is obvious."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            (".f", "text", "literal_column")
        ):
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


def _values(body: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What is given to each name, by an assignment or by a loop."""
    found: dict[str, list[ast.expr]] = {}
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        else:
            continue
        for target, value in pairs:
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(value)
    return found
