"""Models that the project's database could not make: told before a revision is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

BEGINNING = 'table("note", key(), Column("rank", Integer))'
UNMAKEABLE = {
    "sqlite": [
        ("ARRAY(Integer)", "note.value: there is no type ARRAY", "Use a type that SQLite has"),
    ],
    "mariadb": [
        ("String", "note.value: VARCHAR requires a length", "such as String(255)"),
        ("String()", "note.value: VARCHAR requires a length", "such as String(255)"),
        ("ARRAY(Integer)", "note.value: there is no type ARRAY", "Use a type that MariaDB has"),
    ],
}
CASES = [(backend, *case) for backend, cases in UNMAKEABLE.items() for case in cases]


def models(project: ProjectFolder, kind: str) -> None:
    made = f'from sqlalchemy import ARRAY\ntable("note", key(), Column("value", {kind}))\n'
    project.models(made)


@pytest.mark.parametrize(("backend", "kind", "says", "hint"), CASES)
def test_a_new_table_is_not_written(
    backend: str,
    kind: str,
    says: str,
    hint: str,
    tmp_path: Path,
    new_database: Callable[[str], str],
) -> None:
    project = ProjectFolder(tmp_path / "notes", new_database(backend))
    models(project, kind)
    for option in ([], ["--scratch"]):
        result = project.manage("makemigrations", *option)
        assert result.code == 1
        assert says in result.stderr and hint in result.stderr, result
        assert "cannot make this column as the models declare it" in result.stderr
        assert " object at 0x" not in result.stderr
    assert project.revisions == []


@pytest.mark.parametrize(("backend", "kind", "says", "hint"), CASES)
def test_nor_is_a_new_column(
    backend: str,
    kind: str,
    says: str,
    hint: str,
    tmp_path: Path,
    new_database: Callable[[str], str],
) -> None:
    project = ProjectFolder(tmp_path / "notes", new_database(backend))
    project.models(BEGINNING)
    for command in ("makemigrations", "migrate"):
        assert project.manage(command).code == 0
    project.insert({"note": [{"id": 1, "rank": 1}]})
    project.models(
        "from sqlalchemy import ARRAY\n"
        f'table("note", key(), Column("rank", {kind}), Column("value", {kind}, nullable=False))'
    )
    result = project.manage("makemigrations")
    assert result.code == 1
    assert says in result.stderr and hint in result.stderr, result
    assert len(project.revisions) == 1
