"""Python source edited in place: by the positions of its syntax tree, so that the rest stays."""

from __future__ import annotations

import ast

from ...errors import MigrationError


class Source:
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

    @property
    def last_line(self) -> int:
        """The number of the last line."""
        return len(self._lines)

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
        "manage.py makemigrations --empty",
    )


def function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """The function of that name at the top level of a file."""
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def statements(node: ast.FunctionDef) -> list[ast.stmt]:
    """The body of a function without its docstring."""
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def unfolded(text: str) -> str:
    """``text`` with the body of each function on lines of its own, and a line end at its end."""
    source = Source(text)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            start = source.start(node.body[0])
            before = source.text[:start].rstrip(" \t")
            if not before.endswith("\n"):
                source.replace(len(before), start, "\n    ")
    edited = source.edited()
    return edited if edited.endswith("\n") else edited + "\n"


def lines_of(source: Source, node: ast.FunctionDef | None) -> list[str]:
    """The body of a function in lines, not indented, with its comments; none for ``pass``."""
    if node is None or _does_nothing(node):
        return []
    first = statements(node)[0]
    inside = _inside_strings(node)
    return [
        source.line(number) if number in inside else source.line(number)[first.col_offset :]
        for number in range(_with_comments(source, node, first), (node.end_lineno or 0) + 1)
    ]


def append(source: Source, node: ast.FunctionDef, lines: list[str]) -> None:
    """Note ``lines``, not indented, as the last of the function; before a closing ``return``."""
    if _fill(source, node, lines):
        return
    last = statements(node)[-1]
    if isinstance(last, ast.Return):
        number = _with_comments(source, node, last)
    else:
        number = (last.end_lineno or 0) + 1
        for later in range(number, source.last_line + 1):
            line = source.line(later)
            if line.strip():
                if not (line.startswith((" ", "\t")) and line.lstrip().startswith("#")):
                    break
                number = later + 1  # a comment that closes the function
    source.insert(source.line_start(number), indented(lines, _indent(source, node)))


def prepend(source: Source, node: ast.FunctionDef, lines: list[str]) -> None:
    """Note ``lines``, not indented, as the first of the function, after its docstring."""
    if not _fill(source, node, lines):
        number = _with_comments(source, node, statements(node)[0])
        source.insert(source.line_start(number), indented(lines, _indent(source, node)))


def indented(lines: list[str], indent: str) -> str:
    """``lines`` as a text, each indented, except for the later lines of a string."""
    inside = _inside_strings(ast.parse("\n".join(lines)))
    return "".join(
        f"{line}\n" if number in inside or not line else f"{indent}{line}\n"
        for number, line in enumerate(lines, start=1)
    )


def _fill(source: Source, node: ast.FunctionDef, lines: list[str]) -> bool:
    """Note ``lines`` in place of ``pass``; returns False for a body that does something."""
    if not _does_nothing(node):
        return not lines
    found, indent = statements(node), _indent(source, node)
    text = indented(lines, indent).rstrip("\n")
    if not found:
        source.insert(source.end(node.body[-1]), f"\n{text}" if lines else "")
    elif lines:
        source.replace(source.start(found[0]), source.end(found[-1]), text.removeprefix(indent))
    return True


def _does_nothing(node: ast.FunctionDef) -> bool:
    return all(ast.unparse(statement) in ("pass", "...") for statement in statements(node))


def _indent(source: Source, node: ast.FunctionDef) -> str:
    line = source.line(node.body[0].lineno)
    return line[: len(line) - len(line.lstrip())]


def _with_comments(source: Source, node: ast.FunctionDef, statement: ast.stmt) -> int:
    """The line where a statement begins, with the comments right above it."""
    above = [s.end_lineno or 0 for s in node.body if s.lineno < statement.lineno]
    number: int = min(
        [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]
    )
    while number - 1 > max([node.lineno, *above]):
        if not source.line(number - 1).lstrip().startswith("#"):
            break
        number -= 1
    return number


def _inside_strings(tree: ast.AST) -> set[int]:
    """The numbers of the lines that begin inside a string."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
        for number in range(node.lineno + 1, (node.end_lineno or 0) + 1)
    }
