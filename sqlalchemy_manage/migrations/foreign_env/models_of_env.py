"""The models that an env.py names; Alembic is imported only for one of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .detection import foreign_env

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from ...project import Project


def metadatas_of_env(project: Project) -> list[MetaData]:
    """The target_metadata of another tool's env.py, if the project has one.

    Raises MigrationError as ``harvested_env`` does.
    """
    if foreign_env(project.migrations.folder) is None:
        return []
    from .harvest import harvested_metadatas

    return harvested_metadatas(project)
