"""What the parts of a run share about its connection."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..revisions.expected_loss import Expected


@dataclass
class RunState:
    """Set by the one that learns it, and read by the others.

    ``writes``: a transaction takes SQLite's write lock as it begins; the run says so.
    ``writer``: the connection for which that is so; None for each of the engine.
    ``committed``: a part of the revision is committed; the journal knows.
    ``half_done``: whether that includes a statement that wrote; None where no journal is kept.
    ``recording``: the statement under way is the journal's own, maybe within the revision's.
    ``lost``: why the database ended the transaction by itself; the engine's events know.
    ``lent``: the transaction was open before the run, and is not the run's to end.
    ``of_branch``: the files are those of a branch that is left, and not in the project.
    ``expected``: what the revision may lose, None for anything; the guard of losses knows.
    ``dropped``: kind and name of what SQLite's operations dropped of tables made again.
    """

    writes: bool = False
    writer: Connection | None = None
    committed: bool = False
    half_done: bool | None = None
    recording: bool = False
    lost: str | None = None
    lent: bool = False
    of_branch: bool = False
    expected: Expected | None = None
    dropped: set[tuple[str, str]] = field(default_factory=set)
