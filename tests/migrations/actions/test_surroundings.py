"""What a DBA made by hand and the models need: a replay finds it in its scratch database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

pytestmark = pytest.mark.server

BY_HAND = (
    "CREATE SCHEMA crm",
    'CREATE SCHEMA "made too"',
    "CREATE DOMAIN crm.grade AS integer DEFAULT 3 CONSTRAINT small CHECK (VALUE < 9)",
    "CREATE COLLATION plain (provider = libc, lc_collate = 'C', lc_ctype = 'C')",
)
MODELS = """
from sqlalchemy.dialects import postgresql as pg

table("a", key(), Column("name", String(20, collation="plain"){0}), UniqueConstraint("name"))
table("b", key(), Column("a_id", ForeignKey("a.id"{1})),
      Column("grade", pg.DOMAIN("grade", Integer, schema="crm", create_type=False)))
table("c", key(), Column("text", {2}), schema="crm")
"""


@pytest.fixture
def project(tmp_path: Path, new_database: Callable[..., str]) -> ProjectFolder:
    return ProjectFolder(tmp_path / "project", new_database("postgresql"))


def extension(project: ProjectFolder) -> str:
    """One with a type, if the server has any."""
    rows = project.query("SELECT name FROM pg_available_extensions")
    found = sorted({"citext", "hstore", "ltree"} & {name for (name,) in rows})
    return found[0] if found else ""


def test_what_only_the_real_database_has_is_no_reason_to_guess(project: ProjectFolder) -> None:
    project.execute(*BY_HAND)
    type_ = "Text"
    if name := extension(project):
        project.execute(f"CREATE EXTENSION {name} SCHEMA crm")
        type_ = f"pg.{name.upper()}"
        project.execute(f"ALTER DATABASE {project.engine.url.database} SET search_path=public,crm")
    project.begin(MODELS.format("", "", type_))
    before = project.schema()
    project.models(MODELS.format(", unique=True", ", ondelete='CASCADE'", type_))
    made = project.done("makemigrations", "--no-input")
    assert "guess" not in made.stderr and "left alone" not in made.stderr
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0
    keys = project.schema()["b"]["foreign_keys"]
    assert len(keys) == 1 and keys[0]["options"] == {"ondelete": "CASCADE"}
    assert "matches the revisions" in project.done("check", "--drift").stdout
    project.done("rollback")
    assert project.schema() == before


@pytest.mark.parametrize(
    "line",
    [
        'op.execute("CREATE SCHEMA crm")',
        'op.execute(sa.schema.CreateSchema("crm"))',
        'for kind in ["SCHEMA"]:\n    op.execute(f"CREATE {kind} crm")',
    ],
)
def test_what_a_revision_makes_itself_is_not_there_before(
    project: ProjectFolder, line: str
) -> None:
    project.write_history()
    table = 'op.create_table("t", sa.Column("id", sa.Integer), schema="crm")'
    project.step("0001_one", line, table)
    project.done("migrate")
    assert "matches the revisions" in project.manage("check", "--drift").stdout
