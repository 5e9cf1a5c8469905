"""The guard that makes the tables which the first revision expects.

Some histories do not begin with nothing: the application made its first tables by itself, and
Alembic came later. NEW_DATABASE names their MetaData; a database without them gets them in the
transaction of the first revision, a scratch database too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runner.create_all import create_all
from ..runner.revision_runner import Guard, RevisionStep

if TYPE_CHECKING:
    from ..runner.run import Run


class FirstTablesGuard(Guard):
    """What exists already is left as it is."""

    what = "what creates the first tables"

    def __init__(self, run: Run) -> None:
        self.run = run

    def begin(self, step: RevisionStep) -> None:
        revision = self.run.history.by_id.get(step.name)
        if step.verb == "upgrade" and revision is not None and not revision.parents:
            create_all(self.run.project.first_metadatas, step.connection)
