"""A revision whose downgrade would not run is not written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import render
from support.project import ProjectFolder

pytestmark = pytest.mark.server


def test_a_downgrade_that_would_not_run_is_not_written(
    tmp_path: Path,
    backend: str,
    new_database: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database(backend))
    project.begin("table('t', key(), Column('a', String(5)))")
    project.models("table('t', key())")
    before = project.revisions
    with monkeypatch.context() as wrong:
        column = render._render_column
        wrong.setattr(
            render, "_render_column", lambda *a: column(*a).replace("String(length=5)", "NoType()")
        )
        failed = project.manage("makemigrations", "--allow-drop", "t.a")
    assert failed.code == 1 and project.revisions == before
    assert "its downgrade would not run" in failed.stderr
    assert "has no attribute 'NoType'" in failed.stderr
    project.done("makemigrations", "--allow-drop", "t.a")


def test_what_no_empty_database_can_run_is_written_untried(
    tmp_path: Path, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("sqlite")).write_history()
    table = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), {})'
    project.step(
        "0001_one",
        'assert "memory" not in str(op.get_bind().engine.url), "rows are needed"',
        table.format('sa.Column("a", sa.Text)'),
    )
    project.done("migrate")
    project.models("table('t', key(), Column('a', Text, nullable=False))")
    project.done("makemigrations", "--no-input")
    assert len(project.revisions) == 2
