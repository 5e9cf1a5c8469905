"""PostgreSQL: what hangs on a column whose type changes goes along, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path, new_database: Callable[..., str]) -> ProjectFolder:
    return ProjectFolder(tmp_path / "project", new_database("postgresql"))


def changed(project: ProjectFolder, models: str) -> None:
    project.models(models)
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0


ENUM = "Enum('open', 'it''s', 'done', name='state')".replace("''", "\\'")
LIMITS = """
table(
    "t", key(), Column("state", {0}{1}), Column("note", String(20)), Column("n", Integer),
    CheckConstraint("state <> 'done' OR n > 0", name="counted"),
    CheckConstraint("state IN ('open', 'done') OR note = 'open'", name="noted"),
    Index("ix_open", "n", postgresql_where=text("state = 'open' AND note LIKE 'o%'")),
    Index("uq_state", "state", unique=True, postgresql_where=text("state <> 'done'")),
)
"""


@pytest.mark.parametrize("text", ["String(9)", "Text"])
@pytest.mark.parametrize("default", ["", ", server_default='open'"])
def test_checks_and_partial_indexes_of_a_text_that_becomes_an_enum(
    project: ProjectFolder, text: str, default: str
) -> None:
    project.begin(LIMITS.format(text, default))
    project.execute("INSERT INTO t VALUES (1, 'open', 'o', 1), (2, 'done', 'x', 5)")
    rows = project.query("SELECT * FROM t ORDER BY id")
    indexes = project.query("SELECT indexname FROM pg_indexes ORDER BY 1")
    changed(project, LIMITS.format(ENUM, default))
    for command in ("rollback", "migrate"):
        for bad in ("(3, 'done', 'x', 0)", "(3, 'open', 'x', 1)", "(3, 'it''s', 'x', 1)"):
            with pytest.raises(sa.exc.IntegrityError):
                project.execute(f"INSERT INTO t VALUES {bad}")
        assert project.query("SELECT * FROM t ORDER BY id") == rows
        assert project.query("SELECT indexname FROM pg_indexes ORDER BY 1") == indexes
        project.done(command)


def test_the_sequence_of_a_serial_counts_as_far_as_its_column(project: ProjectFolder) -> None:
    project.begin('table("t", key(), Column("v", Integer))')
    changed(project, 'table("t", key(type_=BigInteger), Column("v", Integer))')
    project.execute("SELECT setval('t_id_seq', 2147483647)", "INSERT INTO t (v) VALUES (1)")
    assert project.query("SELECT id FROM t") == [(2147483648,)]
    project.execute("DELETE FROM t", "SELECT setval('t_id_seq', 7)")
    project.done("rollback")
    types = "SELECT data_type::text FROM pg_sequences WHERE sequencename = 't_id_seq'"
    assert project.query(types) == [("integer",)]
    project.execute("INSERT INTO t (v) VALUES (1)")
    assert project.query("SELECT id FROM t") == [(8,)]
    project.done("migrate")
    assert project.query(types) == [("bigint",)]


def test_an_index_without_a_lock_is_outside_of_the_transaction(project: ProjectFolder) -> None:
    index = "Index('ix_{0}', 'v', postgresql_concurrently=True)"
    project.begin("table('t', key(), Column('v', Integer))")
    models = f"table('t', key(), Column('v', Integer), {index.format('t')})\n"
    changed(project, f"{models}table('u', key(), Column('v', Integer), {index.format('u')})")
    text = project.newest()
    assert text.count("with op.get_context().autocommit_block():") == 2  # up and down, for t
    assert text.index("create_table") < text.index("autocommit_block")
    for command in ("rollback", "migrate"):
        project.done(command)
    assert project.manage("makemigrations", "--check").code == 0
    changed(project, "table('t', key(), Column('v', Integer))\ntable('u', key())")
    project.done("rollback")


OLD = """
table("t", key(), Column("state", Enum("a", "b", name="state"), index=True),
      CheckConstraint("state <> 'a' OR id > 0", name="limited"))
table("gone", key(), Column("state", Enum("a", "b", name="state"), server_default="a"))
table("child", key(), Column("gone_id", ForeignKey("gone.id")))
"""
NEW = """
table("t", key())
table("u", key(), Column("state", Enum("x", "y", name="state"), server_default="x"))
table("child", key(), Column("gone_id", Integer))
"""


def test_another_enum_takes_the_name_of_one_that_goes(project: ProjectFolder) -> None:
    project.begin(OLD)
    project.execute("INSERT INTO t VALUES (1, 'b')", "INSERT INTO gone VALUES (1, 'b')")
    before = project.schema()
    project.models(NEW)
    project.done("makemigrations", "--allow-drop", "t.state", "--allow-drop", "gone")
    for command in ("migrate", "rollback", "migrate"):
        project.done(command)
        if command == "rollback":
            assert project.schema() == before
    project.execute("INSERT INTO u (id) VALUES (1)")
    assert project.query("SELECT state FROM u") == [("x",)]
    assert project.manage("makemigrations", "--check").code == 0
