"""More operations for a revision that is written but not applied: ``makemigrations --update``."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import advice
from ...errors import HistoryError, MigrationError
from ...files import written_whole
from .branches import head_on
from .describe import Change
from .editing import EditableText, function, parsed
from .expected_loss import declared_in, with_losses
from .files import Draft, unwritten
from .format import EMPTY, SEVERAL, docstring, finish, quoted, wrapped
from .formatters import line_length
from .history import History, Revision


@dataclass(frozen=True)
class Amendment(Draft):
    """A revision in the folder with its text-to-be; ``before`` is the text that it has now."""

    before: str

    def write(self) -> Path:
        """Put the new text into the place of the old, whole or not at all; returns the path.

        Raises HistoryError if the file has changed in between, MigrationError when it
        cannot be written.
        """
        try:
            with written_whole(self.path, replace=True, newline="") as file:
                file.write(self.text)
                if _read(self.path) != self.before:
                    raise HistoryError(
                        f"{self.path} has changed in the meantime; it was left as it is.",
                        "Repeat the command.",
                    )
        except OSError as error:
            raise unwritten(self.path, error) from error
        return self.path


def _read(path: Path) -> str:
    # As it is on the disk: the line ends of the file are kept.
    return path.read_bytes().decode("utf-8")


def amendable(history: History, current: tuple[str, ...], branch: str | None = None) -> Revision:
    """The newest revision, if a database that is at ``current`` has not applied it.

    ``branch``: its label or its head, where there are several by design.
    Raises HistoryError when there is none, or several, when it is applied, or is a merge.
    """
    head = head_on(history, branch)
    if head is None:
        raise HistoryError(
            "There is no revision yet to amend.",
            f"{advice.WRITE_FIRST} writes the first.",
        )
    revision = history.by_id[head]
    if head in history.ancestors(current):
        below = revision.down[0] if revision.down else "zero"
        raise HistoryError(
            f"{head}, the newest revision, is already applied to this database: the operations "
            "added to it would never run here. Nothing was changed.",
            f"Write another revision: {advice.WRITE_ANOTHER}\nOr, if nobody else has it, undo it "
            f"first: {advice.UNDO_TO_AMEND(below=below)}; then repeat the command.",
        )
    if len(revision.down) > 1:
        raise HistoryError(
            f"{head}, the newest revision, merges branches and does nothing else.",
            f"Write another revision: {advice.WRITE_ANOTHER}",
        )
    return revision


def amend(revision: Revision, draft: Draft, root: Path) -> Amendment:
    """``revision`` with the operations of ``draft``, a revision that would come after it.

    Its id stays: somebody may have seen it already. Raises MigrationError as ``amended``.
    """
    before = _read(revision.path)
    text = amended(revision.path, draft.text, draft.changes, root)
    return Amendment(revision.path, text, draft.changes, before)


def amended(
    path: Path, new_text: str, found: Sequence[Change] = (), root: Path | None = None
) -> str:
    """The text of the revision file ``path`` with the operations of ``new_text`` added.

    ``new_text`` is a finished revision that does ``found``. Its upgrade comes last, its
    downgrade first. Raises MigrationError for a file that was edited manually.
    """
    root = root or path.parent
    before = _read(path)
    text = before.replace("\r\n", "\n").rstrip("\n") + "\n"
    tree, source = parsed(text), EditableText(text)
    _require_as_written(path, tree, source)
    for name in ("upgrade", "downgrade"):
        start, end = _span(source, tree, name)
        bodies = [_body(text, name), _body(new_text, name)]
        joined = "".join(bodies if name == "upgrade" else reversed(bodies))
        source.replace(start, end, joined or "    pass\n")
    _extend_docstring(source, tree, found, line_length(root))
    text = finish(with_losses(source.edited(), declared_in(new_text)), root)
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def _require_as_written(path: Path, tree: ast.Module, source: EditableText) -> None:
    """Raises MigrationError where a file is more than operations in two functions."""
    functions = [function(tree, name) for name in ("upgrade", "downgrade")]
    inside = [node for f in functions if f for node in f.body]
    outside = [node for node in tree.body if node not in functions]
    odd = [node for node in outside if not isinstance(node, _HEADER)]
    odd += [f for f in functions if f and ast.unparse(f.args)]
    odd += [node for node in inside if node.col_offset != 4 or not _is_operation(node)]
    if odd or None in functions:
        line = f" (line {odd[0].lineno}: {source.line(odd[0].lineno).strip()})" if odd else ""
        raise MigrationError(
            f"{path.name} was edited manually{line}; operations are only added to a revision as "
            "makemigrations writes it.",
            f"Write another revision: {advice.WRITE_ANOTHER}",
        )


_HEADER = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)


def _is_operation(node: ast.stmt) -> bool:
    if isinstance(node, ast.With):
        return all(map(_is_operation, node.body))
    call = node.value if isinstance(node, ast.Expr) else None
    is_call = isinstance(call, ast.Call) and ast.unparse(call.func).startswith(("op.", "batch_op."))
    return is_call or isinstance(node, ast.Pass)


def _span(source: EditableText, tree: ast.Module, name: str) -> tuple[int, int]:
    """Where the body of a function begins, with the comments at its top, and where it ends."""
    node = function(tree, name)
    assert node is not None and node.end_lineno is not None
    return source.line_start(node.lineno + 1), source.line_start(node.end_lineno + 1)


def _body(text: str, name: str) -> str:
    """The lines of a function; none if it does nothing."""
    tree = parsed(text)
    node = function(tree, name)
    if node is None or all(isinstance(statement, ast.Pass) for statement in node.body):
        return ""
    start, end = _span(EditableText(text), tree, name)
    return text[start:end]


# What the sentence about one operation begins with.
_SYMBOLS = {"Add": "+", "Create": "+", "Drop": "-", "Remove": "-", "Rename": "~", "Change": "~"}
_SYMBOLS |= dict.fromkeys(("Alter", "Comment", "Fill", "Make", "Move", "Set"), "~")


def _extend_docstring(
    source: EditableText, tree: ast.Module, found: Sequence[Change], width: int
) -> None:
    """Note the new operations in the docstring, after those that are listed there already.

    What said of itself only the one operation that it had becomes the first of the list.
    """
    text = ast.get_docstring(tree, clean=False)
    if text is None or not found:
        return
    lines = text.rstrip().split("\n")
    sentence = " ".join(text.split())
    symbol = _SYMBOLS.get(sentence.partition(" ")[0])
    if "" not in lines and symbol is not None and sentence.endswith("."):
        lines = [f"{SEVERAL}: 1 operations.", ""]
        lines += wrapped(f"{symbol} {sentence[:1].lower()}{sentence[1:-1]}", width)
    elif sentence == EMPTY:
        lines, found = docstring(None, found, width).rstrip().split("\n"), ()
    lines[0] = re.sub(
        r"(?<=: )\d+(?= operations\.$)", lambda m: str(int(m[0]) + len(found)), lines[0]
    )
    if found and not any(line.startswith(("+ ", "- ", "~ ")) for line in lines):
        lines.append("")
    lines += [part for change in found for part in wrapped(str(change), width)]
    new = quoted("\n".join([*lines, ""]))
    source.replace(source.start(tree.body[0]), source.end(tree.body[0]), f'"""{new}"""')
