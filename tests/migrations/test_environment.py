"""The transaction recipe: what is left after a revision fails, is killed, or is raced."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, run
from support.project import NOTE, ProjectFolder

SETUP = """
def upgrade():
    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("note_id", sa.Integer, sa.ForeignKey("note.id", ondelete="CASCADE")),
    )
    op.bulk_insert(sa.table("note", sa.column("id")), [{"id": 1}, {"id": 2}])
    op.execute("INSERT INTO comment (id, note_id) VALUES (1, 1), (2, 1), (3, 2)")

def downgrade():
    op.drop_table("comment")
    op.drop_table("note")
"""


@pytest.fixture
def bare(tmp_path: Path, database_url: str) -> ProjectFolder:
    """A project with revisions written by the test."""
    bare = ProjectFolder(tmp_path / "bare", database_url).write_history()
    write(bare, "0001_setup", SETUP)
    bare.done("migrate")
    return bare


def write(bare: ProjectFolder, name: str, body: str) -> None:
    bare.write(name, bare.below(name), body, more="import os, signal, time")


FAILING = """
def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO note (id) VALUES (3)")
    with op.batch_alter_table("note") as batch:
        batch.add_column(sa.Column("grade", sa.Integer))
        batch.create_index("ix_note_grade", ["grade"])
    {failure}
"""
GOOD = 'def upgrade():\n    op.create_table("good", sa.Column("id", sa.Integer, primary_key=True))'


@pytest.mark.parametrize("entry", ["manage", "alembic"])
def test_a_revision_that_raises_leaves_the_database_as_before_it(
    bare: ProjectFolder, backend: str, entry: str
) -> None:
    write(bare, "0002_good", GOOD)
    write(bare, "0003_failing", FAILING.format(failure="raise ValueError('half-way')"))
    upgrade = ("migrate",) if entry == "manage" else ("upgrade", "head")
    result = getattr(bare, entry)(*upgrade)
    assert result.code == (1 if entry == "manage" else 255), result
    said = result.stdout + result.stderr
    assert "0003_failing failed: ValueError: half-way" in said
    assert "Traceback" not in said
    # The revision before it is good, and stays.
    assert bare.query("SELECT version_num FROM alembic_version") == [("0002_good",)]
    if backend == "mariadb":
        assert "commit every DDL statement" in said
        return
    assert "as it was before 0003_failing" in said
    assert bare.tables() == {"note", "comment", "good"}
    assert bare.query("SELECT id FROM note ORDER BY id") == [(1,), (2,)]
    # Mended, it goes on from there.
    failing = bare.versions / "0003_failing.py"
    failing.write_text(failing.read_text().replace("raise ValueError('half-way')", "pass"))
    assert bare.spawn("migrate").code == 0
    assert bare.query("SELECT id FROM note ORDER BY id") == [(1,), (2,), (3,)]
    assert bare.query("SELECT count(*) FROM comment") == [(3,)]


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])  # MariaDB commits each DDL statement
def test_a_killed_revision_leaves_nothing_behind(bare: ProjectFolder) -> None:
    write(bare, "0002_killed", FAILING.format(failure="os.kill(os.getpid(), signal.SIGKILL)"))
    assert bare.spawn("migrate").code == -9
    assert bare.query("SELECT version_num FROM alembic_version") == [("0001_setup",)]
    assert bare.tables() == {"note", "comment"}
    assert bare.query("SELECT count(*) FROM note") == [(2,)]


def test_rebuilding_a_referred_to_table_keeps_the_children(bare: ProjectFolder) -> None:
    write(
        bare,
        "0002_rebuild",
        'def upgrade():\n    with op.batch_alter_table("note", recreate="auto") as batch:\n'
        '        batch.add_column(sa.Column("grade", sa.String(5), server_default="a"))\n'
        '        batch.alter_column("grade", server_default="b")\n',
    )
    assert bare.spawn("migrate").code == 0
    assert bare.query("SELECT id, note_id FROM comment ORDER BY id") == [(1, 1), (2, 1), (3, 2)]


def test_a_revision_that_makes_links_dangle_is_rolled_back_on_sqlite(
    bare: ProjectFolder, backend: str
) -> None:
    write(
        bare,
        "0002_dangle",
        'expected_loss = {"note": 1, "comment": "all"}\n'
        'def upgrade():\n    op.execute("DELETE FROM note WHERE id = 1")',
    )
    result = bare.spawn("migrate")
    if backend != "sqlite":
        # The others have enforced the cascade themselves.
        assert result.code == 0
        return
    assert result.code == 1
    assert "leaves dangling foreign keys (comment -> note)" in result.stderr
    assert bare.query("SELECT count(*) FROM note") == [(2,)]


@pytest.mark.parametrize("backend", ["sqlite"])  # the others check for themselves
def test_links_that_dangled_before_do_not_stop_a_migration(bare: ProjectFolder) -> None:
    engine = sa.create_engine(bare.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO comment (id, note_id) VALUES (9, 99)")
    write(bare, "0002_good", GOOD)
    assert bare.spawn("migrate").code == 0


@pytest.mark.slow(reason="a race")
def test_four_processes_at_once_apply_each_revision_once(bare: ProjectFolder) -> None:
    marker = 'op.execute("INSERT INTO note (id) VALUES ({0})")\n    time.sleep(0.1)'
    for number in (2, 3, 4):
        body = f"def upgrade():\n    op.create_table('t{number}', sa.Column('id', sa.Integer))\n"
        write(bare, f"000{number}_step", body + "    " + marker.format(number * 100))
    processes = [
        subprocess.Popen(
            [sys.executable, *command],
            cwd=bare.folder,
            env={"PYTHONPATH": str(ROOT), "MANAGE_SETTINGS_MODULE": "staff_settings", "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in [("manage.py", "migrate")] * 3 + [("-m", "alembic", "upgrade", "head")]
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], outputs
    assert bare.query("SELECT id FROM note WHERE id > 99 ORDER BY id") == [(200,), (300,), (400,)]
    assert bare.query("SELECT version_num FROM alembic_version") == [("0004_step",)]


OVERTAKEN = """
import subprocess, sys
from alembic.script import ScriptDirectory
from sqlalchemy_manage.cli import main
from sqlalchemy_manage.databases.locks import FileLock

