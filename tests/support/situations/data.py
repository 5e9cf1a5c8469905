"""Data that would be lost, or was."""

from __future__ import annotations

from unittest import mock

from sqlalchemy_manage.data import restore
from sqlalchemy_manage.errors import BackupError
from sqlalchemy_manage.migrations.guards.losses import guard
from support.situations.table import ADD, Advised, leads_out, said

DELETE = 'op.execute("DELETE FROM item WHERE id = 1")'


@leads_out("ALLOW_LOSS")
def a_revision_loses_rows(app: Advised) -> None:
    app.items()
    app.step("0002_a", DELETE)
    app.step("0003_b")
    app.told("migrate", "0002", "--no-backup", code=1)
    app.follow()
    assert app.version == "0002_a" and app.query("SELECT id FROM item") == [(2,)]


@leads_out("ALLOW_LOSS")
def a_type_loses_values(app: Advised) -> None:
    app.begin('table("a", key(), Column("x", Float))\n')
    app.insert({"a": [{"id": 1, "x": 4.0}]})
    app.models('table("a", key(), Column("x", Integer))\n')
    app.done("makemigrations")
    app.execute("UPDATE a SET x = 4.5")
    app.told("migrate", code=1)
    app.follow()
    app.done("makemigrations", "--check")


def loss_committed(app: Advised) -> None:
    app.items()
    app.step("0002_a", DELETE, ADD.format("a"), undo='op.drop_column("item", "a")')
    app.step("0003_b")


@leads_out("CONTINUE_WITH_LOSS", backend="mariadb")
def rows_are_lost_already(app: Advised) -> None:
    loss_committed(app)
    app.told("migrate", "0003", code=1)
    assert app.version == "0002_a"
    app.follow()
    assert app.version == "0003_b"


@leads_out("UNDO_LOSS", backend="mariadb")
def what_lost_rows_is_undone(app: Advised) -> None:
    loss_committed(app)
    app.told("migrate", code=1)
    app.follow()
    assert app.version == "0001_base" and app.columns == {"id", "n"}


def with_data(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), undo='op.drop_column("item", "a")')
    app.step("0003_b")
    app.done("migrate")
    app.execute("UPDATE item SET a = 1")


@leads_out("ALLOW_DATA_LOSS")
def a_rollback_destroys_data(app: Advised) -> None:
    with_data(app)
    app.told("rollback", "2", "--no-backup", code=1)
    app.follow()
    assert app.version == "0001_base"


@leads_out("ALLOW_DATA_LOSS")
def a_redo_destroys_data_of_another_database(app: Advised) -> None:
    with_data(app)
    app.told("--database", "other", "redo", "2", code=1)
    app.follow()
    assert app.version == "0003_b"
    assert app.query("SELECT a FROM item") == [(None,), (None,)]


@leads_out("ALLOW_DATA_LOSS_HERE")
def plain_alembic_would_destroy_data(app: Advised) -> None:
    with_data(app)
    app.check(app.alembic("downgrade", "-2"), 255, REVISION="0001_base")
    app.follow()
    assert app.version == "0001_base"


@leads_out("WITHOUT_BACKUP")
def the_backup_before_a_loss_fails(app: Advised) -> None:
    with_data(app)
    (app.folder / "backups").write_text("no folder")
    app.told("rollback", "2", "--allow-data-loss", code=1)
    app.follow()
    assert app.version == "0001_base"


@leads_out("WITHOUT_PROOF")
def the_proof_fails_itself(app: Advised) -> None:
    app.items()
    app.step("0002_a", 'op.execute("UPDATE item SET n = 5")')
    with mock.patch.object(guard, "touched", side_effect=KeyError("x")):
        app.told("migrate", code=1)
        app.follow()
    assert app.version == "0002_a"


@leads_out("BACK_UP", backend="mariadb")
def data_goes_on_a_server(app: Advised) -> None:
    with_data(app)
    app.told("rollback", "2", "--allow-data-loss", code=0)
    app.follow()
    assert [*(app.folder / "backups").iterdir()]


@leads_out("RESTORE", backend="mariadb")
def a_restore_fails_half_way(app: Advised) -> None:
    app.items()
    app.done("backup")
    (saved,) = (app.folder / "backups").glob("*.sql*")
    app.execute("UPDATE item SET n = 7")
    original, calls = restore._load, []

    def failing(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) > 1:  # the first goes into a scratch database
            raise BackupError("the server went away")
        original(*arguments)  # type: ignore[arg-type]

    with mock.patch.object(restore, "_load", failing):
        app.told("restore", saved, code=1)
    app.follow()
    assert app.query("SELECT n FROM item") == [(7,), (7,)]


@leads_out("LIST_BROKEN_LINKS")
def a_revision_leaves_a_link_broken(app: Advised) -> None:
    models = 'table("a", key())\ntable("b", key(), Column("a_id", ForeignKey("a.id")))\n'
    app.begin(models)
    app.execute("PRAGMA foreign_keys = OFF", "INSERT INTO b VALUES (1, 5)")
    app.step("0002_x", 'op.execute("INSERT INTO b VALUES (2, 6)")')
    app.told("migrate", code=1)
    found = app.follow(code=1)
    assert "5" in said(found) and "6" not in found.stdout
    app.execute("DELETE FROM b")
    app.step("0002_x")
    app.done("migrate")
    app.done("checklinks")
