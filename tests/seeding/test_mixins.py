"""What classes share: columns of two relationships, a table, a base of factories.

And what is left where rows are made one by one: the numbers of sequences, and true messages.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.programs import PROJECTS
from support.project import ProjectFolder, SeededFolder

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> ProjectFolder:
    made = SeededFolder(tmp_path / "mixins", database_url)
    for name in ("models.py", "factories.py", "seeds.py"):
        shutil.copy(PROJECTS / "mixins" / "staff" / name, made.folder / "staff")
    made.metadata.create_all(made.engine)
    return made


def test_a_shared_column_keeps_what_another_attribute_gives(project: ProjectFolder) -> None:
    project.done("seed", "Firm=1", "--random-seed", "1")
    project.done("seed", "Bill=2", "NoneBillFactory=2", "CorrectionFactory=2")
    bills = project.query("SELECT no, firm_id, corrects_no, payer_id FROM bill ORDER BY no")
    assert len(bills) == 8
    firms = {no: firm for no, firm, _, _ in bills}
    corrections = [row for row in bills if row[2] is not None]
    assert len(corrections) == 2
    assert all(firms[corrected] == firm for _, firm, corrected, _ in corrections)
    # A trait that is off leaves the column what the factory says.
    payers = {no: payer for no, _, _, payer in bills}
    others = {payers[no] for no, *_ in corrections}
    assert {payers[no] for no in payers if no not in {row[0] for row in corrections}} == {1}
    assert len(others) == 2 and 1 not in others
    project.done("checklinks")


def test_sequences_go_on_after_rows_made_one_by_one(project: ProjectFolder) -> None:
    for number, profile in enumerate(("objects", "declared"), 1):
        project.done("seed", profile)
        project.execute("INSERT INTO firm (name) VALUES ('mine')")
        assert len(project.query("SELECT id FROM firm")) == 3 * number
    project.done("seed", "wagons")
    project.execute("INSERT INTO wagon (kind, plate) VALUES ('sleeper', 'mine')")


def test_a_value_that_is_taken_in_a_shared_table_is_named(project: ProjectFolder) -> None:
    refused = project.manage("seed", "Tanker=2", "Sleeper=1")
    assert refused.code == 1
    assert "the database refuses wagon.plate = 'W0' (UNIQUE" in refused.stderr
    assert project.query("SELECT id FROM wagon") == []


def test_messages_say_what_is_left(project: ProjectFolder) -> None:
    for count, said in {
        "Firm=4": "failed at row 4: ValueError: the Iterator has no value left after 3, in 'name'",
        "EndingFirmFactory=2": "failed at row 2: an Iterator has no value left",
        "ObjectFirmFactory=3": "failed at row 3: AssertionError (",
        "BareSleeperFactory=2": "failed at row 2: ValueError: a sleeper has beds, in 'Sleeper()'",
    }.items():
        failed = project.manage("seed", count, "--commit-every", "2")
        assert failed.code == 1
        assert said in failed.stderr
        assert "Nothing was written." in failed.stderr
        assert project.query("SELECT id FROM firm") == []
    failed = project.manage("seed", "halves", "--commit-every", "2")
    assert failed.code == 1
    assert "Nothing was written" not in failed.stderr
    left = r"What was committed is run (\d); manage.py seed --undo \1 removes it\."
    assert re.search(left, failed.stderr)
    assert len(project.query("SELECT id FROM firm")) == 2
    project.done("seed", "--undo")
    assert project.query("SELECT id FROM firm") == []
    unknown = project.manage("seed", "ObjectFirm=2")
    assert unknown.code == 2
    assert "Name that one: ObjectFirmFactory." in unknown.stderr
