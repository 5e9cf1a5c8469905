"""More operations for a revision that is written but not applied: ``makemigrations --update``."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ...errors import HistoryError, MigrationError
from ...files import written_whole
from .describe import Change
from .editing import Source, append, function, lines_of, parsed, prepend, statements, unfolded
from .expected_loss import declared_in, with_losses
from .files import Draft
from .format import docstring, line_length, quoted, wrapped
from .history import History, Revision
from .imports import import_nodes, import_order, imports_of


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
            raise MigrationError(f"Cannot write {self.path}: {error.strerror}.") from error
        return self.path


def _read(path: Path) -> str:
    # As it is on the disk: the line ends of the file are kept.
    return path.read_bytes().decode("utf-8")


def amendable(history: History, current: tuple[str, ...]) -> Revision:
    """The newest revision, if a database that is at ``current`` has not applied it.

    Raises HistoryError when there is none, or several, when it is applied, or is a merge.
    """
    head = history.single_head()
    if head is None:
        raise HistoryError(
            "There is no revision yet that could be amended.",
            "manage.py makemigrations writes the first.",
        )
    revision = history.by_id[head]
    if head in history.ancestors(current):
        below = revision.down[0] if revision.down else "zero"
        raise HistoryError(
            f"{head}, the newest revision, is applied to this database already: the operations "
            "added to it would never run here. Nothing was changed.",
            "Write another revision: manage.py makemigrations\nOr, if nobody else has it, undo "
            f"it first: manage.py migrate {below}; then repeat the command.",
        )
    if len(revision.down) > 1:
        raise HistoryError(
            f"{head}, the newest revision, joins branches, and does nothing else.",
            "Write another revision: manage.py makemigrations",
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
    """The text of the revision file ``path`` with the operations of ``new_text`` besides.

    ``new_text`` is a finished revision that does ``found``. Its upgrade comes last, its
    downgrade first; a downgrade() that raises still does nothing else. All that is written
    manually is kept. Raises MigrationError if there is no place for the operations.
    """
    root = root or path.parent
    before = _read(path)
    old, new = Source(unfolded(before.replace("\r\n", "\n"))), Source(new_text)
    tree, new_tree = parsed(old.text), parsed(new_text)
    upgrade, downgrade = function(tree, "upgrade"), function(tree, "downgrade")
    if upgrade is None:
        raise MigrationError(
            f"{path.name} has no function upgrade() to which operations could be added.",
            "Write another revision: manage.py makemigrations",
        )
    append(old, upgrade, lines_of(new, function(new_tree, "upgrade")))
    # A revision without a downgrade(), or with one that raises, cannot be undone, and is meant so.
    if downgrade and not isinstance((statements(downgrade) or downgrade.body)[0], ast.Raise):
        prepend(old, downgrade, lines_of(new, function(new_tree, "downgrade")))
    _add_imports(old, tree, new_tree, path, root)
    _extend_docstring(old, tree, found, line_length(root))
    text = with_losses(old.edited(), declared_in(new_text))
    ast.parse(text)  # what was put in is whole, and so is the rest
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def _add_imports(
    source: Source, tree: ast.Module, new_tree: ast.Module, path: Path, root: Path
) -> None:
    """Note the imports that only the new text has, at the end of their section."""
    present = {i: node for node in import_nodes(tree) for i in imports_of(node)}
    wanted = {i for node in import_nodes(new_tree) for i in imports_of(node)} - set(present)
    for item in wanted:
        taken = next((i for i in present if i.binds == item.binds), None)
        if taken and not (taken.plain and item.plain):
            raise MigrationError(
                f"{path.name} cannot be amended: '{item.binds}' comes from '{taken}' there, and "
                f"the new operations need '{item}'.",
                "Write another revision: manage.py makemigrations",
            )
    documented = ast.get_docstring(tree, clean=False) is not None
    first = (import_nodes(tree) or tree.body[documented:])[0]
    ordered = sorted(wanted, key=lambda i: (import_order(i, root), str(i)))
    for section, items in groupby(ordered, key=lambda i: import_order(i, root)[0]):
        text = "".join(f"{item}\n" for item in items)
        above = {n: s for i, n in present.items() if (s := import_order(i, root)[0]) <= section}
        if above:
            gap = "" if section in above.values() else "\n"
            last = max(node.end_lineno or 0 for node in above)
            source.insert(source.line_start(last + 1), gap + text)
        else:
            source.insert(source.line_start(first.lineno), f"{text}\n")


def _extend_docstring(
    source: Source, tree: ast.Module, found: Sequence[Change], width: int
) -> None:
    """Note the new operations in the docstring, after those that are listed there already."""
    if not found:
        return
    text = ast.get_docstring(tree, clean=False)
    if text is None:
        new = quoted(docstring(None, found, width))
        source.insert(source.line_start(tree.body[0].lineno), f'"""{new}"""\n\n')
        return
    lines = text.rstrip().split("\n")
    added = [part for change in found for part in wrapped(str(change), width)]
    listed = [i for i, line in enumerate(lines) if line.startswith(("+ ", "- ", "~ "))]
    if listed:
        end = listed[-1] + 1
        while end < len(lines) and lines[end].startswith("    "):
            end += 1
        lines[end:end] = added
        lines[0] = re.sub(
            r"(?<=: )\d+(?= operations\.$)", lambda m: str(int(m[0]) + len(found)), lines[0]
        )
    else:
        lines += ["", *added]
    new = quoted("\n".join([*lines, ""]))
    source.replace(source.start(tree.body[0]), source.end(tree.body[0]), f'"""{new}"""')
