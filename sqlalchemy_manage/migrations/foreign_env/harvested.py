"""What an env.py passes to Alembic, and which of it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from sqlalchemy.engine import URL

OVERRIDDEN = (
    "connection",
    "url",
    "dialect_name",
    "transactional_ddl",
    "transaction_per_migration",
    "output_buffer",
    "starting_rev",
    "tag",
    "fn",
    "as_sql",
    "dont_mutate",
    "literal_binds",
    "dialect_opts",
)
"""The arguments of Alembic's ``configure`` that are ours to give."""

_WORTH_SAYING = ("connection", "transactional_ddl", "transaction_per_migration")


@dataclass(frozen=True)
class HarvestedEnv:
    """What ``file`` gave to ``configure``, as ``given``, and to ``run_migrations``.

    ``url``: of the database that it connected to, or would; None where it named none.
    ``swallowed``: the statements that it sent by itself, which were not carried out, nor will be.
    ``translated``: the schemas that its connection takes for others.
    ``config``: the Config that it saw; its functions may look at it again.
    ``locations``: where it says the revisions are, if it does.
    ``others``: of the databases that it runs the revisions on as well.
    """

    file: Path
    given: Mapping[str, Any]
    url: URL | None
    config: Config
    run_arguments: Mapping[str, Any] = field(default_factory=dict)
    swallowed: tuple[str, ...] = ()
    translated: Mapping[str | None, str | None] = field(default_factory=dict)
    printed: str = ""
    locations: tuple[str, ...] = ()
    others: tuple[URL, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of ``configure`` that are honoured."""
        return {name: value for name, value in self.given.items() if name not in OVERRIDDEN}

    @property
    def overridden(self) -> tuple[str, ...]:
        """The names of those that are not, and that say how a revision runs."""
        ours = {"transaction_per_migration": True}
        return tuple(
            name for name in _WORTH_SAYING if self.given.get(name, ours.get(name)) != ours.get(name)
        )

    @property
    def metadatas(self) -> list[sa.MetaData]:
        """Its target_metadata."""
        found = self.given.get("target_metadata")
        if found is None:
            return []
        return [found] if isinstance(found, sa.MetaData) else list(found)

    @property
    def version_table(self) -> tuple[str | None, str]:
        """The schema, None for the default one, and the name of the table of versions."""
        schema = self.given.get("version_table_schema") or None
        return schema, self.given.get("version_table") or "alembic_version"
