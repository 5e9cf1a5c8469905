"""A revision laid out for people, where no formatter is installed."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise

from .editing import EditableText, parsed

_INDENT = 4


def laid_out(text: str, width: int) -> str:
    """``text`` as a formatter would leave it: quotes, blank lines, and long calls.

    A call that is longer than ``width`` has one argument a line, and so have the tables.
    """
    return _spaced(_double_quoted(_edited(text, width, only_tables=False)))


def tables_laid_out(text: str) -> str:
    """``text`` with one column a line in each ``op.create_table``, and a comma after the last.

    The comma makes a formatter keep it so, however few columns there are: one that is
    added manually is then a line added in the diff.
    """
    return _edited(text, len(text), only_tables=True)


def _edited(text: str, width: int, *, only_tables: bool) -> str:
    source, tree = EditableText(text), parsed(text)
    readable = io.StringIO(text).readline
    comments = {
        t.start[0] for t in tokenize.generate_tokens(readable) if t.type == tokenize.COMMENT
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        if only_tables and not _is_table(node.value):
            continue
        # A comment inside belongs to the line that it is on.
        if comments.isdisjoint(range(node.lineno, (node.end_lineno or 0) + 1)):
            new = _laid_out(source, node.value, node.col_offset, node.col_offset, width)
            source.replace(source.start(node), source.end(node), new)
    return source.edited()


def _double_quoted(text: str) -> str:
    """Each plain ``'string'`` in double quotes, as ruff and black write it."""
    source = EditableText(text)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and re.fullmatch(r"'[^'\"\\\n]*'", token.string):
            start = source.line_start(token.start[0]) + token.start[1]
            source.replace(start, start + len(token.string), f'"{token.string[1:-1]}"')
    return source.edited()


def _spaced(text: str) -> str:
    """Two blank lines before a function, one after the docstring, one or more after the imports,
    none at the end."""
    source, tree = EditableText(text), parsed(text)
    for before, node in pairwise(tree.body):
        start, end = source.end(before), source.start(node)
        between = text[start:end]
        if isinstance(node, ast.FunctionDef):
            wanted = "\n\n\n"
        elif isinstance(before, _IMPORTS) and not isinstance(node, _IMPORTS):
            wanted = max(between, "\n\n", key=len)
        elif before is tree.body[0] and ast.get_docstring(tree) is not None:
            wanted = "\n\n"
        else:
            continue
        if not between.strip():  # a comment keeps its place
            source.replace(start, end, wanted)
    return source.edited().rstrip("\n") + "\n"


_IMPORTS = (ast.Import, ast.ImportFrom)


def _is_table(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "op.create_table"


def _laid_out(source: EditableText, node: ast.expr, indent: int, start: int, width: int) -> str:
    """``node`` on a line that is indented by ``indent``, from its column ``start`` on."""
    flat = _flat(source, node)
    arguments = list(_arguments(node))
    if not arguments or (
        "\n" not in flat
        and start + len(flat) <= width
        and not (_is_table(node) and len(arguments) > 1)
    ):
        return flat
    assert isinstance(node, ast.Call)
    inner = indent + _INDENT
    lines = [
        f"{' ' * inner}{name}{_laid_out(source, value, inner, inner + len(name) + 1, width)},\n"
        for name, value in arguments
    ]
    return f"{_text(source, node.func)}(\n{''.join(lines)}{' ' * indent})"


def _arguments(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call, each with what is written before it; none of anything else."""
    if isinstance(node, ast.Call):
        yield from (("", argument) for argument in node.args)
        yield from ((f"{k.arg}=" if k.arg else "**", k.value) for k in node.keywords)


def _flat(source: EditableText, node: ast.expr) -> str:
    """A call on one line, if no string in it has several; anything else as it is written."""
    if not isinstance(node, ast.Call):
        return _text(source, node)
    parts = (f"{name}{_flat(source, value)}" for name, value in _arguments(node))
    return f"{_text(source, node.func)}({', '.join(parts)})"


def _text(source: EditableText, node: ast.expr) -> str:
    return source.text[source.start(node) : source.end(node)]
