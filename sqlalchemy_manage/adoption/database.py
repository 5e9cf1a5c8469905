"""Where a project's database stands, looked at without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..databases.engines import shown
from ..errors import DatabaseMissing, ManageError
from ..migrations.revisions.history import current_heads

if TYPE_CHECKING:
    from ..migrations.revisions.history import History
    from ..project import Project
    from .survey import Survey


def look_at(project: Project, history: History | None, survey: Survey) -> None:
    """Add to the survey the URL, and which revision the database is at."""
    facts = survey.facts
    origin = survey.draft.source.origin
    try:
        facts["database"] = f"{shown(project.engine.url)} ({origin})"
        with project.connect() as connection:
            heads = current_heads(connection)
            names = sa.inspect(connection).get_table_names()
    except DatabaseMissing:
        facts["stands at"] = "there is no such database yet"
        return
    except ManageError as error:
        facts["stands at"] = "cannot be told"
        survey.problems.append(error.message)
        return
    except Exception as error:  # a dialect or a driver that is not installed
        facts["stands at"] = "cannot be told"
        survey.problems.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        return
    finally:
        project.close()
    survey.stored = frozenset(names)
    if heads:
        facts["stands at"] = ", ".join(heads)
        if history is not None:
            if set(heads) == set(history.heads):
                facts["stands at"] += " (head)"
            if unknown := [head for head in heads if head not in history.by_id]:
                survey.problems.append(
                    f"The database is at {', '.join(unknown)}, and no revision has that id."
                )
    else:
        facts["stands at"] = "no revision" + (", with tables" if names else ", it is empty")
