"""A load that fails for what no row is to blame for: the disk, the connection, a deadlock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder
from support.signals import end_connection, ended, running, started, until

only = pytest.mark.parametrize
MODELS = """
item = table("item", key(), Column("a", String(200)))
note = table("note", key(), Column("a", String(200)), Column("item_id", ForeignKey("item.id")))
"""
LISTENING = """

from sqlalchemy import event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "connect")
def limited(connection, record):
    connection.execute("PRAGMA max_page_count={}")
"""


def records(model: str, count: int, **fields: object) -> list[dict[str, object]]:
    return [
        {"model": f"staff.{model}", "pk": n, "fields": {"a": "x" * 150} | fields}
        for n in range(1, count + 1)
    ]


@pytest.fixture
def app(tmp_path: Path, new_database: Callable[..., str], backend: str) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(MODELS)
    return app


@only("backend", ["sqlite"])
@only("pages", [20, 60, 200])
def test_a_full_disk(app: ProjectFolder, pages: int) -> None:
    fixture = records("item", 3000) + records("note", 3000, item_id=1)
    (app.folder / "many.json").write_text(json.dumps(fixture))
    settings = app.folder / "staff_settings.py"
    text = settings.read_text()
    settings.write_text(text + LISTENING.format(pages))
    failed = app.spawn("loaddata", "many.json")
    assert (failed.code, failed.stderr) == (
        1,
        "Error: The disk or the database is full, and nothing was loaded: database or disk is "
        "full.\nFree some space, then repeat the command.\n",
    )
    assert app.query("SELECT count(*) FROM item") == [(0,)]
    settings.write_text(text)
    app.done("loaddata", "many.json")
    assert app.query("SELECT count(*) FROM note") == [(3000,)]


SLOW = {
    "postgresql": (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(300); RETURN NEW; END'",
        "CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION slow()",
    ),
    "mariadb": ("CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW DO SLEEP(300)",),
}


@pytest.mark.slow(reason="waits for a server")
@only("backend", ["postgresql", "mariadb"])
@only(
    ("words", "said"),
    [
        (("loaddata", "one.json"), "The connection to the database was lost, and nothing was"),
        (("loaddata", "many.json"), "The connection to the database was lost, and nothing was"),
    ],
)
def test_a_connection_that_is_ended(
    app: ProjectFolder, words: tuple[str, ...], said: str, backend: str
) -> None:
    (app.folder / "one.json").write_text(json.dumps(records("item", 1)))
    (app.folder / "many.json").write_text(json.dumps(records("item", 3000)))
    app.execute(*SLOW[backend])
    word = "INSERT INTO item" if backend == "postgresql" else "SLEEP"
    with started(app.folder, "manage.py", *words) as process:
        (number,) = until(lambda: running(app.engine, word), "a row is written")
        end_connection(app.engine, number)
        result = ended(process)
    assert result.code == 1, result
    assert result.stderr.startswith(f"Error: {said}"), result
    assert "record" not in result.stderr and "Traceback" not in result.stderr
    assert app.query("SELECT count(*) FROM item") == [(0,)]


def test_a_row_that_is_refused_is_still_named(app: ProjectFolder) -> None:
    (app.folder / "bad.json").write_text(json.dumps(records("note", 2, item_id=77)))
    failed = app.manage("loaddata", "bad.json")
    assert failed.code == 1 and "bad.json, record 1" in failed.stderr, failed
