"""Python source edited in place: by the positions of its syntax tree, so that the rest stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ... import advice
from ...errors import MigrationError

HEADER = ("revision", "down_revision", "branch_labels", "depends_on")
"""The assignments that place a revision in its history."""


class EditableText:
    """A text to which edits are noted by position, and made all at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._edits: list[tuple[int, int, str]] = []
        # Not splitlines(): for Python a form feed or U+2028 ends no line.
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Where ``node`` begins; for a decorated function, its ``def``."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Where ``node`` ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def line_start(self, number: int) -> int:
        """Where a line begins; numbers count from 1, one more than there are is the end."""
        return min(self._starts[number - 1], len(self.text))

    def line(self, number: int) -> str:
        """A line, without its end."""
        return self._lines[number - 1]

    def _offset(self, number: int, column: int) -> int:
        # The tree counts a column in bytes.
        before = self._lines[number - 1].encode()[:column].decode()
        return self._starts[number - 1] + len(before)

    def insert(self, at: int, text: str) -> None:
        """Note an insertion; of two at one place, the first comes first."""
        self.replace(at, at, text)

    def replace(self, start: int, end: int, text: str) -> None:
        """Note a replacement; it must not overlap another."""
        self._edits.append((start, end, text))

    def edited(self) -> str:
        """The text with all edits made."""
        pieces, at = [], 0
        for start, end, text in sorted(self._edits, key=lambda edit: edit[:2]):
            pieces += [self.text[at:start], text]
            at = end
        return "".join([*pieces, self.text[at:]])


def parsed(text: str) -> ast.Module:
    """The syntax tree of a rendered revision; raises MigrationError that names a faulty line."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        lines = text.split("\n")
        line = lines[min(error.lineno or 1, len(lines)) - 1].strip()
        raise unwritable(line, error.msg) from error


def unwritable(line: str, reason: str) -> MigrationError:
    """The error for a rendered line that would not run."""
    return MigrationError(
        f"The revision cannot be written: Alembic renders a line that does not run "
        f"({reason}):\n  {line}",
        "Types and defaults are written by their repr(). Give the class of the one in this "
        "line a __repr__ that recreates it, Name(arguments), or write the revision yourself: "
        f"{advice.WRITE_BY_HAND}",
    )


def function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """The function of that name at the top level of a file."""
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def assignments(tree: ast.Module) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """The assignments at the top level of a file, each with the name that it gives a value."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield target.id, node
