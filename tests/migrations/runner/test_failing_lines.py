"""A step that fails is told by its line of the revision, in a batch by that of the batch."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import ProjectFolder

TABLE = (
    'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), '
    'sa.Column("text", sa.String(20)), sa.Column("n", sa.Integer))'
)
STEPS = (
    'batch.add_column(sa.Column("n", sa.Integer))',
    'batch.drop_column("nowhere")',
    'batch.drop_constraint("nowhere", type_="unique")',
    'batch.drop_index("nowhere")',
    'batch.create_unique_constraint("uq", ["text"])',
    'batch.create_check_constraint("ck", "n > 0")',
    'batch.create_index("ix", ["text"], unique=True)',
    'batch.create_foreign_key("fk", "note", ["n"], ["id"])',
    'batch.alter_column("text", existing_type=sa.String(20), nullable=False)',
    'batch.alter_column("nowhere", new_column_name="x", existing_type=sa.Integer)',
)


@pytest.mark.parametrize("step", STEPS)
def test_the_line(tmp_path: Path, database_url: str, step: str) -> None:
    app = ProjectFolder(tmp_path / "project", database_url).write_history()
    app.step("0001_note", TABLE)
    app.done("migrate")
    app.execute("INSERT INTO note VALUES (1, 'x', -1), (2, 'x', 0), (3, NULL, 9)")
    batch = 'with op.batch_alter_table("note") as batch:'
    path = app.step("0002_fails", "pass", batch, f"    {step}", "pass")
    refused = app.manage("migrate")
    assert refused.code == 1, refused
    lines = path.read_text().splitlines()
    places = [lines.index(f"    {batch}") + 1, lines.index(f"        {step}") + 1]
    said = [f"({path}, line {line})" in refused.stderr for line in places]
    # SQLite checks its foreign keys at the end of the revision, and names the rows.
    assert any(said) or "leaves dangling foreign keys" in refused.stderr, refused
    assert "line 144" not in refused.stderr and "_alembic_tmp_" not in refused.stderr
