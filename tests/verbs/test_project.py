"""The Python interface: what the commands do, as functions that print nothing."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.programs import ROOT, forget_modules
from support.project import ProjectFolder

from sqlalchemy_manage import ManageError, OpenQuestion, Project
from sqlalchemy_manage.errors import (
    AppError,
    DataLoss,
    MigrationError,
    NotPermitted,
    UsageError,
)
from sqlalchemy_manage.migrations.questions import Answer

MODELS = """
desk = table("desk", key(), Column("name", String(20), nullable=False))
"""

MAPPED = """
from sqlalchemy.orm import registry


class Desk:
    pass


registry(metadata=metadata).map_imperatively(Desk, desk)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectFolder]:
    """A project that can be imported, in another folder than the current one."""
    made = ProjectFolder(tmp_path / "p", f"sqlite:///{tmp_path / 'p.sqlite'}")
    made.models(MODELS)
    monkeypatch.syspath_prepend(str(made.folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield made
    forget_modules(made.folder)


@pytest.fixture(autouse=True)
def nothing_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def project(folder: ProjectFolder) -> Iterator[Project]:
    with Project("staff_settings") as opened:
        yield opened


def grown(project: Project) -> Project:
    """With a revision, applied, and a row."""
    assert project.make_migrations() is not None
    project.migrate()
    with project.session() as session:
        session.execute(project.tables[0].insert(), {"id": 1, "name": "a"})
        session.commit()
    return project


def test_a_revision_is_written_applied_and_undone(project: Project) -> None:
    made = project.make_migrations()
    assert made is not None and made.written and made.path.exists()
    assert (made.id, made.changes) == ("0001_initial", ("+ create table desk",)), made
    assert project.pending() == ("0001_initial",)
    events: list[tuple[str, str]] = []
    done = project.migrate(on_event=lambda event: events.append(event[:2]))
    assert (done.applied, done.heads) == (("0001_initial",), ("0001_initial",))
    assert events[0] == ("begin", "Applying")
    assert ("start", "0001_initial") in events and ("done", "0001_initial") in events
    assert project.migrate().applied == () and project.changes() == ()
    assert project.make_migrations() is None
    assert [r.applied for r in project.show_migrations().revisions] == [True]
    assert project.redo().applied == ("0001_initial",)
    assert "CREATE TABLE desk" in project.sql_migrate("0001")
    assert project.rollback().undone == ("0001_initial",)
    assert project.migrate(fake=True).recorded == ("0001_initial",)


def test_a_drafted_revision_is_not_written(project: Project, folder: ProjectFolder) -> None:
    made = project.make_migrations("begin", write=False)
    assert made is not None and not made.written and not made.path.exists()
    assert made.id == "0001_begin" and "CREATE TABLE desk" in project.sql_of(made)


def test_rows_out_and_in_again(project: Project, tmp_path: Path) -> None:
    grown(project)
    text = project.dump_data()
    saved = project.backup(tmp_path / "b.sqlite")
    assert project.plan_flush().rows == {"desk": 1}
    assert project.flush().plan.total == 1
    assert project.load_data(text=text).new == 1
    assert project.dump_data(to=tmp_path / "out.json") == ""
    assert project.load_data(str(tmp_path / "out.json")).unchanged == 1
    project.flush()
    assert project.restore(saved.path).saved is not None
    assert project.check_links().ok
    assert {c.status for c in project.check(drift=True)} == {"ok"}


def test_seeds_are_made_listed_and_undone(project: Project, folder: ProjectFolder) -> None:
    folder.file.write_text(folder.file.read_text() + MAPPED)
    project.make_migrations()
    filled, links = project.prepare()
    assert (filled.why_not, links.ok) == ("there are no factories", True)
    (file,) = project.make_factories("Desk", write=False)
    assert "class DeskFactory" in file.text and not file.path.exists()
    seen: list[tuple[str, int, int]] = []
    planned = project.plan_seed(counts={"Desk": 5}, auto=True)
    assert [(each.model, each.count) for each in planned] == [("Desk", 5)], planned
    seeded = project.seed(
        counts={"Desk": 5}, on_progress=lambda *args: seen.append(args), auto=True, random_seed=3
    )
    assert (seeded.rows, seen[-1][1:]) == ({"desk": 5}, (5, 5))
    assert [run.rows for run in project.seed_runs()] == [{"desk": 5}]
    assert project.undo_seed().removed == {"desk": 5}


def test_errors_carry_what_the_command_would_say(project: Project) -> None:
    grown(project)
    with pytest.raises(UsageError, match="No revision '0042'"):
        project.migrate("0042")
    with pytest.raises(DataLoss):
        project.rollback()
    assert project.rollback(allow_data_loss=True).undone == ("0001_initial",)
    with pytest.raises(UsageError):
        project.make_migrations(rename=["nothing"])
    for undo in (project.rollback, project.redo, project.plan_rollback):
        for steps in (0, -1):
            with pytest.raises(UsageError, match=f"Cannot go back {steps} revisions"):
                undo(steps)
    with pytest.raises(UsageError, match="Desk=-3: a count of rows cannot be below 0"):
        project.seed(counts={"Desk": -3})


def test_a_revision_that_fails_is_told(project: Project, folder: ProjectFolder) -> None:
    folder.write_history()
    folder.revision("0001_a", None, "op.execute('SELECT nonsense')")
    with pytest.raises(MigrationError, match="0001_a"):
        project.migrate()
    assert project.show_migrations().heads == ()


def test_open_questions_are_raised_or_asked(project: Project, folder: ProjectFolder) -> None:
    grown(project)
    text = folder.file.read_text()
    folder.file.write_text(text.replace('Column("name"', 'Column("title"'))
    forget_modules(folder.folder)
    with Project("staff_settings") as changed:
        with pytest.raises(OpenQuestion) as caught:
            changed.make_migrations()
        assert [question.subject for question in caught.value.questions]

        class Yes:
            def ask(self, question: Any) -> Answer:
                asked.append(question.kind)
                return Answer(question.options[0].answer)

        asked: list[str] = []
        made = changed.make_migrations(questioner=Yes(), write=False)
        assert made is not None and asked
        named = changed.make_migrations(rename=["desk.name=title"], write=False)
        assert named is not None and 'rename_column("desk", "name", "title")' in named.text


def test_a_protected_database_takes_its_name(folder: ProjectFolder) -> None:
    settings = {"DATABASES": {"default": {"URL": folder.url, "PROTECTED": True}}}
    settings["INSTALLED_APPS"] = ["staff"]  # type: ignore[assignment]
    with Project(settings, root=folder.folder) as project:
        project.make_migrations()
        project.migrate()
        with pytest.raises(OpenQuestion):
            project.flush()
    wrong = Project(settings, root=folder.folder, confirm="q.sqlite")
    with wrong, pytest.raises(NotPermitted):
        wrong.flush()
    with Project(settings, root=folder.folder, confirm="p.sqlite") as project:
        assert project.flush().plan.total == 0


def test_settings_are_a_mapping_or_a_module(folder: ProjectFolder, tmp_path: Path) -> None:
    settings = {"DATABASES": {"default": {"URL": "sqlite:///own.sqlite"}}, "INSTALED_APPS": []}
    with Project(settings, root=tmp_path) as project:
        assert str(project.engine.url) == f"sqlite:///{tmp_path / 'own.sqlite'}"
        assert "INSTALLED_APPS" in " ".join(project.warnings)
        with pytest.raises(UsageError, match="start processes"):
            project.seed(jobs=2)
    module = importlib.import_module("staff_settings")
    with Project(module, "other") as project:
        assert project.on("default").alias == "default"
        assert [app.name for app in project.apps] == ["staff"]


def test_an_unknown_settings_module_is_no_traceback() -> None:
    with pytest.raises(ManageError, match="no settings module 'nowhere_at_all'"):
        Project("nowhere_at_all").check_links()


def test_the_process_is_left_as_it_is(project: Project) -> None:
    root = logging.getLogger()

    def state() -> list[object]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        return [
            dict(os.environ),
            list(sys.path),
            os.getcwd(),
            [signal.getsignal(number) for number in numbers],
            root.level,
            list(root.handlers),
            logging.getLogger("alembic").level,
            list(logging.getLogger("alembic").handlers),
        ]

    importlib.import_module("staff.models")
    before = state()
    during: list[object] = []
    project.make_migrations()
    project.migrate(on_event=lambda event: during.append(state()))
    assert state() == before and during and all(each == before for each in during)


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_inside_an_event_loop(folder: ProjectFolder, scheme: str) -> None:
    settings = {
        "DATABASES": {"default": {"URL": folder.url.replace("sqlite", scheme, 1)}},
        "INSTALLED_APPS": ["staff"],
    }

    async def start() -> tuple[str, ...]:
        with Project(settings, root=folder.folder) as project:
            project.make_migrations()
            done = project.migrate()
            await asyncio.to_thread(project.rollback)
            both = await asyncio.gather(*(asyncio.to_thread(project.migrate) for _ in range(3)))
            assert sorted(len(each.applied) for each in both) == [0, 0, 1]
            return done.applied

    assert asyncio.run(start()) == ("0001_initial",)


def test_in_the_lifespan_of_a_web_application(folder: ProjectFolder) -> None:
    applications = pytest.importorskip("starlette.applications")
    started: list[tuple[str, ...]] = []

    async def lifespan(app: Any) -> Any:
        with Project("staff_settings") as project:
            project.make_migrations()
            started.append(project.migrate().applied)
        yield

    async def serve() -> list[str]:
        from contextlib import asynccontextmanager

        app = applications.Starlette(lifespan=asynccontextmanager(lifespan))
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent: list[str] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan", "state": {}}, receive, send)
        return sent

    assert asyncio.run(serve()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert started == [("0001_initial",)]


def test_several_projects_in_threads(folder: ProjectFolder, tmp_path: Path) -> None:
    with Project("staff_settings") as project:
        project.make_migrations()
    urls = [f"sqlite:///{tmp_path / f'{n}.sqlite'}" for n in range(4)]
    results: list[object] = []

    def migrate(url: str) -> None:
        settings = {"DATABASES": {"default": {"URL": url}}, "INSTALLED_APPS": ["staff"]}
        try:
            with Project(settings, root=folder.folder) as own:
                results.append(own.migrate().applied)
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=migrate, args=(url,)) for url in urls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert results == [("0001_initial",)] * 4


def test_around_is_entered_by_each_function(folder: ProjectFolder) -> None:
    (folder.folder / "staff" / "place.py").write_text(
        "import contextlib\nseen = []\n\n@contextlib.contextmanager\ndef here():\n"
        "    seen.append('in')\n    yield\n    seen.append('out')\n"
    )
    settings = {
        "DATABASES": {"default": {"URL": folder.url}},
        "INSTALLED_APPS": ["staff"],
        "AROUND": "staff.place:here",
    }
    with Project(settings, root=folder.folder) as project:
        project.make_migrations()
        seen = importlib.import_module("staff.place").seen
        assert seen == ["in", "out"]
        project.migrate()
        assert seen == ["in", "out"] * 2


def test_a_module_that_raises_is_told(folder: ProjectFolder) -> None:
    folder.file.write_text("1 / 0\n")
    with Project("staff_settings") as project, pytest.raises(AppError, match=r"models\.py, line 1"):
        project.changes()


def test_every_function_is_on_the_page() -> None:
    page = (ROOT / "docs" / "python-interface.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)\(", page))
    verbs = {
        name
        for name, value in inspect.getmembers(Project, inspect.isfunction)
        if hasattr(value, "__wrapped__") and not name.startswith("_") and name not in _OTHERS
    }
    assert verbs <= listed, verbs - listed


_OTHERS = {"connect", "session", "around"}  # context managers
