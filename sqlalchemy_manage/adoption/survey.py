"""What is found of a project, put together: a table, what will not hold, and settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .draft import SettingsDraft


@dataclass
class Survey:
    """``facts``: what was found, by name. ``problems``: what will not hold, and why.

    ``kind``: ``alembic`` for a project with revisions, ``models`` for one without, ``nothing``
    for a folder with neither. ``tables``: those of the models; ``stored``: those of the
    database, None where it was not looked at.
    """

    folder: Path
    kind: str
    draft: SettingsDraft
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    tables: tuple[str, ...] = ()
    stored: frozenset[str] | None = None

    @property
    def has_tables(self) -> bool:
        """Whether the database has some already."""
        return bool(self.stored)

    def without_places(self) -> Survey:
        """The same, with paths as they are seen from the folder; settings may be moved."""
        for texts in (self.facts, self.draft.notes):
            for name, text in texts.items():
                # A URL has its path whole.
                texts[name] = re.sub(rf"(?<![/\w]){re.escape(str(self.folder))}/", "", text)
        return self
