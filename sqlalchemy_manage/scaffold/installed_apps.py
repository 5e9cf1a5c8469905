"""INSTALLED_APPS of a settings file: one more app, where the text leaves no doubt."""

from __future__ import annotations

import ast


def with_app(text: str, app: str) -> str | None:
    """``text`` with ``app`` as the last of INSTALLED_APPS, all else as it is.

    None unless that is one list of strings, assigned once at the top of the file, and named
    nowhere else in it.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    named = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "INSTALLED_APPS"]
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _target(node) in named
    ]
    if len(named) != 1 or len(values) != 1 or not isinstance(values[0], ast.List):
        return None
    items = values[0].elts
    if not all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in items):
        return None
    new = f'"{app}"'
    if not items:
        return _inserted(text, values[0].lineno, values[0].col_offset + 1, new)
    last = items[-1]
    assert last.end_lineno is not None and last.end_col_offset is not None
    if values[0].lineno == values[0].end_lineno:
        new = f", {new}"
    elif last.lineno == items[0].lineno and len(items) > 1:
        return None  # several in one of several lines
    else:
        line = text.split("\n")[last.lineno - 1]
        new = f",\n{line[: len(line) - len(line.lstrip())]}{new}"
    return _inserted(text, last.end_lineno, last.end_col_offset, new)


def _target(node: ast.Assign | ast.AnnAssign) -> ast.expr | None:
    if isinstance(node, ast.AnnAssign):
        return node.target
    return node.targets[0] if len(node.targets) == 1 else None


def _inserted(text: str, number: int, column: int, new: str) -> str:
    lines = text.split("\n")
    line = lines[number - 1].encode()  # the tree counts a column in bytes
    lines[number - 1] = (line[:column] + new.encode() + line[column:]).decode()
    return "\n".join(lines)
