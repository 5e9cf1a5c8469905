"""makemigrations: the difference between models and database as one numbered file, or none."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.programs import Result, run


@pytest.fixture
def project(copy_project: Callable[[str], Path]) -> Path:
    """The bare project: models, and no migrations yet."""
    return copy_project("bare")


@pytest.fixture
def manage(project: Path, database_url: str) -> Callable[..., Result]:
    return lambda *args: run(project, "manage.py", *args, url=database_url)


def edit(project: Path, old: str, new: str) -> None:
    models = project / "notes" / "models.py"
    assert old in models.read_text()
    models.write_text(models.read_text().replace(old, new))


def files(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "migrations" / "versions").glob("*.py"))


def test_from_no_migrations_to_a_changed_model(
    project: Path, manage: Callable[..., Result]
) -> None:
    first = manage("makemigrations")
    assert first.code == 0, first
    assert first.stdout == "migrations/versions/0001_initial.py\n"
    assert "+ create table note" in first.stderr
    assert (project / "migrations" / "env.py").exists()
    assert manage("migrate").code == 0

    unchanged = manage("makemigrations")
    assert (unchanged.code, unchanged.stdout) == (0, "")
    assert "No changes detected." in unchanged.stderr
    assert manage("makemigrations", "--check").code == 0
    assert files(project) == ["0001_initial.py"]

    column = "    body: Mapped[str | None] = mapped_column(String(9))\n"
    edit(project, "    text: Mapped", column + "    text: Mapped")
    checked = manage("makemigrations", "--check")
    assert (checked.code, checked.stdout) == (1, "")
    assert "+ add column note.body" in checked.stderr
    dry = manage("makemigrations", "--dry-run")
    assert dry.code == 0
    assert 'revision = "0002_note_body"' in dry.stdout
    text, _, sql = dry.stdout.partition("\n-- SQL for default:\n")
    assert ast.parse(text)
    assert sql.startswith("ALTER TABLE note ADD COLUMN ") and sql.endswith(";\n")
    assert files(project) == ["0001_initial.py"]

    assert manage("makemigrations").stdout == "migrations/versions/0002_note_body.py\n"
    # It is not applied yet: another comparison would repeat it.
    again = manage("makemigrations")
    assert again.code == 1
    assert "is not at 0002_note_body" in again.stderr
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0
    assert manage("migrate", "zero").code == 0
    assert manage("migrate").code == 0


def test_a_name_and_an_empty_revision(project: Path, manage: Callable[..., Result]) -> None:
    named = manage("makemigrations", "-n", "First tables")
    assert named.stdout == "migrations/versions/0001_first_tables.py\n"
    empty = manage("makemigrations", "--empty", "-n", "fill in")
    assert empty.stdout == "migrations/versions/0002_fill_in.py\n"
    text = (project / empty.stdout.strip()).read_text()
    assert 'down_revision = "0001_first_tables"' in text
    assert "op." not in text.replace("from alembic import op", "")
    assert manage("migrate").code == 0


def test_the_database_is_only_read(project: Path, new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    file = Path(url.removeprefix("sqlite:///"))
    assert run(project, "manage.py", "makemigrations", url=url).code == 0
    assert not file.exists()
    assert run(project, "manage.py", "check", url=url).code == 1
    assert run(project, "manage.py", "showmigrations", url=url).code == 0
    assert not file.exists()


def test_two_heads_are_refused(project: Path, manage: Callable[..., Result]) -> None:
    assert manage("makemigrations").code == 0
    versions = project / "migrations" / "versions"
    for name in ("0002_alice", "0002_bob"):
        (versions / f"{name}.py").write_text(
            f'revision = "{name}"\ndown_revision = "0001_initial"\n'
            "def upgrade(): pass\ndef downgrade(): pass\n"
        )
    for command in ("makemigrations", "migrate"):
        result = manage(command)
        assert result.code == 1
        assert "0002_alice and 0002_bob" in result.stderr
        assert "alembic merge 0002_alice 0002_bob" in result.stderr
    assert manage("check").code == 1


def test_a_folder_that_cannot_be_written_leaves_nothing(
    project: Path, new_database: Callable[[str], str]
) -> None:
    (project / "migrations").write_text("a file where the folder should be")
    result = run(project, "manage.py", "makemigrations", url=new_database("sqlite"))
    assert result.code == 1
    assert "Cannot write" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_app_without_models_is_pointed_out(
    project: Path, new_database: Callable[[str], str]
) -> None:
    (project / "notes" / "models.py").write_text("")
    result = run(project, "manage.py", "makemigrations", url=new_database("sqlite"))
    assert result.code == 1
    assert "No models were found in notes" in result.stderr


@pytest.mark.parametrize("gone", ["migrations/versions/0001_initial.py", "migrations"])
def test_a_database_whose_revisions_have_no_files(
    project: Path, manage: Callable[..., Result], gone: str
) -> None:
    assert manage("makemigrations").code == 0
    assert manage("migrate").code == 0
    path = project / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    refused = manage("makemigrations")
    assert refused.code == 1
    assert refused.stderr.startswith("Error: The database is at 0001_initial, and no revision file")
    assert "manage.py migrate looks for it in git" in refused.stderr
    assert not path.exists()
