"""Every row of a run is known, whoever makes its key and writes it: undo leaves none of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.programs import PROJECTS
from support.project import ProjectFolder

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
        " UPDATE letter SET id = NEW.id + 500 WHERE id = NEW.id; END",
    ),
    "postgresql": (
        "CREATE TABLE trail (id SERIAL PRIMARY KEY, letter INTEGER)",
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO trail (letter) VALUES (NEW.id); RETURN NEW; END $$",
        "CREATE TRIGGER follow AFTER INSERT ON letter FOR EACH ROW EXECUTE FUNCTION follow()",
        "CREATE FUNCTION rekey() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.id := NEW.id + 500; RETURN NEW; END $$",
        "CREATE TRIGGER rekey BEFORE INSERT ON letter FOR EACH ROW EXECUTE FUNCTION rekey()",
    ),
    "mariadb": (
        "CREATE TABLE trail (id INTEGER PRIMARY KEY AUTO_INCREMENT, letter INTEGER)",
        "CREATE TRIGGER follow AFTER INSERT ON letter FOR EACH ROW"
        " INSERT INTO trail (letter) VALUES (NEW.id)",
        "CREATE TRIGGER rekey BEFORE INSERT ON letter FOR EACH ROW SET NEW.id = NEW.id + 500",
    ),
}


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> ProjectFolder:
    """The project, with its tables, triggers, and rows of somebody's own beside."""
    made = ProjectFolder(tmp_path / "archive", database_url)
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
