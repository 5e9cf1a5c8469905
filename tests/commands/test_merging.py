"""makemigrations --merge: two branches joined, with what both touch pointed out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.programs import Result, run

COLUMN = '    op.add_column("note", sa.Column("{}", sa.Integer()))\n'


@pytest.fixture
def project(copy_project: Callable[[str], Path]) -> Path:
    """The bare project with its first revision."""
    folder = copy_project("bare")
    made = run(folder, "manage.py", "makemigrations", url="sqlite://")
    assert made.code == 0, made
    return folder


@pytest.fixture
def manage(project: Path, database_url: str) -> Callable[..., Result]:
    return lambda *args: run(project, "manage.py", *args, url=database_url)


def branch(project: Path, name: str, upgrade: str) -> None:
    (project / "migrations" / "versions" / f"{name}.py").write_text(
        f'"""{name} by hand."""\nimport sqlalchemy as sa\nfrom alembic import op\n'
        f'revision = "{name}"\ndown_revision = "0001_initial"\n'
        f"def upgrade():\n{upgrade}\ndef downgrade():\n    pass\n"
    )


def files(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "migrations" / "versions").glob("*.py"))


def test_two_branches_are_joined(project: Path, manage: Callable[..., Result]) -> None:
    branch(project, "0002_alice", COLUMN.format("a"))
    branch(project, "0002_bob", COLUMN.format("b"))
    refused = manage("migrate")
    assert refused.code == 1
    assert "0002_alice and 0002_bob" in refused.stderr
    assert "\n  0002_alice: 20" in refused.stderr
    assert "manage.py makemigrations --merge" in refused.stderr
    dry = manage("makemigrations", "--merge", "--dry-run")
    assert dry.stdout.startswith('"""Merge 0002_alice and 0002_bob.\n')
    assert manage("makemigrations", "--merge", "--check").code == 1
    assert files(project) == ["0001_initial.py", "0002_alice.py", "0002_bob.py"]
    merged = manage("makemigrations", "--merge", "--no-input")
    assert merged.code == 0, merged
    assert merged.stdout == "migrations/versions/0003_merge_alice_bob.py\n"
    assert "2 heads since 0001_initial:" in merged.stderr
    assert "    + add column note.a\n" in merged.stderr
    assert "No two branches touch the same thing." in merged.stderr
    assert manage("migrate").code == 0
    assert manage("migrate", "zero").code == 0


def test_what_both_touch_is_an_open_question(project: Path, manage: Callable[..., Result]) -> None:
    branch(project, "0002_alice", COLUMN.format("a"))
    branch(project, "0002_bob", '    op.drop_table("note")\n')
    before = files(project)
    closed = manage("makemigrations", "--merge", "--no-input")
    assert closed.code == 3
    assert closed.stdout == ""
    assert "table note: 0002_alice: add column note.a; 0002_bob: drop table note" in closed.stderr
    assert "--merge-anyway" in closed.stderr
    assert files(project) == before
    done = manage("makemigrations", "--merge", "--merge-anyway", "-n", "join them", "--no-input")
    assert done.stdout == "migrations/versions/0003_join_them.py\n"
    text = (project / done.stdout.strip()).read_text()
    assert "Touched by more than one branch: table note." in text
    again = manage("makemigrations", "--merge")
    assert (again.code, again.stdout) == (0, "")
    assert "There is nothing to merge: the history has one head, 0003_join_them." in again.stderr
    assert "No changes" not in again.stderr


def test_nothing_to_merge_in_an_empty_history(
    copy_project: Callable[[str], Path], new_database: Callable[[str], str]
) -> None:
    done = run(
        copy_project("bare"), "manage.py", "makemigrations", "--merge", url=new_database("sqlite")
    )
    assert (done.code, done.stdout) == (0, "")
    assert "There is nothing to merge: the history has no revisions." in done.stderr
