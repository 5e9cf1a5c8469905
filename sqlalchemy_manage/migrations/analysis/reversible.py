"""Whether a revision can be undone, as far as its source shows; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ... import advice
from ...errors import MigrationError
from ..revisions.history import Revision
from .operations import written_steps


def why_not_undone(revision: Revision) -> str | None:
    """Why a downgrade of ``revision`` does not undo it; None if it seems to.

    It is missing, or raises, or does nothing though the upgrade does something, or runs
    no SQL though the upgrade does.
    """
    if (refused := refuses(revision)) is not None:
        return refused
    up = written_steps(revision.path, "upgrade")
    if does_nothing(revision):
        return "downgrade() does nothing"
    sql = [step.change.words for step in up if step.call is None]
    if sql and not any(s.call is None for s in written_steps(revision.path, "downgrade")):
        left = "" if len(sql) == 1 else f", and {len(sql) - 1} more"
        return f"downgrade() does not reverse: {sql[0].removeprefix('run ')}{left}"
    return None


def does_nothing(revision: Revision) -> bool:
    """Whether the downgrade is empty, though the upgrade is not."""
    function = _function(revision, "downgrade")
    return (
        function is not None
        and _is_empty(function)
        and bool(written_steps(revision.path, "upgrade"))
    )


def refuses(revision: Revision) -> str | None:
    """Why a downgrade cannot be run at all: there is none, or it raises; None otherwise."""
    function = _function(revision, "downgrade")
    if function is None:
        text = revision.path.read_text(encoding="utf-8")
        # It may be imported, or made by an assignment.
        return None if re.search(r"\bdowngrade\b", text) else "it has no downgrade()"
    for node in function.body:
        if isinstance(node, ast.Raise):
            raised = ast.unparse(node.exc) if node.exc else "an error"
            return f"downgrade() raises {raised}"
    return None


def require_downgrades(revisions: Iterable[Revision]) -> None:
    """Raises MigrationError if one of ``revisions`` cannot be undone at all."""
    for revision in revisions:
        reason = refuses(revision)
        if reason is not None:
            raise MigrationError(
                f"{revision.id} cannot be undone: {reason}. Nothing was run.",
                f"Write its downgrade() in {revision.path}, or restore a backup from before it.",
            )


def require_undone(revisions: Iterable[Revision]) -> None:
    """Raises MigrationError if one of ``revisions`` cannot be applied again after its downgrade.

    That is so where the downgrade does nothing and the upgrade makes or drops something: it
    would find that done already.
    """
    for revision in revisions:
        steps = written_steps(revision.path, "upgrade") if does_nothing(revision) else []
        made = [step.change for step in steps if step.change.symbol in ("+", "-")]
        if made:
            below = revision.down[0] if revision.down else "zero"
            raise MigrationError(
                f"{revision.id} cannot be applied again: its downgrade() does nothing, so that "
                f"its upgrade() would find it done already: {made[0].words}. Nothing was run.",
                f"Write its downgrade() in {revision.path}; or undo it by hand, record that, and "
                f"apply it again: {advice.RECORD_UNDONE(below=below)}\n"
                f"Then: {advice.APPLY_UNDONE}",
            )


def _function(revision: Revision, name: str) -> ast.FunctionDef | None:
    tree = ast.parse(revision.path.read_bytes(), str(revision.path))
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def _is_empty(function: ast.FunctionDef) -> bool:
    return all(
        isinstance(node, ast.Pass | ast.Return)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )
