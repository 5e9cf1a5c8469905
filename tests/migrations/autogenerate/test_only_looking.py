"""What only looks reports every open question as a change, and none as answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.project import ProjectFolder

BEFORE = """
import enum


class State(enum.Enum):
    new = "new"
    old = "old"


STATE = Enum(State, create_constraint=True)
table("t", key(), Column("a", String(20)), Column("n", Integer), Column("state", STATE))
table("u", key(), Column("b", Integer))
"""
ROWS = (
    "INSERT INTO t (id, a, n, state) VALUES (1, 'x', NULL, 'old')",
    "INSERT INTO u (id, b) VALUES (1, 2)",
)


class Change(NamedTuple):
    """A change of the models that asks something, and what a check says of it."""

    old: str
    new: str
    says: tuple[str, ...]


CHANGES = {
    "a table goes": Change('table("u", key(), Column("b", Integer))', "", ("drop table u",)),
    "a table goes or is renamed": Change('"u"', '"v"', ("create table v", "drop table u")),
    "a column goes": Change(' Column("a", String(20)),', "", ("drop column t.a",)),
    "a column goes or is renamed": Change('"a"', '"b"', ("add column t.b", "drop column t.a")),
    "a column becomes computed": Change(
        'Column("b", Integer)', 'Column("b", Integer, Computed("id + 1"))', ("u.b",)
    ),
    "a column becomes NOT NULL": Change(
        'Column("n", Integer)', 'Column("n", Integer, nullable=False)', ("t.n",)
    ),
    "a column NOT NULL comes": Change(
        'Column("n", Integer)',
        'Column("n", Integer), Column("m", Integer, nullable=False)',
        ("add column t.m",),
    ),
    "a value goes": Change('    old = "old"\n', "", ("t.state", "old")),
    "a value goes or is renamed": Change('old = "old"', 'gone = "gone"', ("t.state", "gone")),
}


@pytest.fixture
def begun(tmp_path: Path, database_url: str) -> ProjectFolder:
    project = ProjectFolder(tmp_path / "project", database_url)
    project.begin(BEFORE)
    project.execute(*ROWS)
    return project


def test_each_open_question_is_a_change(begun: ProjectFolder) -> None:
    for name, change in CHANGES.items():
        assert BEFORE.count(change.old) == 1, name
        begun.models(BEFORE.replace(change.old, change.new))
        looked = begun.manage("makemigrations", "--check")
        assert looked.code == 1, (name, looked)
        assert all(words in looked.stderr for words in change.says), (name, looked)
        checked = begun.manage("check")
        assert checked.code == 1, (name, checked)
        assert all(words in checked.stdout for words in change.says), (name, checked)
        # Written is nothing before the question has an answer.
        assert begun.manage("makemigrations", "--no-input").code == 3, name
    begun.models(BEFORE)
    assert begun.manage("makemigrations", "--check").code == 0


@pytest.mark.parametrize("name", ["a table goes", "a column goes", "a value goes"])
def test_plain_alembic_sees_them_too(
    tmp_path: Path, new_database: Callable[[str], str], name: str
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("sqlite"))
    project.begin(BEFORE)
    project.execute(*ROWS)
    assert project.for_alembic().alembic("check").code == 0
    project.models(BEFORE.replace(CHANGES[name].old, CHANGES[name].new))
    result = project.alembic("check")
    assert result.code == 255 and "New upgrade operations detected" in str(result), result
