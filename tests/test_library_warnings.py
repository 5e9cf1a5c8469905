"""Warnings of libraries, and the line that an error names: the user's own, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import ProjectFolder

MODELS = """
import warnings
from sqlalchemy.orm import DeclarativeBase, relationship


class Base(DeclarativeBase):
    metadata = metadata


class Team(Base):
    __tablename__ = "team"
    id = Column(Integer, primary_key=True)
    people = relationship("Person")


class Person(Base):
    __tablename__ = "person"
    id = Column(Integer, primary_key=True)
    team_id = Column(ForeignKey("team.id"))
    team = relationship("Team")
    price = Column(Numeric(8, 2))


warnings.warn("models are old", stacklevel=1)
"""
PLACES = ("site-packages", "lib/python", "sqlalchemy_manage/", "Background on", "Warning:\n")


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    folder = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path / 'a.sqlite'}")
    folder.models(MODELS)
    return folder.for_alembic()


def test_a_warning_is_a_line_of_ours_with_a_line_of_the_users(project: ProjectFolder) -> None:
    said = project.spawn("check").stderr
    line = (
        project.file.read_text().splitlines().index('warnings.warn("models are old", stacklevel=1)')
    )
    assert f"Warning: models are old ({project.file}, line {line + 1}).\n" in said
    assert said.count("Warning: relationship 'Person.team' will copy column team.id") == 1
    assert not any(place in said for place in PLACES), said


CIRCLE = """
table("a", key(), Column("b_id", ForeignKey("b.id")))
table("b", key(), Column("a_id", ForeignKey("a.id")), Column("n", Numeric(8, 2)))
Index("ix_half", metadata.tables["b"].c.n, sqlite_where=metadata.tables["b"].c.n > 1)
Index("ix_low", func.abs(metadata.tables["b"].c.n))
"""


def test_what_only_we_could_do_something_about_is_not_said(project: ProjectFolder) -> None:
    project.models(CIRCLE)
    for command in (
        ["makemigrations"],
        ["migrate"],
        ["check", "--drift"],
        ["makemigrations", "--check"],
        ["migrate", "zero"],
    ):
        result = project.spawn(*command)
        assert result.code == 0, result
        assert "arning" not in result.stderr, result
    assert "arning" not in project.alembic("upgrade", "head").stderr
    assert "arning" not in project.alembic("check").stderr


BATCH = """
def upgrade():
    op.create_table("tag", sa.Column("id", sa.Integer), sa.Column("name", sa.String(9)))
    op.execute("INSERT INTO tag (id, name) VALUES (1, 'a'), (2, 'a')")
    with op.batch_alter_table("tag") as batch:
        batch.create_unique_constraint("uq_tag_name", ["name"])
"""


def test_a_failure_inside_a_batch_names_the_line_of_the_revision(
    tmp_path: Path, database_url: str
) -> None:
    project = ProjectFolder(tmp_path / "project", database_url).write_history()
    path = project.write("0001_tag", None, BATCH)
    line = next(
        number
        for number, text in enumerate(path.read_text().splitlines(), 1)
        if "with op.batch_alter_table" in text
    )
    for result in (project.manage("migrate"), project.for_alembic().alembic("upgrade", "head")):
        said = result.stdout + result.stderr
        named = [f"{path}, line {line}", f"{path}, line {line + 1}"]
        assert any(place in said for place in named), said
        assert "contextlib" not in said
        project.execute("DROP TABLE IF EXISTS tag")


def test_an_error_of_the_models_names_their_line(project: ProjectFolder) -> None:
    project.models("def make():\n    raise KeyError('no')\n\nmetadata.make = make\nmake()")
    said = project.spawn("check").stderr + project.spawn("check").stdout
    number = project.file.read_text().splitlines().index("    raise KeyError('no')") + 1
    assert f"({project.file}, line {number})" in said
