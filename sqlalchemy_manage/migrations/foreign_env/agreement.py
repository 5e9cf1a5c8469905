"""Whether an env.py and the settings mean the same database, schema and table of versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ... import advice
from ...databases.engines import database_url, shown
from ...errors import MigrationError
from .same_database import same_database

if TYPE_CHECKING:
    from ...project import Project
    from .harvested import HarvestedEnv

_PATH = re.compile(r"\bsearch_path\b\W*?(?:=|\bTO\b|,)\s*[\"'`]?([\w$]+)", re.IGNORECASE)
_USE = re.compile(r"USE\s+[\"`]?([\w$]+)", re.IGNORECASE)
_USUAL = ("public", "$user", "default")


def require_agreement(project: Project, env: HarvestedEnv) -> None:
    """Raises MigrationError where ``env`` goes to another database than the settings.

    Or keeps another table of versions.
    """
    settings, url = project.settings, database_url(project.database, project.settings.root)
    if env.url is not None and not same_database(url, env.url, settings.root):
        raise MigrationError(
            f"{env.file} goes to another database than the settings. Nothing was run.\n"
            f"  env.py:   {shown(env.url)}\n"
            f"  settings: {shown(url)} (DATABASES[{project.alias!r}] of {settings.file})",
            "Have both name the same database. env.py is given that of the settings as "
            f"sqlalchemy.url. Or run env.py as it is: {advice.RUN_AS_IS}",
        )
    _require_schema(project, env)
    schema, table = env.version_table
    kept_schema, kept_table = (
        project.migrations.version_table_schema,
        (project.migrations.version_table),
    )
    if (schema, table) != (kept_schema, kept_table):
        lines = []
        if table != kept_table:
            lines.append(f'VERSION_TABLE = "{table}"')
        if schema != kept_schema:
            lines.append(f"VERSION_TABLE_SCHEMA = {_literal(schema)}")
        raise MigrationError(
            f"{env.file} keeps the versions in the table {_dotted(schema, table)}, and "
            f"the settings name {_dotted(kept_schema, kept_table)}. Nothing was run.",
            f"Write into {settings.file}:\n" + "\n".join(f"    {line}" for line in lines),
        )


def _literal(text: str | None) -> str:
    return "None" if text is None else f'"{text}"'


def _dotted(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def _require_schema(project: Project, env: HarvestedEnv) -> None:
    """Raises MigrationError where ``env`` has the revisions run in a schema of its own choice."""
    for statement, name in _schemas(env):
        if name in (*_USUAL, project.database.schema, database_url(project.database).database):
            continue
        raise MigrationError(
            f"{env.file} has the revisions run in the schema {name} ({statement}), and the "
            "settings name "
            + (f"{project.database.schema}." if project.database.schema else "none.")
            + " Nothing was run.",
            f'Name it in {project.settings.file}: DATABASES[{project.alias!r}]["SCHEMA"] = '
            f'"{name}". Or run env.py as it is: {advice.RUN_AS_IS}',
        )


def _schemas(env: HarvestedEnv) -> Iterator[tuple[str, str]]:
    """What chooses a schema, and which."""
    for statement in env.swallowed:
        for found in (_PATH.search(statement), _USE.match(statement)):
            if found is not None:
                yield statement, found[1]
    for name, other in env.translated.items():
        yield f"schema_translate_map of {name!r}", str(other)
