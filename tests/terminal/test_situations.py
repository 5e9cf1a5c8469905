"""Whatever a command says, on terminals of several widths: no word is broken, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder
from support.terminal import on_terminal, require_whole_words

MODELS = """
table("department_of_the_clinic", key(), Column("name_of_the_department", String(40)))
table(
    "appointment",
    key(),
    Column("department_of_the_clinic_id", ForeignKey("department_of_the_clinic.id")),
    Column("remark_of_the_patient", String(40)),
)
"""
CHANGED = """
table("department_of_the_clinic", key(), Column("name_of_the_department", String(40)))
table(
    "appointment",
    key(),
    Column("department_of_the_clinic_id", ForeignKey("department_of_the_clinic.id")),
    Column("note_of_the_person_at_the_desk", String(40), nullable=False, unique=True),
    Column("priority_of_the_appointment", Integer, nullable=False),
)
"""
BROKEN = "op.execute('INSERT INTO a_table_that_is_not_there_at_all (a, b, c) VALUES (1, 2, 3)')"
# Arguments, and whether the answer is a table, which is laid out in another way where it is wide.
SITUATIONS: dict[str, tuple[list[str], bool]] = {
    "open questions": (["makemigrations", "--no-input"], False),
    "what is missing": (["makemigrations", "--check", "--no-input"], False),
    "loss by going back": (["migrate", "zero"], False),
    "plan of going back": (["migrate", "zero", "--plan"], False),
    "no such revision": (["migrate", "0009_of_another_branch_of_the_project"], False),
    "failing checks": (["check"], False),
    "broken links": (["checklinks"], True),
    "history": (["showmigrations", "-v", "2", "--plan"], False),
    "no fixture": (["loaddata", "a_fixture_that_is_not_there.json"], False),
    "no model": (["seed", "ModelThatIsNotThere=10"], False),
    "no runs": (["seed", "--undo"], False),
    "environment": (["environment"], False),
    "versions": (["version", "-v", "2"], False),
    "no database": (["--database", "other_database_of_the_clinic", "migrate"], False),
    "two options": (["seed", "--append", "--replant"], False),
    "repair": (["repair", "0001_initial", "--reason", "a reason"], False),
    "flush": (["flush", "--plan"], True),
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """Two appointments, one of them in a department that is not there, and changed models."""
    folder = tmp_path_factory.mktemp("clinic")
    project = ProjectFolder(folder / "project", f"sqlite:///{folder / 'clinic.sqlite'}")
    project.models(MODELS)
    for command in (["makemigrations"], ["migrate"]):
        assert project.manage(*command).code == 0
    with project.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO appointment VALUES (1, NULL, 'a'), (2, 77, 'a')")
    project.models(CHANGED)
    return project


@pytest.mark.parametrize(("arguments", "table"), SITUATIONS.values(), ids=SITUATIONS)
def test_the_words_are_whole_and_the_same_at_each_width(
    clinic: ProjectFolder, arguments: list[str], table: bool
) -> None:
    said = []
    for width in (60, 80, 200):
        shown = on_terminal(clinic.folder, *arguments, width=width)
        require_whole_words(shown)
        text = re.sub(r"\b\d+ ms\b|\b\d\.\d\d s\b", "", " ".join(shown.lines))
        said.append([word for word in text.split() if not set(word) <= {"─"}])
    assert len(said[0]) > 1
    assert said[1] == said[2] or table
    assert said[0] == said[1] or table


def test_a_revision_that_fails(tmp_path: Path, new_database: Callable[[str], str]) -> None:
    project = ProjectFolder(tmp_path / "failing", new_database("sqlite")).write_history()
    project.revision("0001_a", None, BROKEN)
    shown = on_terminal(project.folder, "migrate", width=60)
    assert shown.code == 1
    require_whole_words(shown)
