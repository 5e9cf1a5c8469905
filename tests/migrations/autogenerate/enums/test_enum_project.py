"""An Enum in a project's models, by the commands that people type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, Result, run

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


class Project:
    """The bare project with an Enum in its models."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def models(self, *values: str, default: str = "short", extra: str = "") -> None:
        text = MODELS
        if values:
            text += KIND.format(values=", ".join(map(repr, values)), default=default)
        (self.folder / "notes" / "models.py").write_text(text + extra)

    def manage(self, *args: object) -> Result:
        return run(self.folder, "manage.py", *args, url=self.url)

    def made(self, *args: object) -> str:
        """The text of the revision that makemigrations writes."""
        result = self.manage("makemigrations", *args)
        assert result.code == 0, result
        return (self.folder / result.stdout.strip()).read_text()

    def migrate(self, *args: object) -> None:
        result = self.manage("migrate", "--allow-data-loss", *args)
        assert result.code == 0, result

    def is_equal(self) -> bool:
        result = self.manage("makemigrations", "--check")
        assert result.code == 0, result
        return True


@pytest.fixture
def project(copy_project: Callable[[str], Path], database_url: str) -> Project:
    project = Project(copy_project("bare"), database_url)
    project.models("short", "long")
    assert "op.create_enum" in project.made()
    project.migrate()
    return project


def execute(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def kinds(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT kind FROM note ORDER BY id").scalars())


def test_an_added_value_arrives_and_goes_and_comes(project: Project, engine: sa.Engine) -> None:
    execute(engine, "INSERT INTO note (id, text) VALUES (1, 'x')")
    project.models("tiny", "short", "long")
    text = project.made("--no-input")
    assert re.search(r'revision = "0002_\w*note_kind\w*"', text), text
    assert "alter values of note.kind: add tiny" in text.lower()
    project.migrate()
    assert project.is_equal()
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (2, 'x', 'tiny')")
    refused = project.manage("migrate", "0001")
    assert refused.code == 1
    assert "1 row holds 'tiny' in note.kind" in refused.stderr
    assert kinds(engine) == ["short", "tiny"]
    execute(engine, "UPDATE note SET kind = 'long' WHERE id = 2")
    project.migrate("0001")
    with pytest.raises(sa.exc.DBAPIError):
        execute(engine, "UPDATE note SET kind = 'tiny'")
    project.migrate()
    assert project.is_equal()
    assert kinds(engine) == ["short", "long"]
    project.migrate("zero")
    project.migrate()
    assert project.is_equal()


def test_a_renamed_value_is_a_question_whose_flags_answer_it(
    project: Project, engine: sa.Engine
) -> None:
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (1, 'x', 'long'), (2, 'x', 'short')")
    project.models("short", "lengthy")
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3, asked
    assert "no value 'long' any more, and 1 row holds it" in asked.stderr
    assert len(list((project.folder / "migrations" / "versions").glob("*.py"))) == 1
    (flag,) = re.findall(r"--rename-value note\.kind:long=lengthy", asked.stderr)
    project.made("--no-input", *shlex.split(flag))
    project.migrate()
    assert project.is_equal()
    assert kinds(engine) == ["lengthy", "short"]
    project.migrate("0001")
    assert kinds(engine) == ["long", "short"]
    project.migrate()


def test_a_new_default_and_a_filled_column_of_a_new_value(
    project: Project, engine: sa.Engine
) -> None:
    """PostgreSQL lets no value be used in the transaction that adds it."""
    execute(engine, "INSERT INTO note (id, text) VALUES (1, 'x')")
    other = """
    other: Mapped[str] = mapped_column(
        Enum("short", "long", "new", name="note_kind", create_constraint=True)
    )
"""
    project.models("short", "long", "new", default="new", extra=other)
    text = project.made("--no-input", "--default", 'note.other="new"')
    assert "postgresql_rewrite=True" in text
    project.migrate()
    assert project.is_equal()
    execute(engine, "INSERT INTO note (id, text, other) VALUES (2, 'x', 'long')")
    assert kinds(engine) == ["short", "new"]
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT other FROM note ORDER BY id").scalars().all()
    assert found == ["new", "long"]
    execute(engine, "UPDATE note SET kind = 'short'")
    project.migrate("0001")
    project.migrate()
    assert project.is_equal()


def test_a_column_and_a_table_renamed_with_their_values(
    project: Project, engine: sa.Engine
) -> None:
    execute(engine, "INSERT INTO note (id, text, kind) VALUES (1, 'x', 'long')")
    project.models("short", "lengthy", "more")
    models = project.folder / "notes" / "models.py"
    models.write_text(
        models.read_text().replace("    kind:", "    sort:").replace('"note"', '"memo"')
    )
    flags = ("--rename-table", "note=memo", "--rename", "memo.kind=sort")
    asked = project.manage("makemigrations", "--no-input", *flags)
    assert asked.code == 3, asked
    assert "memo.sort: the models have no value 'long' any more, and 1 row" in asked.stderr
    project.made("--no-input", *flags, "--rename-value", "memo.sort:long=lengthy")
    project.migrate()
    assert project.is_equal()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT sort FROM memo").scalar() == "lengthy"
    project.migrate("0001")
    assert kinds(engine) == ["long"]
    project.migrate()


def test_plain_alembic_finds_the_same(project: Project) -> None:
    (project.folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    project.models("short", "long", "new")
    result = run(project.folder, "-m", "alembic", "revision", "--autogenerate", url=project.url)
    assert result.code == 0, result
    (text,) = (
        path.read_text() for path in (project.folder / "migrations" / "versions").glob("0002_*.py")
    )
    assert "op.alter_enum(" in text
    assert run(project.folder, "-m", "alembic", "upgrade", "head", url=project.url).code == 0
    assert project.is_equal()


def test_the_sql_of_a_revision(project: Project, backend: str) -> None:
    project.models("short", "long", "new")
    project.made()
    shown = project.manage("sqlmigrate", "0002")
    if backend == "sqlite":
        assert shown.code == 1
        assert "without a database" in shown.stderr
    else:
        assert "'new'" in shown.stdout
