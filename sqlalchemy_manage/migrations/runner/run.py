"""What a run is to do and may do: made by a command, or by env.py from its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...database_settings import Database
from ...project import Project
from ..questions import Answers
from ..revisions.files import RevisionRequest
from ..revisions.history import History
from .state import RunState


@dataclass(frozen=True)
class Allowed:
    """What a run may do. ``permitted``: a protected database's name was given already."""

    data_loss: bool = False
    without_backup: bool = False
    permitted: bool = False


NOTHING = Allowed()


Event = tuple[str, str, float]
"""What happened, to which revision, after how many seconds: start, done, failed, busy,
deadlock.
A ``note`` is a sentence to be shown.

Of a ``wait`` for another run: who it is, as far as known, and how long it may last.
"""


@dataclass
class Run:
    """What a manage.py command hands to ``env.py`` in ``config.attributes["run"]``.

    ``borrowed``: the connection is the caller's, who works on with it.
    ``recorded``: whether the ledger is kept, and compared with the files. ``creates``: what is
    stamped is a new database, whose tables are made from the models first. ``applied`` and
    ``history`` are filled in by Alembic's run.
    """

    project: Project
    database: Database
    on_event: Callable[[Event], None] = lambda event: None
    request: RevisionRequest | None = None
    read_only: bool = False
    rows_visible: bool = True
    answers: Answers = field(default_factory=Answers)
    allowed: Allowed = field(default_factory=Allowed)
    applied: int = 0
    folder: Path | None = None
    recorded: bool = True
    creates: bool = False
    borrowed: bool = False
    prove: bool = True
    allow_loss: tuple[str, ...] = ()
    history: History = field(default_factory=lambda: History(()))
    state: RunState = field(default_factory=RunState)
