"""AROUND and SESSION of the settings: what the user's code needs, around every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import SeededFolder

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from staff import place

place.required("models")


class Base(DeclarativeBase):
    metadata = metadata


class Desk(Base):
    __tablename__ = "desk"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
"""
PLACE = '''
"""What there is only inside the context, as Flask's current_app is."""
import contextlib
import contextvars
import sys

here = contextvars.ContextVar("here", default=None)


def required(who):
    if here.get() is None:
        raise RuntimeError(f"{who} outside of the context")


def log(text):
    print(f"[{text}]", file=sys.stderr)


@contextlib.contextmanager
def entered():
    token = here.set("in")
    log("entered")
    try:
        yield
    except BaseException as error:
        log(f"left with {type(error).__name__}")
        raise
    else:
        log("left")
    finally:
        here.reset(token)


@contextlib.asynccontextmanager
async def later():
    here.set("in a loop")
    log("entered")
    yield
    log("left")


class Application:
    def app_context(self):
        return entered()


def create_app():
    return Application()


app = Application()


class Object:
    def __enter__(self):
        here.set("in")
        log("entered")

    def __exit__(self, *why):
        log("left")


an_object = Object()


@contextlib.contextmanager
def swallowing():
    here.set("in")
    try:
        yield
    except Exception:
        pass


def bare():
    yield


def broken():
    raise ValueError("no such port")


def nothing():
    return 3


@contextlib.contextmanager
def leaving_badly():
    here.set("in")
    yield
    raise ValueError("cannot leave")
'''
FACTORIES = """
import factory
from factory.alchemy import SQLAlchemyModelFactory
from staff.models import Desk
from staff import place


class DeskFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Desk

    name = factory.LazyFunction(lambda: place.here.get() or "outside")
"""


@pytest.fixture
def project(tmp_path: Path) -> SeededFolder:
    found = SeededFolder(tmp_path / "p", f"sqlite:///{tmp_path / 'p.sqlite'}")
    (found.folder / "staff" / "place.py").write_text(PLACE)
    (found.folder / "staff" / "factories.py").write_text(FACTORIES)
    found.models(MODELS)
    return found


def setting(project: SeededFolder, line: str) -> None:
    file = project.folder / "staff_settings.py"
    file.write_text(f"{file.read_text()}{line}\n")


@pytest.mark.parametrize("name", ["entered", "app", "create_app", "an_object", "later"])
def test_a_command_runs_inside_it(project: SeededFolder, name: str) -> None:
    setting(project, f'AROUND = "staff.place:{name}"')
    made = project.manage("makemigrations", "--no-input")
    assert made.code == 0, made
    assert made.stderr.count("[entered]") == 1 and made.stderr.count("[left]") == 1
    assert project.manage("migrate").code == 0
    seeded = project.manage("seed", "Desk=3", "--jobs", "2")
    assert seeded.code == 0, seeded
    assert {value for (value,) in project.query("SELECT name FROM desk")} <= {"in", "in a loop"}


def test_worker_processes_are_inside_it_too(project: SeededFolder) -> None:
    setting(project, 'AROUND = "staff.place:entered"')
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    seeded = project.manage("seed", "Desk=30000", "--jobs", "2")
    assert seeded.code == 0, seeded
    assert project.query("SELECT DISTINCT name FROM desk") == [("in",)]
    assert seeded.stderr.count("[entered]") == seeded.stderr.count("[left]") > 1


@pytest.mark.parametrize("name", ["entered", "later"])
def test_the_processes_of_several_databases_leave_it(project: SeededFolder, name: str) -> None:
    setting(project, f'AROUND = "staff.place:{name}"')
    setting(project, 'DATABASES["other"] = {"URL": "sqlite:///other.sqlite"}')
    project.done("makemigrations", "--no-input")
    done = project.manage("migrate", "--all", "--jobs", "2")
    assert done.code == 0, done
    assert done.stderr.count("[entered]") == done.stderr.count("[left]") >= 1, done


def test_plain_alembic_is_inside_it(project: SeededFolder) -> None:
    setting(project, 'AROUND = "staff.place:entered"')
    project.done("makemigrations", "--no-input")
    done = project.for_alembic().alembic("upgrade", "head")
    assert done.code == 0 and "[entered]" in done.stderr, done


@pytest.mark.parametrize("words", [("--help",), ("version",), ("migrate", "--help"), ("help",)])
def test_help_does_not_enter_it(project: SeededFolder, words: tuple[str, ...]) -> None:
    setting(project, 'AROUND = "staff.place:broken"')
    found = project.manage(*words)
    assert (found.code, "no such port" in found.stderr) == (0, False), found


