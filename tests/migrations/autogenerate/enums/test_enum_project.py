"""An Enum in a project's models, by the commands that people type."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import execute
from support.programs import ROOT
from support.project import ProjectFolder

MODELS = """
from sqlalchemy import Boolean, Enum, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20))
"""
KIND = """
    kind: Mapped[str] = mapped_column(
        Enum({values}, name="note_kind", create_constraint=True), server_default="{default}"
    )
"""


class EnumProject(ProjectFolder):
    """A project with an Enum in its models."""

    def declare(self, *values: str, default: str = "short", extra: str = "") -> None:
        """Let the Enum have these values."""
        kind = KIND.format(values=", ".join(map(repr, values)), default=default)
        self.file.write_text(MODELS + kind + extra)

    def made(self, *args: object) -> str:
        """The text of the revision that makemigrations writes."""
        result = self.manage("makemigrations", *args)
        assert result.code == 0, result
        return (self.folder / result.stdout.strip()).read_text()

    def is_equal(self) -> bool:
        result = self.manage("makemigrations", "--check")
        assert result.code == 0, result
        return True


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> EnumProject:
    project = EnumProject(tmp_path / "project", database_url)
    project.declare("short", "long")
    assert "op.create_enum" in project.made()
    project.done("migrate")
    return project


def kinds(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT kind FROM note ORDER BY id").scalars())


def test_an_added_value_arrives_and_goes_and_comes(project: EnumProject, engine: sa.Engine) -> None:
    execute(engine, "INSERT INTO note (id, text) VALUES (1, 'x')")
    project.declare("tiny", "short", "long")
    text = project.made("--no-input")
    assert re.search(r'revision = "0002_\w*note_kind\w*"', text), text
    assert "alter values of note.kind: add tiny" in text.lower()
    project.done("migrate")
    assert project.is_equal()
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (2, 'x', 'tiny')")
    refused = project.manage("migrate", "0001")
    assert refused.code == 1
    assert "1 row holds 'tiny' in note.kind" in refused.stderr
    assert kinds(engine) == ["short", "tiny"]
    execute(engine, "UPDATE note SET kind = 'long' WHERE id = 2")
    project.done("migrate", "0001")
    with pytest.raises(sa.exc.DBAPIError):
        execute(engine, "UPDATE note SET kind = 'tiny'")
    project.done("migrate")
    assert project.is_equal()
    assert kinds(engine) == ["short", "long"]
    project.done("migrate", "zero")
    project.done("migrate")
    assert project.is_equal()


def test_a_renamed_value_is_a_question_whose_flags_answer_it(
    project: EnumProject, engine: sa.Engine
) -> None:
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (1, 'x', 'long'), (2, 'x', 'short')")
    project.declare("short", "lengthy")
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3, asked
    assert "no value 'long' any more, and 1 row holds it" in asked.stderr
    assert len(project.revisions) == 1
    (flag,) = re.findall(r"--rename-value note\.kind:long=lengthy", asked.stderr)
    project.made("--no-input", *shlex.split(flag))
    project.done("migrate")
    assert project.is_equal()
    assert kinds(engine) == ["lengthy", "short"]
    project.done("migrate", "0001")
    assert kinds(engine) == ["long", "short"]
    project.done("migrate")


def test_a_new_default_and_a_filled_column_of_a_new_value(
    project: EnumProject, engine: sa.Engine
) -> None:
    """PostgreSQL lets no value be used in the transaction that adds it."""
    execute(engine, "INSERT INTO note (id, text) VALUES (1, 'x')")
    other = """
    other: Mapped[str] = mapped_column(
        Enum("short", "long", "new", name="note_kind", create_constraint=True)
    )
"""
    project.declare("short", "long", "new", default="new", extra=other)
    text = project.made("--no-input", "--default", 'note.other="new"')
    assert "postgresql_rewrite=True" in text
    project.done("migrate")
    assert project.is_equal()
    execute(engine, "INSERT INTO note (id, text, other) VALUES (2, 'x', 'long')")
    assert kinds(engine) == ["short", "new"]
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT other FROM note ORDER BY id").scalars().all()
    assert found == ["new", "long"]
    execute(engine, "UPDATE note SET kind = 'short'")
    project.done("migrate", "0001")
    project.done("migrate")
    assert project.is_equal()


def test_a_column_and_a_table_renamed_with_their_values(
    project: EnumProject, engine: sa.Engine
) -> None:
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (1, 'x', 'long')")
    project.declare("short", "lengthy", "more")
    models = project.file.read_text()
    project.file.write_text(models.replace("    kind:", "    sort:").replace('"note"', '"memo"'))
    flags = ("--rename-table", "note=memo", "--rename", "memo.kind=sort")
    asked = project.manage("makemigrations", "--no-input", *flags)
    assert asked.code == 3, asked
    assert "memo.sort: the models have no value 'long' any more, and 1 row" in asked.stderr
    project.made("--no-input", *flags, "--rename-value", "memo.sort:long=lengthy")
    project.done("migrate")
    assert project.is_equal()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT sort FROM memo").scalar() == "lengthy"
    project.done("migrate", "0001")
    assert kinds(engine) == ["long"]
    project.done("migrate")


def test_plain_alembic_finds_the_same(project: EnumProject) -> None:
    (project.folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    project.declare("short", "long", "new")
    result = project.alembic("revision", "--autogenerate")
    assert result.code == 0, result
    (text,) = (path.read_text() for path in project.versions.glob("0002_*.py"))
    assert "op.alter_enum(" in text
    assert project.alembic("upgrade", "head").code == 0
    assert project.is_equal()


def test_the_sql_of_a_revision(project: EnumProject, backend: str) -> None:
    project.declare("short", "long", "new")
    project.made()
    shown = project.manage("sqlmigrate", "0002")
    assert shown.code == 0, shown
    assert "'new'" in shown.stdout
