"""rollback, redo, relative targets, and what cannot be undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import Result
from support.project import NOTE, ProjectFolder


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ProjectFolder:
    return line(tmp_path, database_url)


@pytest.fixture
def local(tmp_path: Path) -> ProjectFolder:
    return line(tmp_path, f"sqlite:///{tmp_path / 'local.sqlite'}")


def line(folder: Path, url: str) -> ProjectFolder:
    """Three revisions in a line, applied."""
    app = ProjectFolder(folder / "project", url).write_history()
    app.revision("0001_note", None, NOTE, "op.drop_table('note')")
    for name, below, column in [
        ("0002_a", "0001_note", "a"),
        ("0003_b", "0002_a", "b"),
    ]:
        add = f"op.add_column('note', sa.Column({column!r}, sa.Integer))"
        app.revision(name, below, add, f"op.drop_column('note', {column!r})")
    app.done("migrate")
    return app


def diamond(app: ProjectFolder) -> None:
    """Two branches above 0003_b, joined again, applied."""
    app.revision("0004_left", "0003_b")
    app.revision("0004_right", "0003_b")
    app.revision("0005_join", ("0004_left", "0004_right"))
    app.done("migrate")


def columns(app: ProjectFolder) -> list[str]:
    return [column["name"] for column in sa.inspect(app.engine).get_columns("note")]


def told(result: Result) -> list[str]:
    """What was undone and applied, in order."""
    lines = (part.partition(" ...") for part in result.stderr.splitlines())
    return [what.strip() for what, dots, _ in lines if dots]


def test_rollback_and_redo(app: ProjectFolder) -> None:
    app.execute("INSERT INTO note (id, a, b) VALUES (1, 2, 3)")
    assert told(app.done("rollback")) == ["Undoing 0003_b"]
    assert (app.heads(), columns(app)) == ({"0002_a"}, ["id", "a"])
    app.done("migrate")
    assert told(app.done("redo", "2")) == [
        "Undoing 0003_b",
        "Undoing 0002_a",
        "Applying 0002_a",
        "Applying 0003_b",
    ]
    assert (app.heads(), columns(app)) == ({"0003_b"}, ["id", "a", "b"])
    assert app.query("SELECT id, a, b FROM note") == [(1, None, None)]
    assert told(app.done("rollback", "3"))[-1] == "Undoing 0001_note"
    assert app.heads() == set()


def test_plans_of_rollback_and_redo(local: ProjectFolder) -> None:
    local.execute("INSERT INTO note (id, b) VALUES (1, 3)")
    plan = local.done("rollback", "--plan").stdout
    assert plan.splitlines()[0] == "undo   0003_b  About 0003_b."
    assert "destructive: drops column note.b with 1 value in 1 row" in plan
    both = json.loads(local.done("redo", "2", "--plan", "--json").stdout)["revisions"]
    assert [(r["direction"], r["id"]) for r in both] == [
        ("downgrade", "0003_b"),
        ("downgrade", "0002_a"),
        ("upgrade", "0002_a"),
        ("upgrade", "0003_b"),
    ]
    assert local.heads() == {"0003_b"}


@pytest.mark.parametrize("command", ["rollback", "redo"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["4"], "Cannot go back 4 revisions: 3 are applied."),
        (["0"], "0 is not in the range x>=1"),
        (["-1"], "No such option"),
        (["--json"], "--plan"),
    ],
)
def test_wrong_usage_of_rollback(
    local: ProjectFolder, command: str, arguments: list[str], says: str
) -> None:
    result = local.manage(command, *arguments)
    assert result.code == 2
    assert says in result.stderr
    assert local.heads() == {"0003_b"}


def test_steps_where_branches_meet(local: ProjectFolder) -> None:
    diamond(local)
    assert told(local.done("redo")) == ["Undoing 0005_join", "Applying 0005_join"]
    plan = json.loads(local.done("redo", "--plan", "--json").stdout)["revisions"]
    assert [r["id"] for r in plan] == ["0005_join", "0005_join"]
    for command in (["rollback", "2"], ["migrate", "-2"], ["redo", "2"]):
        result = local.manage(*command)
        assert result.code == 2
        assert "'-2' is unclear: there are several branches" in result.stderr
        assert local.heads() == {"0005_join"}
    assert told(local.done("migrate", "-4"))[-1] == "Undoing 0003_b"
    result = local.manage("migrate", "+3")
    assert (result.code, "'+3' is unclear" in result.stderr) == (2, True)
    local.done("migrate", "+4")
    local.done("rollback")
    # The ledger knows which was applied last.
    for command in (["migrate", "-1"], ["rollback"]):
        (undone,) = told(local.done(*command))
        assert undone.startswith("Undoing 0004_"), undone
        local.done("migrate")
        local.done("rollback")  # the merge
    local.done("migrate")


@pytest.mark.parametrize(
    ("downgrade", "reason"),
    [
        (None, "it has no downgrade()"),
        ("raise NotImplementedError", "downgrade() raises NotImplementedError"),
    ],
)
def test_what_cannot_be_undone_stops_all_before_anything_runs(
    local: ProjectFolder, downgrade: str | None, reason: str
) -> None:
    local.revision("0004_final", "0003_b", "pass", downgrade)
    local.revision("0005_more", "0004_final")
    local.done("migrate")
    for command in (["rollback", "2"], ["migrate", "zero"], ["redo", "2"]):
        result = local.manage(*command)
        assert result.code == 1
        assert f"0004_final cannot be undone: {reason}. Nothing was run." in result.stderr
        assert str(local.versions / "0004_final.py") in result.stderr
        assert local.heads() == {"0005_more"}
    local.done("migrate", "--fake", "0003")
    assert local.heads() == {"0003_b"}


def test_a_downgrade_from_elsewhere_is_run(local: ProjectFolder) -> None:
    path = local.revision("0004_helper", "0003_b", "pass", None)
    path.write_text(path.read_text() + "\n\ndowngrade = upgrade\n")
    local.done("migrate")
    assert told(local.done("rollback")) == ["Undoing 0004_helper"]


def test_a_downgrade_that_does_nothing_is_told(local: ProjectFolder) -> None:
    add = "op.add_column('note', sa.Column('c', sa.Integer))"
    local.revision("0004_c", "0003_b", add, "pass")
    local.done("migrate")
    result = local.done("rollback")
    assert "Warning: 0004_c is not undone: downgrade() does nothing" in result.stderr
    assert columns(local) == ["id", "a", "b", "c"]


def test_targets_that_are_reached_already(local: ProjectFolder) -> None:
    for target in ("head", "heads", "0003", "+0", "-0"):
        result = local.done("migrate", target)
        assert result.stderr == "Nothing to do: the database is at 0003_b.\n"
    local.done("migrate", "zero")
    result = local.done("migrate", "zero")
    assert result.stderr == "Nothing to do: the database is at before the first revision.\n"
    assert local.manage("rollback").code == 2


def test_a_hexadecimal_id_is_listed_with_its_message(local: ProjectFolder) -> None:
    local.revision("948e9931f412", "0003_b")
    listed = local.done("showmigrations").stdout.splitlines()
    assert listed[-2:] == ["[X] 0003_b", "[ ] 948e9931f412  About 948e9931f412."]


def test_nothing_is_undone_where_nothing_is_applied(local: ProjectFolder) -> None:
    local.done("migrate", "zero")
    for command in (["rollback"], ["rollback", "3"], ["redo"], ["migrate", "-1"]):
        refused = local.manage(*command)
        assert refused.code == 2
        assert refused.stderr == "Error: There is nothing to undo: no revision is applied.\n"


def test_fake_says_that_it_only_records(local: ProjectFolder) -> None:
    result = local.done("migrate", "--fake", "zero")
    assert "Undoing" not in result.stderr
    said = "Recorded as not applied, without undoing: 0003_b, 0002_a, 0001_note\n"
    assert said in result.stderr
    result = local.done("migrate", "--fake", "0002")
    assert "Applying" not in result.stderr
    assert "Recorded without running: 0001_note, 0002_a" in result.stderr
    assert columns(local) == ["id", "a", "b"]


def test_redo_needs_a_downgrade_that_undoes(local: ProjectFolder) -> None:
    """Else the way up would fail, with the database one revision lower."""
    local.revision("0004_c", "0003_b", "op.add_column('note', sa.Column('c', sa.Integer))", "pass")
    local.done("migrate")
    refused = local.manage("redo")
    assert refused.code == 1 and "add column note.c. Nothing was run." in refused.stderr, refused
    assert local.heads() == {"0004_c"}
    # What only writes rows may be written again.
    local.revision("0005_d", "0004_c", "op.execute('UPDATE note SET a = 1')", "pass")
    local.done("migrate")
    local.done("redo")
    assert local.heads() == {"0005_d"}
