"""makemigrations --update, and what the files of makemigrations look like."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import Result, run


@pytest.fixture
def project(copy_project: Callable[[str], Path]) -> Path:
    return copy_project("bare")


@pytest.fixture
def manage(project: Path, database_url: str) -> Callable[..., Result]:
    return lambda *args: run(project, "manage.py", *args, url=database_url)


def add_column(project: Path, column: str) -> None:
    models = project / "notes" / "models.py"
    text = models.read_text()
    models.write_text(text.replace("    text: Mapped", f"    {column}\n    text: Mapped", 1))


def versions(project: Path) -> dict[str, str]:
    folder = project / "migrations" / "versions"
    return {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}


BODY = "body: Mapped[str | None] = mapped_column(String(9))"
GRADE = "grade: Mapped[int | None]"


def test_an_unapplied_revision_takes_more(
    project: Path, manage: Callable[..., Result], engine: sa.Engine
) -> None:
    assert manage("makemigrations").code == 0
    assert manage("migrate").code == 0
    refused = manage("makemigrations", "--update")
    assert refused.code == 1
    assert "0001_initial, the newest revision, is already applied" in refused.stderr
    add_column(project, BODY)
    assert manage("makemigrations").stdout == "migrations/versions/0002_note_body.py\n"
    path = project / "migrations" / "versions" / "0002_note_body.py"
    hand = "def upgrade() -> None:\n    # by hand\n"
    path.write_text(path.read_text().replace("def upgrade() -> None:\n", hand))
    before = versions(project)
    assert manage("makemigrations", "--update").stdout == ""
    add_column(project, GRADE)
    dry = manage("makemigrations", "--update", "--dry-run")
    assert '"body"' in dry.stdout and '"grade"' in dry.stdout
    assert "ADD COLUMN grade INTEGER;" in dry.stdout
    assert versions(project) == before
    done = manage("makemigrations", "--update")
    assert done.stdout == "migrations/versions/0002_note_body.py\n", done
    text = versions(project)["0002_note_body.py"]
    assert text.startswith(
        '"""Several changes: 2 operations.\n\n'
        '+ add column note.body\n+ add column note.grade\n"""\n'
    )
    assert "# by hand" in text and text.index('"body"') < text.index('"grade"')
    assert set(versions(project)) == set(before)
    for target in ("0002", "0001", "0002"):
        assert manage("migrate", target).code == 0
    assert manage("makemigrations", "--check").code == 0
    assert {"body", "grade"} <= {c["name"] for c in sa.inspect(engine).get_columns("note")}


def test_the_file_is_as_a_person_would_write_it(
    project: Path, new_database: Callable[[str], str]
) -> None:
    made = run(project, "manage.py", "makemigrations", url=new_database("sqlite"))
    assert made.code == 0, made
    text = versions(project)["0001_initial.py"]
    assert "### commands auto generated" not in text
    assert '    op.create_table(\n        "note",\n        sa.Column("id"' in text
    doc = ast.get_docstring(ast.parse(text))
    assert doc == "Initial: 2 operations.\n\n+ create table note\n+ create table comment"
    assert all(len(line) <= 88 for line in text.splitlines())


@pytest.mark.parametrize("entry", [("manage.py", "makemigrations"), ("-m", "alembic")])
def test_what_cannot_be_written_leaves_no_file(
    project: Path, new_database: Callable[[str], str], entry: tuple[str, str]
) -> None:
    url = new_database("sqlite")
    assert run(project, "manage.py", "makemigrations", url=url).code == 0
    assert run(project, "manage.py", "migrate", url=url).code == 0
    (project / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n'
    )
    models = project / "notes" / "models.py"
    models.write_text(
        models.read_text()
        + "\n\nfrom sqlalchemy import Column, Integer, Table\n\nTable('odd', Base.metadata, "
        "Column('id', Integer, primary_key=True), mysql_engine=object())\n"
    )
    before = versions(project)
    more = ("revision", "--autogenerate") if entry[0] == "-m" else ()
    failed = run(project, *entry, *more, url=url)
    assert failed.code not in (0, None)
    words = failed.stderr + failed.stdout
    assert "mysql_engine=<object object at" in words
    assert "__repr__" in words and "Traceback" not in words
    assert versions(project) == before
