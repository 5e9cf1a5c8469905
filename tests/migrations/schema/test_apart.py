"""PostgreSQL: partitions, and tables of other schemas that the search_path shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

pytestmark = pytest.mark.server

MODELS = """
Table("event", metadata, Column("id", Integer, primary_key=True),
      Column("day", Date, primary_key=True), postgresql_partition_by="RANGE (day)")
table("shared", key(), Column("note", Text){0})
"""


def test_they_are_no_news_and_no_drift(tmp_path: Path, new_database: Callable[..., str]) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("postgresql"))
    name = project.engine.url.database
    project.execute(
        "CREATE SCHEMA tenant",
        "CREATE TABLE shared (id serial PRIMARY KEY, note text)",
        "CREATE TABLE other (id integer)",
        f"ALTER DATABASE {name} SET search_path = tenant, public",
    )
    project.begin(MODELS.format(""))
    assert project.query("SELECT to_regclass('public.shared'), to_regclass('tenant.event')") == [
        ("shared", "event")
    ]
    project.execute(
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE TABLE child (id2 integer) INHERITS (other)",
    )
    quiet = project.manage("makemigrations", "--check")
    assert (quiet.code, quiet.stderr) == (0, "No changes detected.\n")
    assert "matches the revisions" in project.done("check", "--drift").stdout
    # What has a model is followed wherever it stands.
    project.models(MODELS.format(", Column('more', Text)"))
    made = project.done("makemigrations", "--no-input")
    assert "Note" not in made.stderr
    project.done("migrate")
    assert project.query("SELECT more FROM public.shared") == []
