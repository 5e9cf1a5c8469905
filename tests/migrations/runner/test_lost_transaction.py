"""A transaction that the database ended by itself, and a disk that is full."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.items import Items

only = pytest.mark.parametrize
BUMP = 'op.execute("UPDATE item SET n = n + 1")'


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Items:
    app = Items(tmp_path / "project", database_url)
    app.done("migrate")
    return app


FULL = 'op.get_bind().exec_driver_sql("PRAGMA max_page_count = 12")'
FILL = "op.execute(\"INSERT INTO item (n) VALUES ('x' || hex(zeroblob(90000)))\")"


@only("backend", ["sqlite"])
def test_a_full_disk_rolls_the_revision_back(app: Items) -> None:
    app.step("0002_step", BUMP, FULL, FILL)
    failed = app.manage("migrate")
    assert failed.code == 1
    said = (
        "Error: The disk or the database is full. 0002_step failed: OperationalError: database or "
    )
    assert said + "disk is full" in failed.stderr
    assert "as it was before 0002_step" in failed.stderr and "Free some space" in failed.stderr
    assert app.numbers == [1, 1] and app.version == "0001_base"


@only("backend", ["sqlite"])
@only("after", [BUMP, "pass"])
def test_a_revision_cannot_go_on_without_its_transaction(app: Items, after: str) -> None:
    # SQLite has rolled back by itself; what came next would be committed at once.
    catching = ["try:", "    " + FILL, "except sa.exc.OperationalError:", "    pass"]
    app.step("0002_step", BUMP, FULL, *catching, after)
    failed = app.manage("migrate")
    assert failed.code == 1, failed
    assert "The database ended the transaction by itself" in failed.stderr
    assert "disk is full" in failed.stderr
    assert app.numbers == [1, 1] and app.version == "0001_base"


@only("backend", ["mariadb"])
def test_a_deadlock_ends_the_revision(app: Items) -> None:
    # The other transaction has changed more, so that this one is the victim.
    lines = [
        "import threading, time",
        "other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool).connect()",
        'other.execute(sa.text("INSERT INTO item (n) VALUES (1), (2), (3)"))',
        'other.execute(sa.text("UPDATE item SET n = 9 WHERE id = 2"))',
        'op.execute("UPDATE item SET n = 8 WHERE id = 1")',
        'late = sa.text("UPDATE item SET n = 9 WHERE id = 1")',
        "thread = threading.Thread(target=other.execute, args=(late,))",
        "thread.start()",
        "time.sleep(0.3)",
        "try:",
        '    op.execute("UPDATE item SET n = 8 WHERE id = 2")',
        "except sa.exc.DBAPIError:",
        "    thread.join()",
        "    other.close()",
        'op.execute("INSERT INTO item (n) VALUES (7)")',
    ]
    app.step("0002_step", *lines)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "The database ended the transaction by itself" in failed.stderr
    assert app.numbers == [1, 1]


def test_an_error_that_is_caught_with_a_savepoint_is_the_revisions_own_affair(
    app: Items, backend: str
) -> None:
    catching = [
        "try:",
        "    with op.get_bind().begin_nested():",
        '        op.execute("INSERT INTO item VALUES (1, 1)")',
        "except sa.exc.IntegrityError:",
        "    pass",
    ]
    app.step("0002_step", *catching, BUMP)
    app.done("migrate")
    assert app.numbers == [2, 2]
    assert sa.inspect(app.engine).has_table("item")
