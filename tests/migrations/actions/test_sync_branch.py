"""A database that was migrated on another branch: its files are found in git, and undone."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import GIT_USER, NOTE, ProjectFolder

from sqlalchemy_manage.migrations.actions import sync_branch as branches
from sqlalchemy_manage.migrations.actions.sync_branch import left_behind
from sqlalchemy_manage.migrations.revisions import git
from sqlalchemy_manage.migrations.revisions.history import read_history
from sqlalchemy_manage.project import Project

THEIRS = "op.add_column('note', sa.Column('grade', sa.Integer))"
MINE = "op.add_column('note', sa.Column('mine', sa.Integer))"
NO_GRADE = "op.drop_column('note', 'grade')"


def tables(app: ProjectFolder) -> dict[str, set[str]]:
    inspector = sa.inspect(app.engine)
    names = (n for n in inspector.get_table_names() if not n.startswith(("alembic", "sqlalchemy")))
    return {name: {c["name"] for c in inspector.get_columns(name)} for name in names}


def on_main(folder: Path, url: str) -> ProjectFolder:
    """One revision on the branch main, applied."""
    app = ProjectFolder(folder, url).write_history()
    app.git("init", "-qb", "main")
    app.revision("0001_note", None, NOTE, "op.drop_table('note')")
    app.commit("note")
    app.done("migrate")
    return app


def switched(app: ProjectFolder) -> str:
    """Two revisions of another branch applied, and back on main, which has one of its own."""
    app.git("switch", "-qc", "grades")
    app.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    app.commit("grade")
    extra = "op.create_table('extra', sa.Column('id', sa.Integer, primary_key=True))"
    app.revision("0003_extra", "0002_grade", extra, "op.drop_table('extra')")
    commit = app.commit("extra")
    app.done("migrate")
    app.git("switch", "-q", "main")
    app.revision("0002_mine", "0001_note", MINE, "op.drop_column('note', 'mine')")
    app.commit("mine")
    return commit


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ProjectFolder:
    return on_main(tmp_path / "project", database_url)


@pytest.fixture
def local(tmp_path: Path) -> ProjectFolder:
    return on_main(tmp_path / "project", f"sqlite:///{tmp_path / 'local.sqlite'}")


def test_migrate_names_branch_and_commit_and_sync_branch_goes_back_through_them(
    app: ProjectFolder,
) -> None:
    commit = switched(app)
    app.execute("INSERT INTO note (id, grade) VALUES (1, 5), (2, NULL)")
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "The database is at 0003_extra, and no revision file has that id." in refused.stderr
    assert f"  0003_extra: branch grades, commit {commit} of " in refused.stderr
    assert "by Ann (migrations/versions/0003_extra.py)" in refused.stderr
    assert "  0002_grade: branch grades, commit " in refused.stderr
    assert "manage.py migrate --sync-branch" in refused.stderr
    assert app.heads() == {"0003_extra"}

    plan = app.done("migrate", "--sync-branch", "--plan")
    assert plan.stdout.splitlines()[0] == "undo   0003_extra  About 0003_extra."
    assert f"found: branch grades, commit {commit}" in plan.stdout
    assert "destructive: drops column note.grade with 1 value in 2 rows" in plan.stdout
    assert plan.stdout.splitlines()[-3:-1] == [
        "apply  0002_mine  About 0002_mine.",
        "         + add column note.mine",
    ]
    assert app.heads() == {"0003_extra"}

    done = app.done("migrate", "--sync-branch")
    told = [line.strip().partition(" ...")[0] for line in done.stderr.splitlines()]
    assert [line for line in told if line.startswith(("Undoing 0", "Applying"))] == [
        "Undoing 0003_extra",
        "Undoing 0002_grade",
        "Applying 0002_mine",
    ]
    assert f"0003_extra: branch grades, commit {commit}" in done.stderr
    assert app.heads() == {"0002_mine"}
    assert tables(app) == {"note": {"id", "mine"}}
    assert app.query("SELECT id FROM note ORDER BY id") == [(1,), (2,)]
    assert app.git("status", "--porcelain") == ""
    assert app.manage("migrate", "--sync-branch").stderr.startswith("Nothing to do")


def test_of_a_merge_only_the_other_side_is_undone(app: ProjectFolder) -> None:
    app.revision("0002_mine", "0001_note", MINE, "op.drop_column('note', 'mine')")
    app.commit("mine")
    app.git("switch", "-qc", "grades")
    app.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    app.revision("0003_both", ("0002_mine", "0002_grade"))
    app.commit("joined")
    app.done("migrate")
    app.git("switch", "-q", "main")
    app.done("migrate", "--sync-branch")
    assert app.heads() == {"0002_mine"}
    assert tables(app) == {"note": {"id", "mine"}}


def test_of_two_heads_the_one_that_is_here_stays(local: ProjectFolder) -> None:
    local.revision("0002_mine", "0001_note", MINE, "op.drop_column('note', 'mine')")
    local.commit("mine")
    local.git("switch", "-qc", "grades")
    local.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    local.commit("grade")
    local.done("migrate", "heads")
    assert local.heads() == {"0002_mine", "0002_grade"}
    local.git("switch", "-q", "main")
    local.done("migrate", "--sync-branch")
    assert local.heads() == {"0002_mine"}


def test_what_fails_half_way_leaves_a_database_from_which_it_goes_on(app: ProjectFolder) -> None:
    app.git("switch", "-qc", "grades")
    app.revision("0002_grade", "0001_note", THEIRS, "raise_it()")
    app.revision("0003_empty", "0002_grade", "pass")
    app.commit("grade")
    app.done("migrate")
    app.git("switch", "-q", "main")
    failed = app.manage("migrate", "--sync-branch")
    assert failed.code == 1
    assert "0002_grade failed: NameError" in failed.stderr
    assert "accept it there: manage.py repair 0002_grade --reason TEXT\n" in failed.stderr
    assert app.heads() == {"0002_grade"}
    app.git("switch", "-q", "grades")
    app.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    app.commit("mended")
    app.done("repair", "0002_grade", "--reason", "its downgrade failed")
    app.git("switch", "-q", "main")
    assert "Undoing 0002_grade ... OK" in app.done("migrate", "--sync-branch").stderr
    assert tables(app) == {"note": {"id"}}


def test_one_that_cannot_be_undone_stops_it_before_anything_runs(local: ProjectFolder) -> None:
    local.git("switch", "-qc", "grades")
    local.revision("0002_grade", "0001_note", THEIRS, None)
    local.revision("0003_empty", "0002_grade", "pass")
    local.commit("grade")
    local.done("migrate")
    local.git("switch", "-q", "main")
    refused = local.manage("migrate", "--sync-branch")
    assert refused.code == 1
    assert "0002_grade cannot be undone: it has no downgrade()" in refused.stderr
    assert local.heads() == {"0003_empty"}


def left(app: ProjectFolder) -> branches.BranchToLeave:
    with app.imported_anew():
        found = left_behind(
            Project("staff_settings"), read_history(app.versions), tuple(app.heads())
        )
    assert found is not None
    return found


def stash(app: ProjectFolder) -> str:
    app.git("stash", "-q", "--include-untracked")
    return "the stash"


def older_stash(app: ProjectFolder) -> str:
    app.git("stash", "-q", "--include-untracked")
    (app.folder / "other").touch()
    app.git("stash", "-q", "--include-untracked")
    return "on no branch any more"


def deleted_branch(app: ProjectFolder) -> str:
    app.git("switch", "-qc", "gone")
    app.commit("grade")
    app.git("switch", "-q", "main")
    app.git("branch", "-qD", "gone")
    return "on no branch any more"


def deleted_file(app: ProjectFolder) -> str:
    app.commit("grade")
    (app.versions / "0002_grade.py").unlink()
    app.commit("no grade")
    return "branch main"


def overruled_by_a_merge(app: ProjectFolder) -> str:
    app.git("switch", "-qc", "side")
    app.commit("grade")
    app.git("switch", "-q", "main")
    app.git("merge", "-q", "-s", "ours", "side", "-m", "ours")
    app.git("branch", "-qD", "side")
    app.git("reflog", "expire", "--expire=now", "--all")
    return "branch main"


def tag(app: ProjectFolder) -> str:
    app.git("switch", "-qc", "gone")
    app.commit("grade")
    app.git("tag", "v1")
    app.git("switch", "-q", "main")
    app.git("branch", "-qD", "gone")
    return "tag v1"


def remote_branch(app: ProjectFolder) -> str:
    app.git("switch", "-qc", "gone")
    app.commit("grade")
    app.git("update-ref", "refs/remotes/origin/grades", "HEAD")
    app.git("switch", "-q", "main")
    app.git("branch", "-qD", "gone")
    return "branch origin/grades"


def in_another_folder(app: ProjectFolder) -> str:
    app.git("switch", "-qc", "moved")
    (app.folder / "elsewhere").mkdir()
    (app.versions / "0002_grade.py").rename(app.folder / "elsewhere" / "a_0002_grade_b.py")
    app.commit("grade")
    app.git("switch", "-q", "main")
    return "branch moved"


@pytest.mark.parametrize(
    "hide",
    [
        stash,
        older_stash,
        deleted_branch,
        deleted_file,
        overruled_by_a_merge,
        tag,
        remote_branch,
        in_another_folder,
    ],
    ids=lambda function: function.__name__,
)
def test_wherever_git_has_the_file(
    local: ProjectFolder, hide: Callable[[ProjectFolder], str]
) -> None:
    path = local.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    text = path.read_text()
    local.done("migrate")
    where = hide(local)
    assert not path.exists()
    (source,) = left(local).sources
    assert source.text == text
    assert source.origin.startswith(f"{where}, commit ")


def test_the_newest_version_of_the_file_and_of_the_folder_of_the_project(
    local: ProjectFolder,
) -> None:
    local.git("switch", "-qc", "grades")
    local.revision("0002_grade", "0001_note", THEIRS, "old()")
    local.commit("old")
    newest = local.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    text = newest.read_text()
    local.commit("new")
    local.done("migrate")
    other = local.folder / "other"
    other.mkdir()
    newest.rename(other / newest.name).write_text(text + "# of another project\n")
    local.commit("elsewhere")
    local.git("switch", "-q", "main")
    (source,) = left(local).sources
    assert source.text == text


@pytest.mark.parametrize("missing", ["git", "repository", "commits"])
def test_without_git_the_choices_are_named(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path / 'x.sqlite'}").write_history()
    app.revision("0001_note", None, NOTE)
    app.done("migrate")
    app.execute("UPDATE alembic_version SET version_num = '0009_gone'")
    if missing == "git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif missing == "commits":
        app.git("init", "-q")
    else:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for arguments in ([], ["--sync-branch"], ["--plan", "--sync-branch"]):
        result = app.manage("migrate", *arguments)
        assert result.code == 1
        assert "is at 0009_gone" in result.stderr
        assert "0009_gone: not found in git\n" in result.stderr
        for choice in ("git fetch --all", "migrate --fake REVISION", "restore a backup"):
            assert choice in result.stderr
        assert "fatal" not in result.stderr


def test_a_file_of_that_name_with_another_id_is_not_taken(local: ProjectFolder) -> None:
    local.git("switch", "-qc", "other")
    path = local.revision("0002_grade", "0001_note")
    path.write_text(path.read_text().replace("'0002_grade'", "'0002_other'"))
    local.commit("other")
    local.git("switch", "-q", "main")
    local.execute("UPDATE alembic_version SET version_num = '0002_grade'")
    assert left(local).lost == ("0002_grade",)
    for hostile in ("../../etc/passwd", "--output=x", "*", ""):
        assert git.from_git([local.versions], [hostile]).keys() <= {hostile}
        assert branches.sources_of_missing(None, [hostile]) == {}  # type: ignore[arg-type]


def test_nothing_in_a_repository_steers_the_terminal(
    local: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.git("switch", "-qc", "other")
    path = local.revision("0002_grade", "0001_note", "op.execute('SELECT 1 -- \x1b[2J')")
    path.write_text(path.read_text().replace("About", "\x1b]0;About\x07"))
    monkeypatch.setitem(GIT_USER, "GIT_AUTHOR_NAME", "A\x1b[31mnn")
    local.commit("other")
    local.done("migrate")
    local.git("switch", "-q", "main")
    refused = local.manage("migrate")
    plan = local.done("migrate", "--sync-branch", "--plan")
    assert "by A\N{REPLACEMENT CHARACTER}[31mnn" in refused.stderr
    assert "0;About" in plan.stdout
    local.execute("UPDATE alembic_version SET version_num = '0002\x1b[2J'")
    for result in (refused, plan, local.manage("migrate"), local.manage("check")):
        assert "\x1b" not in result.stdout + result.stderr


def test_a_hook_of_git_may_ask(local: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    local.git("switch", "-qc", "grades")
    local.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    local.commit("grade")
    local.done("migrate")
    local.git("switch", "-q", "main")
    monkeypatch.setenv("GIT_DIR", ".git")
    assert [source.revision.id for source in left(local).sources] == ["0002_grade"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "arguments", "done"),
    [
        ("y\n", [], True),
        ("\n", [], False),
        ("n\n", ["--sync-branch"], False),
        ("y\n", ["--sync-branch"], True),
        ("", ["--sync-branch", "--no-input"], True),
        ("", ["--no-input"], False),
    ],
)
def test_on_a_terminal_the_code_runs_when_somebody_says_so(
    local: ProjectFolder,
    typed: str,
    arguments: list[str],
    done: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = switched(local)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert local.manage("migrate", "--check", *arguments).code == 1
    assert local.heads() == {"0003_extra"}
    result = local.manage("migrate", *arguments)
    assert (result.code == 0) is done, result
    assert (local.heads() == {"0002_mine"}) is done
    assert f"commit {commit}" in result.stderr
    assert ("running the code" in result.stderr) is ("--no-input" not in arguments)


EVIL = "op.drop_table('note')"


def test_what_was_applied_is_undone_by_the_text_of_then(app: ProjectFolder) -> None:
    """A version that was committed later is not run: in git, or else in the ledger."""
    app.git("switch", "-qc", "grades")
    app.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    app.commit("as it is applied")
    app.revision("0003_more", "0002_grade", THEIRS.replace("grade", "more"), "pass")
    app.done("migrate")  # as nobody commits it
    app.revision("0002_grade", "0001_note", THEIRS, EVIL)
    app.revision("0003_more", "0002_grade", THEIRS.replace("grade", "more"), EVIL)
    app.commit("edited after it was applied")
    app.git("switch", "-q", "main")
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "0003_more: as it was applied, kept in the database's ledger; another" in refused.stderr
    assert "Or restore them if deleted by mistake" in refused.stderr
    done = app.done("migrate", "--sync-branch")
    assert "another version is in git: branch grades, commit " in done.stderr
    assert tables(app) == {"note": {"id", "more"}}
    assert app.heads() == {"0001_note"}


@pytest.mark.parametrize("differs", ["downgrade", "place"])
def test_a_file_that_differs_is_not_run_where_nobody_has_the_one_applied(
    local: ProjectFolder, differs: str
) -> None:
    local.git("switch", "-qc", "grades")
    local.revision("0002_empty", "0001_note")
    local.revision("0003_grade", "0002_empty", THEIRS, NO_GRADE)
    local.done("migrate")
    if differs == "downgrade":
        local.revision("0003_grade", "0002_empty", THEIRS, EVIL)
    else:
        local.revision("0003_grade", "0001_note", THEIRS, NO_GRADE)
    local.commit("grades")
    local.git("switch", "-q", "main")
    local.execute("UPDATE sqlalchemy_manage_ledger SET source = NULL")
    for arguments in ([], ["--sync-branch"], ["--sync-branch", "--plan"]):
        refused = local.manage("migrate", *arguments)
        assert refused.code == 1
        assert "(migrations/versions/0003_grade.py), which differs from what was" in refused.stderr
    assert "grade" in tables(local)["note"]
    # Where the ledger does not know what was applied there is nothing to differ from.
    local.execute("DELETE FROM sqlalchemy_manage_ledger WHERE revision = '0003_grade'")
    assert local.manage("migrate", "--sync-branch", "--plan").code == 0


def test_deleted_files_are_restored_as_advised(local: ProjectFolder) -> None:
    paths = [
        local.revision("0002_grade", "0001_note", THEIRS, NO_GRADE),
        local.revision("0003_more", "0002_grade"),
    ]
    texts = [path.read_text() for path in paths]
    local.done("migrate")
    for path in paths:
        path.unlink()
    refused = local.manage("migrate")
    advised = "manage.py repair 0002_grade 0003_more --restore"
    assert f"Or restore them if deleted by mistake: {advised}\n" in refused.stderr
    local.done(*advised.split()[1:])
    assert [path.read_text() for path in paths] == texts
    assert local.done("migrate").stderr.startswith("Nothing to do")


def test_nothing_is_left_in_the_temporary_folder(
    local: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(local)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    local.done("migrate", "--sync-branch")
    assert os.listdir(place) == []


def test_fake_forgets_a_revision_that_has_no_file(app: ProjectFolder) -> None:
    app.revision("0002_mine", "0001_note", MINE)
    app.execute("UPDATE alembic_version SET version_num = '0009_gone'")
    for unclear in (["-1"], []):
        wrong = app.manage("migrate", "--fake", *unclear)
        assert wrong.code == 2
        assert "is unclear" in wrong.stderr
    for look in ("--check", "--plan"):
        assert app.manage("migrate", "--fake", "0001", look).code == 1
    assert app.heads() == {"0009_gone"}
    result = app.done("migrate", "--fake", "0001")
    assert "the database is at 0001_note" in result.stderr
    assert app.heads() == {"0001_note"}
    assert "Applying 0002_mine ... OK" in app.done("migrate").stderr
    app.execute("UPDATE alembic_version SET version_num = '0009_gone'")
    app.done("migrate", "--fake", "zero")
    assert app.heads() == set()
    assert "note" in tables(app)


def test_without_git_the_ledger_has_the_file(tmp_path: Path, database_url: str) -> None:
    app = ProjectFolder(tmp_path / "project", database_url).write_history()
    app.revision("0001_note", None, NOTE, "op.drop_table('note')")
    app.revision("0002_grade", "0001_note", THEIRS, NO_GRADE)
    app.done("migrate")
    (app.versions / "0002_grade.py").unlink()
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "0002_grade: as it was applied, kept in the database's ledger" in refused.stderr
    assert "Undoing 0002_grade ... OK" in app.done("migrate", "--sync-branch").stderr
    assert tables(app) == {"note": {"id"}}
    assert app.revisions == ["0001_note.py"]
