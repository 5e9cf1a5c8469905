"""What is found of a project, put together: a table, what will not hold, and settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .draft import SettingsDraft


@dataclass
class Survey:
    """``facts``: what was found, by name. ``problems``: what will not hold, and why.

    ``kind``: ``alembic`` for a project with revisions, ``models`` for one without, ``nothing``
    for a folder with neither. ``tables``: how many the models have. ``stands``: whether the
    database has tables already. ``failed``: a problem that makes commands fail until it is solved.
    """

    folder: Path
    kind: str
    draft: SettingsDraft
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    has_tables: bool = False
    at_head: bool = False
