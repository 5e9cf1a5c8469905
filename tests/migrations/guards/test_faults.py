"""A fault of what watches a revision is told as such, and not as the revision's; with a way on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.items import Items

from sqlalchemy_manage.migrations.guards.ledger import LedgerGuard
from sqlalchemy_manage.migrations.guards.losses import guard as losses_guard

ADD = 'op.add_column("item", sa.Column("a", sa.Integer))'
CHANGE = 'op.execute("UPDATE item SET n = 5")'
CAUGHT = "try:\n    op.execute('UPDATE item SET n = 5')\nexcept Exception:\n    pass"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Items:
    app = Items(tmp_path / "project", database_url)
    app.done("migrate")
    return app


def broken(*args: Any, **more: Any) -> Any:
    raise KeyError((None, "u"))


def refused(connection: sa.Connection, *args: Any) -> Any:
    connection.exec_driver_sql("SELECT 1 FROM no_such_thing")


@pytest.mark.parametrize(
    ("name", "change"),
    [("touched", CHANGE), ("touched", CAUGHT), ("losses", CHANGE), ("read_tables", CHANGE)],
)
def test_a_fault_of_the_proof_is_not_the_revision_s(
    app: Items, name: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.step("0002_step", ADD, change)
    monkeypatch.setattr(losses_guard, name, broken)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "Error: A fault of sqlalchemy-manage, not of 0002_step: the check" in failed.stderr
    assert "for lost rows and links ended with KeyError: (None, 'u')" in failed.stderr
    assert "Please report it" in failed.stderr and "Fix the" not in failed.stderr
    assert "Without this check: manage.py migrate --no-prove\n" in failed.stderr
    assert app.version == "0001_base"
    if app.backend != "mariadb":
        assert app.numbers == [1, 1] and app.columns == {"id", "n"}
    app.done("migrate", "--no-prove")
    assert app.version == "0002_step" and app.numbers == [5, 5]


def test_what_the_database_refuses_the_proof_says_how_to_go_on(
    app: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.step("0002_step", CHANGE)
    monkeypatch.setattr(losses_guard, "read_tables", refused)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "Error: The database refused the check for lost rows and links: " in failed.stderr
    assert "no_such_thing" in failed.stderr and "Fix the" not in failed.stderr
    app.done("migrate", "--no-prove")
    assert app.numbers == [5, 5]


@pytest.mark.parametrize("moment", ["begin", "end"])
@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_fault_of_another_guard_is_ours_too(
    app: Items, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.step("0002_step", CHANGE)
    monkeypatch.setattr(LedgerGuard, moment, broken)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "Error: A fault of sqlalchemy-manage, not of 0002_step: " in failed.stderr
    assert "It was rolled back" in failed.stderr and "Please report it" in failed.stderr
    assert app.numbers == [1, 1]


def test_an_error_of_the_revision_stays_the_revision_s(app: Items) -> None:
    app.step("0002_step", CHANGE, 'raise KeyError("mine")')
    failed = app.manage("migrate")
    assert "0002_step failed: KeyError: 'mine'" in failed.stderr
    assert "fault" not in failed.stderr
