"""Every row of a run is known, whoever makes its key and writes it: undo leaves none of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.programs import PROJECTS
from support.project import ProjectFolder, SeededFolder

COUNTS = [
    "Tag=4",
    "Doc=10",
    "Page=3",
    "Bare=3",
    "Entry=5",
    "Measure=7",
    "Post=6",
    "Job=3",
    "User=3",
    "Letter=4",
    "OwnEntryFactory=3",
    "OwnMeasureFactory=3",
]
OWN = {
    "doc": "(id, title) VALUES ('{key}', 'mine')",
    "tag": "(id, name) VALUES (900, 'mine')",
    "post": "(id, name) VALUES (900, 'mine')",
    "post_tag": "(id, post_id, tag_id) VALUES (900, 900, 900)",
    "post_mark": "(post_id, tag_id) VALUES (900, 900)",
    "measure": "(place, number) VALUES ('mine', 0)",
    "users": "(id, name) VALUES (900, 'mine')",
    "audit": "(id, user_id, how) VALUES (900, 900, 'mine')",
    "total": "(name, number) VALUES ('mine', 3)",
}
TRIGGERS = {
    "sqlite": (
        "CREATE TABLE trail (id INTEGER PRIMARY KEY, letter INTEGER)",
        "CREATE TRIGGER follow AFTER INSERT ON letter BEGIN"
        " INSERT INTO trail (letter) VALUES (NEW.id); END",
        "CREATE TRIGGER rekey AFTER INSERT ON letter BEGIN"
        " UPDATE letter SET id = NEW.id + 100000 WHERE id = NEW.id; END",
    ),
    "postgresql": (
        "CREATE TABLE trail (id SERIAL PRIMARY KEY, letter INTEGER)",
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO trail (letter) VALUES (NEW.id); RETURN NEW; END $$",
        "CREATE TRIGGER follow AFTER INSERT ON letter FOR EACH ROW EXECUTE FUNCTION follow()",
        "CREATE FUNCTION rekey() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.id := NEW.id + 100000; RETURN NEW; END $$",
        "CREATE TRIGGER rekey BEFORE INSERT ON letter FOR EACH ROW EXECUTE FUNCTION rekey()",
    ),
    "mariadb": (
        "CREATE TABLE trail (id INTEGER PRIMARY KEY AUTO_INCREMENT, letter INTEGER)",
        "CREATE TRIGGER follow AFTER INSERT ON letter FOR EACH ROW"
        " INSERT INTO trail (letter) VALUES (NEW.id)",
        "CREATE TRIGGER rekey BEFORE INSERT ON letter FOR EACH ROW SET NEW.id = NEW.id + 100000",
    ),
}


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> ProjectFolder:
    """The project, with its tables, triggers, and rows of somebody's own beside."""
    made = SeededFolder(tmp_path / "archive", database_url)
    for name in ("models.py", "factories.py"):
        shutil.copy(PROJECTS / "archive" / "staff" / name, made.folder / "staff")
    made.metadata.create_all(made.engine)
    made.by_hand(TRIGGERS)
    key = "0" * 32 if made.backend == "sqlite" else "00000000-0000-0000-0000-000000000000"
    made.execute(*(f"INSERT INTO {name} {row.format(key=key)}" for name, row in OWN.items()))
    return made


def content(at: ProjectFolder) -> dict[str, list[Any]]:
    """All rows of all tables but the tool's own."""
    names = [n for n in sa.inspect(at.engine).get_table_names() if "sqlalchemy_manage" not in n]
    return {name: sorted(at.query(f"SELECT * FROM {name}"), key=repr) for name in sorted(names)}


def rows_left(at: ProjectFolder) -> list[int]:
    return [n for (n,) in at.query("SELECT sum(row_count) FROM sqlalchemy_manage_seed_keys")]


@pytest.mark.server
def test_undo_leaves_the_database_as_it_was_before(archive: ProjectFolder) -> None:
    before = content(archive)
    archive.done("seed", *COUNTS)
    seeded = content(archive)
    numbers = {name: len(rows) - len(before[name]) for name, rows in seeded.items()}
    assert numbers["doc"] == 13
    assert numbers["bare"] == 3
    assert numbers["audit"] == 3 * 8
    assert numbers["trail"] == 4
    assert numbers["entry"] == 8
    assert numbers["measure"] == 10
    assert numbers["job_skill"] == 3
    assert min(row[0] for row in seeded["letter"]) > 500
    assert rows_left(archive) == [sum(numbers.values())]
    archive.done("seed", "--append", *COUNTS)
    archive.done("seed", "--undo")
    now = content(archive)
    assert {n: r for n, r in now.items() if n != "total"} == {
        n: r for n, r in seeded.items() if n != "total"
    }
    archive.done("seed", "--undo")
    assert content(archive) == before
    archive.done("seed", "Doc=4", "Post=3")
    archive.done("seed", "--replant", "Doc=4", "User=1")
    assert len(content(archive)["doc"]) == 5
    archive.done("seed", "--undo")
    assert content(archive) == before


