"""A new revision's downgrade, tried before there is a file of it."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ... import advice
from ...errors import ManageError, MigrationError
from ..revisions.files import Draft
from ..revisions.history import History, read_history, revision_in
from .scratch import replayed, undo_newest
from .scratch_fence import LeavesScratch

if TYPE_CHECKING:
    from ...project import Project


def require_downgrade(project: Project, history: History, draft: Draft) -> None:
    """Raises MigrationError where ``draft`` can be applied to its history, and not be undone.

    What only adds is undone by drops, and not tried. Nor is there an answer where the
    history or the upgrade needs what an empty database lacks.
    """
    new = revision_in(draft.text, draft.path)
    if new is None or len(new.down) > 1 or all(c.symbol == "+" for c in draft.changes):
        return
    with tempfile.TemporaryDirectory() as folder, suppress(_Unknown):
        (Path(folder) / draft.path.name).write_text(draft.text, encoding="utf-8")
        folders = dict.fromkeys(revision.path.parent for revision in history.revisions)
        joined = read_history(*folders, Path(folder), strict=history.strict, meant=history.meant)
        _try(project, joined, new.down[0] if new.down else f"{new.id}@base")


class _Unknown(Exception):
    """It cannot be found out."""


def _try(project: Project, history: History, below: str) -> None:
    undoing = False
    try:
        with replayed(project, history, same_kind=True) as scratch:
            undoing = True
            undo_newest(project, history, scratch, below)
    except LeavesScratch as error:
        raise _Unknown from error
    except ManageError as error:
        if not undoing or not isinstance(error, MigrationError):
            raise _Unknown from error
        raise MigrationError(
            "The revision cannot be written: its downgrade would not run.\n" + error.message,
            "Is a type or a default of the models in this line? Give its class a __repr__ that "
            f"recreates it; or write the revision yourself: {advice.WRITE_BY_HAND}",
        ) from error
