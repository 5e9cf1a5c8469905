"""Before data is destroyed: what would go is named, counted, saved, and needs a word."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

from sqlalchemy_manage.migrations.analysis.counts import CountedDrop
from sqlalchemy_manage.migrations.analysis.destructive import losses, may_drop

ROWS = ("INSERT INTO item (id, name, note) VALUES (1, 'a', 'x'), (2, 'b', NULL), (3, 'c', 'y')",)


def backups(shop: ProjectFolder) -> list[Path]:
    return sorted((shop.folder / "backups").glob("[!.]*"))


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> ProjectFolder:
    """Three revisions: a table, a column of it, the column renamed; rows in them."""
    shop = ProjectFolder(tmp_path / "app", database_url).write_history()
    shop.step("0001_nothing")
    shop.step(
        "0002_item",
        "op.create_table('item', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('name', sa.String(20)))\n"
        "op.create_table('empty', sa.Column('id', sa.Integer, primary_key=True))",
        undo="op.drop_table('empty')\nop.drop_table('item')",
    )
    shop.step(
        "0003_remark",
        "op.add_column('item', sa.Column('remark', sa.String(20)))",
        undo="op.drop_column('item', 'remark')",
    )
    shop.step(
        "0004_note",
        "op.rename_column('item', 'remark', 'note')",
        undo="op.rename_column('item', 'note', 'remark')",
    )
    shop.done("migrate")
    shop.execute(*ROWS)
    return shop


def state(shop: ProjectFolder) -> object:
    version = shop.query("SELECT version_num FROM alembic_version")
    return version, shop.query("SELECT * FROM item ORDER BY id")


def test_a_downgrade_that_loses_data_runs_nothing(shop: ProjectFolder) -> None:
    """Not even the harmless rename before it; all that would go is named, and how much."""
    before = state(shop)
    for target, lost in [
        ("-2", "column item.note (2 values in 3 rows)"),
        ("0002", "column item.note (2 values in 3 rows)"),
        ("zero", "table item (3 rows)"),
    ]:
        refused = shop.manage("migrate", target)
        assert refused.code == 1
        assert refused.stderr == (
            f"Error: The downgrade would destroy data; nothing was done:\n  {lost}\n"
            f"If this is intended: manage.py migrate {target} --allow-data-loss\n"
        )
        assert state(shop) == before
    assert backups(shop) == []


def test_one_that_loses_nothing_needs_no_word(shop: ProjectFolder) -> None:
    assert shop.manage("migrate", "-1").code == 0
    shop.execute("UPDATE item SET remark = NULL")
    assert shop.manage("migrate", "0002").code == 0
    shop.execute("DELETE FROM item")
    assert shop.manage("migrate", "zero").code == 0
    assert backups(shop) == []


def test_with_a_word_it_runs_and_sqlite_is_saved_once(shop: ProjectFolder) -> None:
    before = state(shop)
    done = shop.manage("migrate", "zero", "--allow-data-loss")
    assert done.code == 0, done
    note = "0003_remark destroys data: column item.remark (2 values in 3 rows)."
    if shop.backend != "sqlite":
        assert f"{note} No backup was made; manage.py backup makes one." in done.stderr
        assert backups(shop) == []
        return
    (backup,) = backups(shop)
    assert done.stderr.count("Backup: ") == 1
    assert f"{note} Backup: {backup}\n  Undoing 0003_remark ... OK" in done.stderr
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    # As it was before the first revision that destroys: the rename before it was undone.
    with sqlite3.connect(backup) as connection:
        rows = connection.execute("SELECT id, name, remark FROM item").fetchall()
        version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    assert (rows, version) == (before[1], [("0003_remark",)])  # type: ignore[index]
    assert shop.manage("restore", backup).code == 0
    shop.done("migrate")
    assert state(shop) == before


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_destructive_upgrade_is_saved_first(shop: ProjectFolder) -> None:
    shop.step("0005_other", "op.create_table('other', sa.Column('id', sa.Integer))")
    shop.step("0006_gone", "op.drop_column('item', 'name')\nop.drop_table('other')")
    shop.step("0007_too", "op.drop_table('item')")
    done = shop.manage("migrate", "--allow-loss", "item")
    assert done.code == 0, done
    (backup,) = backups(shop)
    said = done.stderr.splitlines()
    assert said[1] == (
        f"  0006_gone destroys data: column item.name (3 values in 3 rows). Backup: {backup}"
    )
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT name FROM item").fetchall() == [("a",), ("b",), ("c",)]
    connection.close()


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_backup_before_a_revision_that_is_rolled_back_does_not_stay(shop: ProjectFolder) -> None:
    shop.step("0005_gone", "op.drop_column('item', 'name')")
    failed = shop.manage("migrate")
    assert failed.code == 1
    assert "Backup: " in failed.stderr and "Removed the backup: " in failed.stderr
    assert not backups(shop)
    shop.step("0006_stops", "op.drop_table('item')\nraise ValueError('no')")
    failed = shop.manage("migrate", "--allow-loss", "item")
    assert failed.code == 1
    # Taken before 0005, which is applied.
    assert len(backups(shop)) == 1


@pytest.mark.parametrize("backend", ["sqlite"])
def test_without_room_for_the_backup_nothing_is_destroyed(shop: ProjectFolder) -> None:
    before = state(shop)
    folder = shop.folder / "backups"
    folder.write_text("no folder")
    failed = shop.manage("migrate", "0002", "--allow-data-loss")
    assert failed.code == 1
    assert "the backup before it failed: Cannot write to" in failed.stderr
    without = "Without a backup: manage.py migrate 0002_item --allow-data-loss --no-backup"
    assert without in failed.stderr
    assert state(shop)[1] == before[1]  # type: ignore[index]
    assert shop.manage("migrate", "0002", "--allow-data-loss", "--no-backup").code == 0
    assert folder.read_text() == "no folder"


def test_plain_alembic_has_the_same(shop: ProjectFolder) -> None:
    before = state(shop)
    refused = shop.alembic("downgrade", "-2")
    assert refused.code != 0
    assert "The downgrade would destroy data; nothing was done" in refused.stdout
    assert state(shop) == before
    done = shop.alembic("-x", "allow-data-loss=yes", "downgrade", "0002_item")
    assert done.code == 0, done
    said = "Backup: " if shop.backend == "sqlite" else "No backup was made"
    assert f"0003_remark destroys data: column item.remark (2 values in 3 rows). {said}" in (
        done.stderr
    )
    assert len(backups(shop)) == (shop.backend == "sqlite")


def test_faking_destroys_nothing(shop: ProjectFolder) -> None:
    assert shop.manage("migrate", "--fake", "zero").code == 0
    assert shop.query("SELECT count(*) FROM item") == [(3,)]


@pytest.fixture
def lost(tmp_path: Path, new_database: Callable[..., str]) -> Callable[..., list[str]]:
    """``lost(body, ...)``: what the downgrades would destroy, the newest first, in words."""
    engine = sa.create_engine(new_database("sqlite"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT, z INT AS (id + 1))",
            "CREATE TABLE b (id INTEGER PRIMARY KEY, x TEXT)",
            "INSERT INTO a VALUES (1, 'x', NULL)",
            "INSERT INTO b VALUES (1, 'x'), (2, 'y')",
            "CREATE TABLE empty (id INTEGER)",
        ):
            connection.exec_driver_sql(statement)

    def of(*bodies: str, more: str = "") -> list[str]:
        scripts = []
        for number, body in enumerate(bodies):
            path = tmp_path / f"r{number}.py"
            text = "\n".join(f"    {line}" for line in body.splitlines())
            path.write_text(f"{more}\ndef upgrade():\n    pass\n\ndef downgrade():\n{text}\n")
            scripts.append((path, "downgrade"))
        with engine.connect() as connection:
            return [str(loss) for loss in losses(connection, scripts)]

    return of


A, B = "table a (1 row)", "table b (2 rows)"
IN_B = "the rows of table b (2 rows)"
AX, BX = "column a.x (1 value in 1 row)", "column b.x (2 values in 2 rows)"


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        (["op.drop_table('a')"], [A]),
        (["op.drop_table('empty')", "op.drop_table('no_such')"], []),
        (["op.drop_column('a', 'x')"], [AX]),
        (["op.drop_column('a', 'y')\nop.drop_column('a', 'z')"], []),
        (["op.drop_column('a', 'x')", "op.drop_table('a')"], [A]),
        (["with op.batch_alter_table('a') as t:\n    t.drop_column('x')"], [AX]),
        (["op.alter_column('a', 'y', new_column_name='w')\nop.drop_column('a', 'w')"], []),
        (["op.alter_column('a', 'x', new_column_name='w')", "op.drop_column('a', 'w')"], [AX]),
        (["op.rename_table('a', 'c')", "op.drop_column('c', 'x')"], [AX]),
        (["op.rename_column('a', 'x', 'w')\nop.rename_table('a', 'c')\n"
          "op.drop_column('c', 'w')"], [AX]),
        (["op.rename_table('a', 'c')\nop.drop_table('a')"], []),
        (["op.rename_table('b', 'c')\nop.create_table('b')", "op.drop_table('b')"], []),
        (["op.add_column('a', sa.Column('new', sa.Text))", "op.drop_column('a', 'new')"], []),
        (["op.drop_column('a', 'x')\nop.add_column('a', sa.Column('x', sa.Text))",
          "op.drop_column('a', 'x')"], [AX]),
        (["for name in ('a', 'b'):\n    op.drop_table(name)"], [A, B]),
        (["op.drop_table(f'{PREFIX}_a' or 'b')"], [B]),
        (["for sql in ('DROP TABLE a', 'SELECT 1'):\n    op.execute(sql)"], [A]),
        (["for name in ('a', 'c'):\n    op.execute(f'DROP TABLE {name}')"], [A]),
        (["op.execute({'sqlite': 'DROP TABLE b', 'mysql': 'DROP TABLE a'}[NAME])"], [B, A]),
        (["op.execute('DROP TABLE a')"], [A]),
        (["op.execute('drop table if exists \"a\", b cascade')"], [A, B]),
        (["op.execute(sa.text('TRUNCATE TABLE b'))"], [IN_B]),
        (["op.execute('DELETE FROM b')"], [IN_B]),
        (["op.execute('DELETE FROM b')", "op.drop_column('b', 'x')"], [IN_B]),
        (["op.execute('DELETE FROM b')", "op.drop_table('b')"], [B]),
        (["op.execute('DELETE FROM b WHERE id = 1')"], []),
        (["op.get_bind().exec_driver_sql('ALTER TABLE `a` DROP COLUMN `x`')"], [AX]),
        (["op.execute('ALTER TABLE a DROP x, DROP INDEX b, DROP COLUMN y')"], [AX]),
        (["op.execute('ALTER TABLE a DROP CONSTRAINT x')"], []),
        (["op.execute('ALTER TABLE a ALTER COLUMN x DROP DEFAULT')"], []),
        (["op.execute('ALTER TABLE a ALTER x DROP NOT NULL')"], []),
        (["op.execute('ALTER TABLE a RENAME COLUMN x TO w; ALTER TABLE a RENAME TO c')",
          "op.drop_column('c', 'w')"], [AX]),
        (["op.execute('CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b; END')"], []),
        (["op.execute('CREATE TABLE event (id int); DROP TABLE a')"], [A]),
        (["op.execute('CREATE TABLE c AS SELECT rule FROM a; DROP TABLE a')"], [A]),
        (["op.execute('CREATE DEFINER=`r`@`h` PROCEDURE p() BEGIN TRUNCATE b; END')"], []),
        (["op.execute('DELETE FROM b; ALTER TABLE b RENAME TO c')"], []),
        (["for name in ('b', 'c'):\n    op.execute(f'TRUNCATE TABLE {name}')"], [IN_B]),
        (["op.alter_computed('a', 'x', 'id')"], [AX]),
        (["op.alter_computed('a', 'z', 'id')"], []),
        (["op.drop_index('x', 'a')\nop.drop_constraint('a', 'b')"], []),
    ],
)  # fmt: skip
def test_what_would_go(
    lost: Callable[..., list[str]], bodies: list[str], expected: list[str]
) -> None:
    assert lost(*bodies) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("", []),
        ("expected_loss = {'a.x': 'all'}", []),  # of the upgrade
        ("expected_loss_downgrade = {'a.x': 'all'}", [f"values of {AX}"]),
        ("expected_loss_downgrade = {'a': 1}", [f"values of {AX}"]),
        ("expected_loss_downgrade = {'a.y': 'all', 'b': 'all'}", []),
    ],
)
def test_a_type_change_counts_where_its_loss_is_declared(
    lost: Callable[..., list[str]], declared: str, expected: list[str]
) -> None:
    body = "op.alter_column('a', 'x', type_=sa.Integer())"
    assert lost(body, more=declared) == expected


@pytest.mark.parametrize("backend", ["sqlite"])
def test_values_that_a_type_change_loses_are_saved_first(shop: ProjectFolder) -> None:
    change = (
        "with op.batch_alter_table('item') as batch:",
        "    batch.alter_column('note', existing_type=sa.String(20), type_=sa.String(1))",
    )
    shop.step("0005_short", *change, more="expected_loss = {'item.note': 'all'}")
    assert "changes the type of column item.note with 2 values in 3 rows" in (
        shop.done("migrate", "--plan").stdout
    )
    shop.done("migrate")
    assert len(backups(shop)) == 1


def test_names_that_are_put_together(lost: Callable[..., list[str]]) -> None:
    """Whatever the file mentions may be meant."""
    assert lost("for name in NAMES:\n    op.drop_table(name)", more="NAMES = ['b', 'c']") == [B]
    assert lost("for name in NAMES:\n    op.drop_column('b', name)", more="NAMES = 'x',") == [BX]
    down = "for sql in DOWN:\n    op.execute(sql)"
    assert lost(down, more="DOWN = {'s': ['DROP TABLE a']}") == [A]
    assert lost("helper()", more="def helper():\n    op.drop_table('a')") == [A]
    assert lost("drop('DROP TABLE ' + 'b')", more="def drop(sql):\n    op.execute(sql)") == [B]
    made = "def made():\n    for t in ('a',):\n        yield f'DROP TABLE {t}'"
    assert lost("for sql in made():\n    op.execute(sql)", more=made) == [A]
    # What may not be run renames nothing.
    made = "def made():\n    return ['ALTER TABLE a RENAME TO c']"
    assert lost("op.get_bind().execute(made())", "op.drop_table('a')", more=made) == [A]
    other = "def helper():\n    pass\ndef other():\n    op.drop_table('a')"
    assert lost("helper()", more=other) == []


def _helper() -> None: ...


def test_the_quick_look() -> None:
    """It may say yes for nothing, and never no for a drop."""
    op = sa = None  # type: ignore[var-annotated]

    def creates() -> None:
        op.create_table("a", sa.Column("x"))  # type: ignore[attr-defined]

    def drops() -> None:
        op.drop_table("a")  # type: ignore[attr-defined]

    def inside() -> None:
        [op.execute(x) for x in ()]  # type: ignore[attr-defined]

    def calls() -> None:
        _helper()

    found = [may_drop(function) for function in (creates, drops, inside, calls, None)]
    assert found == [False, True, True, True, False]


def test_a_loss_in_words() -> None:
    assert str(CountedDrop("table", "s.t", 1)) == "table s.t (1 row)"
    assert (
        str(CountedDrop("column", "t.c", 3400, 1200)) == "column t.c (1,200 values in 3,400 rows)"
    )
    assert str(CountedDrop("rows", "t", None)) == "the rows of table t (uncounted rows)"


def test_what_cannot_be_counted_may_be_something() -> None:
    assert [bool(CountedDrop("table", "t", rows)) for rows in (0, 1, None)] == [False, True, True]
    assert not CountedDrop("column", "t.c", 3, 0)