def test_it_hears_of_an_error_and_cannot_hide_it(project: SeededFolder) -> None:
    setting(project, 'AROUND = "staff.place:entered"')
    failed = project.manage("migrate", "0042")
    assert failed.code == 2 and "[left with UsageError]" in failed.stderr, failed
    setting(project, 'AROUND = "staff.place:swallowing"')
    failed = project.manage("migrate", "0042")
    assert failed.code == 2 and "No revision" in failed.stderr, failed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("staff.place:broken", "ValueError: no such port ({folder}/staff/place.py, line "),
        ("staff.place:leaving_badly", "ValueError: cannot leave ({folder}/staff/place.py, line "),
        ("staff.place:bare", "gives a generator, which is no context manager."),
        ("staff.place:nothing", "gives int, which is no context manager."),
        ("staff.place:enterd", "there is no 'enterd' in staff.place. Did you mean 'entered'?"),
        ("staff.plce:entered", "cannot be imported: ModuleNotFoundError: No module named"),
    ],
)
def test_what_is_wrong_with_it_is_said(project: SeededFolder, name: str, words: str) -> None:
    setting(project, f'AROUND = "{name}"')
    failed = project.manage("showmigrations")
    assert failed.code == 1, failed
    assert words.format(folder=project.folder) in failed.stderr.replace("\n", " "), failed
    assert "AROUND of" in failed.stderr and "Traceback" not in failed.stderr


SESSIONS = '''
"""Sessions of the application."""
import contextlib

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy import event, orm

engine = sa.create_engine("sqlite:///elsewhere.sqlite")


class Own(orm.Session):
    pass


@event.listens_for(Own, "before_flush")
def stamp(session, context, instances):
    for each in session.new:
        each.name = f"{each.name} by its own session"


maker = orm.sessionmaker(engine, class_=Own)
scoped = orm.scoped_session(maker)
async_maker = async_sessionmaker(sync_session_class=Own)


def made():
    return maker()


def bound(bind):
    return Own(bind)


@contextlib.contextmanager
def scope():
    with maker() as session:
        yield session
        session.commit()


def none():
    return engine


@contextlib.contextmanager
def broken():
    raise RuntimeError("no session today")
    yield
'''
NAMES = ["maker", "scoped", "made", "bound", "scope", "Own", "async_maker"]


@pytest.mark.parametrize("name", NAMES)
def test_seed_uses_the_session_of_the_project(project: SeededFolder, name: str) -> None:
    (project.folder / "staff" / "sessions.py").write_text(SESSIONS)
    setting(project, 'AROUND = "staff.place:entered"')
    setting(project, f'SESSION = "staff.sessions:{name}"')
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    seeded = project.manage("seed", "Desk=3")
    assert seeded.code == 0, seeded
    assert project.query("SELECT DISTINCT name FROM desk") == [("in by its own session",)]
    assert not (project.folder / "elsewhere.sqlite").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_with_it_is_written_whole_or_not_at_all(project: SeededFolder, name: str) -> None:
    (project.folder / "staff" / "sessions.py").write_text(SESSIONS)
    (project.folder / "staff" / "factories.py").write_text(
        FACTORIES.replace(
            "name = factory", "name = factory.LazyAttributeSequence(_name)  #"
        ).replace("class Desk", "def _name(o, n):\n    return 1 / (4 - n)\n\n\nclass Desk", 1)
    )
    setting(project, 'AROUND = "staff.place:entered"')
    setting(project, f'SESSION = "staff.sessions:{name}"')
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    assert project.manage("seed", "Desk=10").code == 1
    assert project.query("SELECT count(*) FROM desk") == [(0,)]


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_has_the_session_of_the_project(project: SeededFolder, name: str) -> None:
    (project.folder / "staff" / "sessions.py").write_text(SESSIONS)
    setting(project, 'AROUND = "staff.place:entered"')
    setting(project, f'SESSION = "staff.sessions:{name}"')
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    code = "session.add(Desk(name='a')); session.commit(); print(type(session).__name__)"
    ran = project.manage("shell", "-c", code)
    asynchronous = name == "async_maker"
    assert (ran.code, ran.stdout) == (0, "Session\n" if asynchronous else "Own\n"), ran
    assert project.query("SELECT name FROM desk") == [
        ("a" if asynchronous else "a by its own session",)
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", "gives Engine, which is no session."),
        ("engine", "gives Engine, which is no session."),
        ("nope", "there is no 'nope' in staff.sessions."),
        ("broken", "RuntimeError: no session today"),
    ],
)
def test_what_is_no_session_is_refused(project: SeededFolder, name: str, words: str) -> None:
    (project.folder / "staff" / "sessions.py").write_text(SESSIONS)
    setting(project, 'AROUND = "staff.place:entered"')
    setting(project, f'SESSION = "staff.sessions:{name}"')
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    for command in (("seed",), ("shell", "-c", "1")):
        failed = project.manage(*command)
        assert failed.code == 1 and words in failed.stderr and "SESSION of" in failed.stderr, failed
