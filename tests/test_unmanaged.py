"""Tables that are left to other programs, and models on views: nothing touches them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from support.project import ProjectFolder

from sqlalchemy_manage.declare import View
from sqlalchemy_manage.models import is_managed, names_table

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = metadata


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("auth_user.id"))


class User(Base):
    __tablename__ = "auth_user"
    __table_args__ = {"info": {"managed": False}}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), index=True)


class Task(Base):
    __tablename__ = "queue_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(9))


class TeamSize(Base):
    __tablename__ = "team_size"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    teams: Mapped[int]
"""
DDL = """
from sqlalchemy_manage.declare import View
from staff.models import Base

View("team_size", Base.metadata, "SELECT name, count(*) AS teams FROM team GROUP BY name")
"""
FACTORIES = """
from factory.alchemy import SQLAlchemyModelFactory
from staff.models import Team, TeamSize, User


class TeamFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Team
    name = "a"


class UserFactory(SQLAlchemyModelFactory):
    class Meta:
        model = User
    name = "b"


class TeamSizeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = TeamSize
    name = "c"
    teams = 1
"""
OTHERS = (
    "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, name VARCHAR(30), joined DATE)",
    "CREATE TABLE queue_task (id INTEGER PRIMARY KEY)",
    "CREATE TABLE queue_result (id INTEGER PRIMARY KEY, x INTEGER)",
    "CREATE INDEX ix_queue ON queue_result (x)",
    "INSERT INTO auth_user VALUES (1, 'Ann', NULL)",
)


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> ProjectFolder:
    """A project beside the tables of two other programs, its first revision applied."""
    made = ProjectFolder(tmp_path / "project", database_url)
    with (made.folder / "staff_settings.py").open("a") as file:
        file.write('UNMANAGED = ["queue_*"]\n')
    (made.folder / "staff" / "ddl.py").write_text(DDL)
    (made.folder / "staff" / "factories.py").write_text(FACTORIES)
    made.execute(*OTHERS)
    made.begin(MODELS)
    return made


def test_a_revision_makes_only_what_is_managed(project: ProjectFolder) -> None:
    assert project.newest().count("create_table(") == 1
    assert '"team"' in project.newest() and "create_view" in project.newest()
    for check in (["makemigrations", "--check"], ["check", "--drift"]):
        result = project.manage(*check)
        assert result.code == 0, result
        assert "queue" not in str(result) and "auth_user" not in str(result)
    assert project.for_alembic().alembic("check").code == 0
    project.models(MODELS.replace("teams: Mapped[int]", "teams: Mapped[str]"))
    assert project.manage("makemigrations", "--check").code == 0
    project.done("migrate", "zero")
    assert {"auth_user", "queue_task", "queue_result"} <= project.tables()
    assert project.query("SELECT name FROM auth_user") == [("Ann",)]


def test_a_table_is_handed_over_and_taken_back(project: ProjectFolder) -> None:
    project.execute("INSERT INTO team (id, name) VALUES (1, 'x')")
    other = 'info={"managed": False}'
    project.models(MODELS.replace('"team"\n', f'"team"\n    __table_args__ = dict({other})\n'))
    for check in (["makemigrations", "--check"], ["makemigrations", "--check", "--scratch"]):
        assert project.manage(*check).code == 0
    assert project.manage("check", "--drift").code == 0
    project.models(MODELS)
    assert project.manage("makemigrations", "--check").code == 0
    assert project.query("SELECT name FROM team") == [("x",)]


def test_seed_dump_and_links_leave_them_out(project: ProjectFolder) -> None:
    project.done("seed")
    assert project.query("SELECT count(*) FROM team") == [(10,)]
    assert project.query("SELECT count(*) FROM auth_user") == [(1,)]
    for name in ("TeamSize", "UserFactory"):
        refused = project.manage("seed", f"{name}=3")
        assert refused.code == 1 and "left to another program" in refused.stderr, refused
    project.execute(
        "UPDATE team SET owner_id = 1 WHERE id = (SELECT min(id) FROM (SELECT id FROM team) t)"
    )
    assert project.manage("checklinks").code == 0
    dumped = project.done("dumpdata").stdout
    assert "staff.team" in dumped and "Ann" not in dumped and "team_size" not in dumped.lower()
    (project.folder / "dump.json").write_text(dumped)
    project.execute("DELETE FROM team")
    project.done("loaddata", "dump.json")
    assert project.query("SELECT count(*) FROM team") == [(10,)]


@pytest.mark.parametrize("checkfirst", [True, False])
def test_create_all_makes_no_table_for_a_model_on_a_view(checkfirst: bool) -> None:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    class Long(Base):
        __tablename__ = "long_note"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    View("long_note", Base.metadata, sa.select(Note.id, Note.text).where(Note.text > "b"))
    assert [is_managed(model.__table__) for model in (Note, Long)] == [True, False]
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine, checkfirst=checkfirst)
    with Session(engine) as session:
        session.add_all([Note(text="a"), Note(text="c")])
        session.flush()
        assert session.scalars(sa.select(Long.text)).all() == ["c"]
        session.commit()
    assert sa.inspect(engine).get_view_names() == ["long_note"]
    Base.metadata.drop_all(engine, checkfirst=checkfirst)
    assert not sa.inspect(engine).get_view_names() and not sa.inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.parametrize(
    ("pattern", "schema", "found"),
    [
        ("queue_*", None, True),
        ("queue_*", "jobs", True),
        ("jobs.*", "jobs", True),
        ("jobs.*", None, False),
        ("task", None, False),
        ("QUEUE_*", None, False),
    ],
)
def test_a_pattern_is_for_a_name_with_or_without_its_schema(
    pattern: str, schema: str | None, found: bool
) -> None:
    assert names_table([pattern], schema, "queue_task") is found
