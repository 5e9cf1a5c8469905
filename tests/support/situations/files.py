"""Revision files that are not as they were, or not here."""

from __future__ import annotations

from contextlib import AbstractContextManager
from unittest import mock

import sqlalchemy as sa

from sqlalchemy_manage.migrations.actions import repair
from sqlalchemy_manage.project import Project
from support.situations.table import ADD, FAIL, Advised, leads_out, said


def applied(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), undo='op.drop_column("item", "a")')
    app.step("0003_b")
    app.done("migrate")


@leads_out("CHECK_HISTORY")
def a_file_builds_on_nothing(app: Advised) -> None:
    app.items()
    path = app.revision("0002_a", "0001_bsae")
    app.told("migrate", code=1)
    path.unlink()
    app.step("0002_a")
    assert "ok       history" in app.follow(code=1).stdout  # it is not applied
    app.done("migrate")


@leads_out("CHECK_HISTORY")
def two_files_have_one_id(app: Advised) -> None:
    applied(app)
    copy = app.versions / "0004_copy.py"
    copy.write_text((app.versions / "0003_b.py").read_text())
    app.told("repair", "--restore", code=1)
    copy.unlink()
    assert "ok       migrations" in app.follow(code=1).stdout  # there are no models


@leads_out("REPAIR")
def a_file_was_edited(app: Advised) -> None:
    applied(app)
    app.step("0002_a", ADD.format("b"))
    app.told("migrate", code=1)
    found = app.follow(code=3)  # it asks: the difference, and the flags
    assert '+    op.add_column("item", sa.Column("b"' in found.stdout
    app.follow("--restore")
    app.done("migrate")


@leads_out("REPAIR")
def showmigrations_finds_a_file_edited(app: Advised) -> None:
    applied(app)
    app.step("0002_a", ADD.format("b"))
    app.told("showmigrations", code=0)
    app.follow("--reason", "of no importance")
    app.done("migrate")


@leads_out("REPAIR")
def a_file_that_others_build_on_is_gone(app: Advised) -> None:
    applied(app)
    for words in (("makemigrations",), ("rollback",), ("redo",), ("migrate", "zero")):
        (app.versions / "0002_a.py").unlink()
        app.told(*words, code=1)
        app.follow("--restore")
        assert (app.versions / "0002_a.py").exists()
    app.done("rollback")


@leads_out("REPAIR_AGAIN")
def files_change_while_they_are_repaired(app: Advised) -> None:
    applied(app)
    app.step("0002_a", ADD.format("b"))
    original = repair.writing

    def edited(project: Project) -> AbstractContextManager[sa.Connection]:
        app.step("0003_b", "x = 1")
        app.step("0002_a", ADD.format("a"), undo='op.drop_column("item", "a")')
        return original(project)

    with mock.patch.object(repair, "writing", edited):
        app.told("repair", "0002", "--reason", "why", code=1)
    app.follow(code=3)
    app.follow("--restore")
    app.done("migrate")


@leads_out("RESTORE_FILES")
def a_deleted_file_cannot_be_accepted(app: Advised) -> None:
    applied(app)
    (app.versions / "0002_a.py").unlink()
    app.told("repair", "--reason", "why", code=1, REVISION="0002_a")
    app.follow()
    app.done("migrate")


@leads_out("RESTORE_DELETED")
def the_newest_file_is_deleted(app: Advised) -> None:
    applied(app)
    text = (app.versions / "0003_b.py").read_text()
    (app.versions / "0003_b.py").unlink()
    app.told("migrate", code=1)
    app.follow()
    assert (app.versions / "0003_b.py").read_text() == text
    app.done("migrate")


def on_a_branch(app: Advised, undo: str = 'op.drop_column("item", "b")') -> None:
    app.items()
    app.git("init", "-qb", "main")
    app.commit("base")
    app.git("switch", "-qc", "other")
    app.step("0002_b", ADD.format("b"), undo=undo)
    app.commit("b")
    app.done("migrate")
    app.git("switch", "-q", "main")


@leads_out("LEAVE_BRANCH")
def the_database_is_on_another_branch(app: Advised) -> None:
    on_a_branch(app)
    app.told("migrate", code=1)
    app.follow()
    assert app.version == "0001_base" and app.columns == {"id", "n"}


@leads_out("LEAVE_BRANCH")
def nobody_has_the_file_until_it_is_fetched(app: Advised) -> None:
    applied(app)
    path = app.versions / "0003_b.py"
    text = path.read_text()
    path.unlink()
    app.execute("UPDATE sqlalchemy_manage_ledger SET source = NULL")
    app.told("migrate", code=1)
    app.git("init", "-q")
    path.write_text(text)
    app.commit("as fetched")
    path.unlink()
    app.follow()
    assert app.version == "0002_a"


@leads_out("ACCEPT_ON_BRANCH")
def a_revision_of_another_branch_cannot_be_undone(app: Advised) -> None:
    on_a_branch(app, FAIL)
    app.told("migrate", "--sync-branch", code=1, TEXT="mended")
    app.git("switch", "-q", "other")
    app.step("0002_b", ADD.format("b"), undo='op.drop_column("item", "b")')
    app.commit("mended")
    app.follow()
    app.git("switch", "-q", "main")
    app.done("migrate", "--sync-branch")
    assert app.version == "0001_base"


@leads_out("RECORD_MATCHING")
def a_revision_is_nowhere(app: Advised) -> None:
    applied(app)
    app.execute("UPDATE alembic_version SET version_num = '0009_gone'")
    app.told("migrate", code=1, REVISION="0003_b")
    app.follow()
    app.done("migrate")


@leads_out("RECORD_MATCHING")
def what_to_record_is_unclear(app: Advised) -> None:
    applied(app)
    app.execute("UPDATE alembic_version SET version_num = '0009_gone'")
    app.told("migrate", "--fake", code=2, REVISION="0003_b")
    app.follow()
    app.done("migrate")


@leads_out("LOOK_FOR_FILE")
def check_finds_no_file(app: Advised) -> None:
    on_a_branch(app)
    app.told("check", code=1)
    assert "manage.py migrate --sync-branch" in said(app.follow(code=1))