# As on a file system without locks, and as plain SQL in another program has it.
FileLock.take = lambda self: True
planned = ScriptDirectory._upgrade_revs
tries = []

def overtaken(self, *args):
    tries.append(1)
    assert len(tries) < 4, "planned again and again"
    for number, step in enumerate(planned(self, *args)):
        if number == 1 and len(tries) == 1:
            # Between two revisions nobody holds SQLite's lock: another run goes one further.
            subprocess.run([sys.executable, "manage.py", "migrate", "0003"], check=True)
        yield step

ScriptDirectory._upgrade_revs = overtaken
code = main(["migrate"])
print("tries", len(tries))
sys.exit(code)
"""


@pytest.mark.slow(reason="a race")
@pytest.mark.parametrize("backend", ["sqlite"])  # the others hold a lock for the whole run
def test_a_run_that_is_overtaken_plans_again(bare: ProjectFolder) -> None:
    for number in (2, 3, 4, 5):
        body = f"def upgrade():\n    op.create_table('t{number}', sa.Column('id', sa.Integer))\n"
        write(bare, f"000{number}_step", body)
    result = run(bare.folder, "-c", OVERTAKEN, MANAGE_SETTINGS_MODULE="staff_settings")
    assert result.code == 0, result
    assert "tries 2" in result.stdout
    assert {"t2", "t3", "t4", "t5"} <= bare.tables()
    assert bare.query("SELECT version_num FROM alembic_version") == [("0005_step",)]


def test_a_held_lock_ends_with_75_and_nothing_done(
    bare: ProjectFolder, backend: str, tmp_path: Path
) -> None:
    settings = bare.folder / "staff_settings.py"
    settings.write_text(settings.read_text() + "LOCK_WAIT = 0.3\n")
    write(bare, "0002_good", GOOD)
    engine = sa.create_engine(bare.url, poolclass=sa.NullPool)
    from sqlalchemy_manage.databases.locks import migration_lock

    with engine.connect() as holder, migration_lock(engine, 1, lambda who: None):
        if backend == "sqlite":
            holder.connection.driver_connection.execute("BEGIN IMMEDIATE")
        result = bare.spawn("migrate")
        if backend == "sqlite":
            holder.connection.driver_connection.execute("ROLLBACK")
    assert result.code == 75, result
    who = f"({socket.gethostname()}, pid {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d}"
    assert f"Another process is migrating {who}" in result.stderr
    assert f"Another process is migrating this database {who}" in result.stderr
    assert "good" not in bare.tables()
    assert bare.spawn("migrate").code == 0


def test_autocommit_blocks_work(bare: ProjectFolder, backend: str) -> None:
    statement = {"sqlite": "VACUUM", "postgresql": "VACUUM note", "mariadb": "SELECT 1"}[backend]
    write(
        bare,
        "0002_vacuum",
        f"def upgrade():\n    with op.get_context().autocommit_block():\n"
        f'        op.execute("{statement}")\n    op.execute("INSERT INTO note (id) VALUES (7)")',
    )
    result = bare.spawn("migrate")
    assert result.code == 0, result
    assert bare.query("SELECT count(*) FROM note WHERE id = 7") == [(1,)]


def test_duplicate_ids_stop_both_entries_before_anything_runs(bare: ProjectFolder) -> None:
    write(bare, "0002_alice", GOOD)
    (bare.versions / "0002_bob.py").write_text((bare.versions / "0002_alice.py").read_text())
    for result in (bare.spawn("migrate"), bare.alembic("upgrade", "0002_alice")):
        assert result.code != 0
        said = result.stdout + result.stderr
        assert "0002_alice.py" in said and "0002_bob.py" in said
    assert "good" not in bare.tables()


@pytest.mark.server
def test_a_revision_that_another_process_records_meanwhile_is_not_an_error(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    """Where the lock is that of a transaction, nobody has it in an autocommit block."""
    url = new_database("postgresql")
    project = ProjectFolder(tmp_path / "project", url).write_history()
    project.step("0001_first", NOTE)
    project.step(
        "0002_second",
        "with op.get_context().autocommit_block():",
        f"    other = sa.create_engine({url!r})",
        "    with other.begin() as connection:",
        "        recorded = \"UPDATE alembic_version SET version_num = '0002_second'\"",
        "        connection.exec_driver_sql(recorded)",
        "    other.dispose()",
    )
    project.step("0003_third", GOOD.partition("\n")[2].strip())
    project.done("migrate")
    assert project.heads() == {"0003_third"} and "good" in project.tables()
