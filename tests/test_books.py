"""The tool knows no app: another project, other keys, the same path to proven links."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from support.databases import user_tables
from support.programs import ROOT, Result, run


def test_the_whole_path(
    copy_project: Callable[[str], Path], database_url: str, engine: sa.Engine
) -> None:
    folder = copy_project("books")
    assert sorted(path.name for path in folder.iterdir()) == ["books", "manage.py", "settings.py"]

    def manage(*args: object, code: int = 0) -> Result:
        result = run(folder, "manage.py", *args, url=database_url)
        assert result.code == code, result
        return result

    made = manage("makemigrations")
    assert made.stdout == "migrations/versions/0001_initial.py\n"
    prepared = manage("prepare")
    assert "links ok" in prepared.stdout
    counts = dict(re.findall(r"^(lib_\w+) +(\d+)$", prepared.stdout, re.M))
    assert set(counts) == user_tables(engine)
    assert all(int(count) > 0 for count in counts.values())
    manage("makemigrations", "--check")
    manage("check")

    # A string key, a composite foreign key, a link to oneself: seeded, dumped, loaded back.
    manage("seed", "--random-seed", "3", "Book=20", "Chapter=30", "Author=9")
    dumped = manage("dumpdata").stdout
    fixture = folder / "all.json"
    fixture.write_text(dumped)
    models = {record["model"] for record in json.loads(dumped)}
    assert {"books.author", "books.book", "books.chapter", "books.lib_book_tag"} <= models
    manage("migrate", "zero", "--allow-data-loss")
    assert user_tables(engine) == set()
    manage("migrate")
    manage("makemigrations", "--check")
    manage("loaddata", fixture)
    assert manage("dumpdata").stdout == dumped

    counted = manage("shell", "-c", "print(session.scalar(select(func.count(Chapter.position))))")
    assert int(counted.stdout) == int(counts["lib_chapter"]) + 30

    # A chapter without its book: half of the composite key exists, the whole does not.
    with engine.begin() as connection:
        off = {
            "sqlite": "PRAGMA foreign_keys=OFF",
            "postgresql": "SET session_replication_role = replica",
            "mariadb": "SET foreign_key_checks = 0",
        }
        connection.exec_driver_sql(off[engine.dialect.name])
        connection.exec_driver_sql(
            "INSERT INTO lib_chapter (book_shelf, book_number, position, heading) "
            "VALUES ('A', 4711, 1, 'Lost')"
        )
    broken = manage("checklinks", code=1)
    assert (
        "lib_chapter (book_shelf='A', book_number=4711, position=1): "
        "no lib_book with shelf='A', number=4711 (dangling)" in broken.stdout
    )


def test_the_tool_names_no_app() -> None:
    for path in (ROOT / "sqlalchemy_manage").rglob("*"):
        if path.suffix in (".py", ".mako"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\bhr\b", text), path
            assert not re.search(r"^\s*(from|import) (hr|settings|tests)\b", text, re.M), path