@pytest.mark.server
def test_a_killed_run_is_resumed_and_undone_whole(
    archive: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(archive)
    counts = ["Doc=6", "Tag=2", "Post=4", "User=2", "Measure=3", "Letter=4", "Bare=2"]
    with monkeypatch.context() as patch:
        patch.setenv("DIE", "1")
        assert archive.manage("seed", "--commit-every", "1", *counts).code == 9
    assert len(archive.query("SELECT 1 FROM doc")) == 7
    archive.done("seed", "--resume")
    seeded = content(archive)
    assert len(seeded["letter"]) == 4
    assert len(seeded["trail"]) == 4
    assert len(seeded["audit"]) == 2 * 8 + 1
    archive.done("seed", "--undo")
    assert content(archive) == before


@pytest.mark.server
def test_rows_that_other_processes_make_are_known_too(archive: ProjectFolder) -> None:
    before = content(archive)
    archive.done("seed", "--jobs", "2", "Doc=20001", "Measure=10001", "Letter=40")
    assert len(archive.query("SELECT 1 FROM doc")) == 20_002
    assert len(archive.query("SELECT 1 FROM trail")) == 40
    archive.done("seed", "--undo")
    assert content(archive) == before


@pytest.mark.server
def test_what_goes_past_sqlalchemy_stops_the_run(
    archive: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(archive)
    monkeypatch.setenv("PAST", "1")
    result = archive.manage("seed", "Tag=2", "User=1")
    assert result.code == 1, result
    assert "total got 1 row more than this seed knows of" in result.stderr
    assert "Nothing was written." in result.stderr
    assert content(archive) == before


@pytest.mark.server
def test_a_row_stays_to_which_one_of_somebodys_refers_without_a_foreign_key(
    archive: ProjectFolder,
) -> None:
    archive.done("seed", "Team=6", "Fan=2", "Tag=2")
    ((first,),) = archive.query("SELECT min(id) FROM team")
    codes = dict(archive.query("SELECT id, code FROM team"))
    by_code, by_type = first + 1, first + 3
    archive.execute(
        f"INSERT INTO fan (id, code) VALUES (900, '{codes[by_code]}')",
        f"INSERT INTO sticker (id, kind, on_id) VALUES (1, 'team', {by_type})",
        f"INSERT INTO sticker (id, kind, on_id) VALUES (2, 'other', {first + 4})",
    )
    before = len(archive.query("SELECT 1 FROM tag"))
    result = archive.manage("seed", "--undo")
    assert result.code == 0, result
    assert f"team (id={by_code}) is kept: fan (id=900) refers to it" in result.stdout
    assert f"team (id={by_type}) is kept: sticker (id=1) refers to it" in result.stdout
    assert sorted(archive.query("SELECT id FROM team")) == [(by_code,), (by_type,)]
    assert archive.query("SELECT id FROM fan") == [(900,)]
    assert len(archive.query("SELECT 1 FROM tag")) == before - 2
    # Nothing can be removed: that is no success, and the run says what is left of it.
    again = archive.manage("seed", "--undo", 1)
    assert again.code == 1, again
    assert "Nothing was removed: other rows refer to all that run 1 made." in again.stderr
    assert "seed --forget 1" in again.stderr
    assert rows_left(archive) == [2]
    archive.execute("DELETE FROM fan")
    archive.done("seed", "--undo", 1)
    assert archive.query("SELECT id FROM team") == [(by_type,)]
    archive.done("seed", "--forget", 1)
    assert rows_left(archive) == [None]


@pytest.mark.server
@pytest.mark.parametrize("backend", ["postgresql"])
def test_what_a_function_of_a_trigger_does_stops_the_run(archive: ProjectFolder) -> None:
    """What the trigger's own text does not show."""
    archive.execute(
        "CREATE FUNCTION hidden() RETURNS void LANGUAGE sql AS"
        " $$ INSERT INTO total (name, number) VALUES (gen_random_uuid()::varchar(10), 1) $$",
        "CREATE FUNCTION calls() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM hidden(); RETURN NEW; END $$",
        "CREATE TRIGGER calls AFTER INSERT ON tag FOR EACH ROW EXECUTE FUNCTION calls()",
    )
    before = content(archive)
    result = archive.manage("seed", "Tag=2")
    assert result.code == 1, result
    assert "total got 2 rows more than this seed knows of" in result.stderr
    assert content(archive) == before
