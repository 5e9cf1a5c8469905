"""A few points of the kill sweep; all of them: python tests/reliability/sweep.py --full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sweep
from shapes import SHAPES

pytestmark = pytest.mark.slow(reason="kills")

# One of each way in which a migration may be cut: see shapes.py.
TAKEN = {
    "sqlite-journal": ("rebuild", "autocommit block"),
    "sqlite-wal": ("three revisions",),
    "postgresql": ("autocommit block",),
    "mariadb": ("mixed",),
}
CASES = [(backend, name) for backend, names in TAKEN.items() for name in names]


@pytest.mark.parametrize(("backend", "name"), CASES)
def test_a_killed_migrate_is_finished_by_the_next(
    backend: str, name: str, request: pytest.FixtureRequest
) -> None:
    server = backend.partition("-")[0]
    if server != "sqlite":
        sweep.SERVERS[server] = request.getfixturevalue(f"{server}_server")
    shape = next(shape for shape in SHAPES if shape.name == name)
    outcome = sweep.sweep(shape, backend, step=5, most=4)
    assert outcome.wrong == []
    assert outcome.points >= 2


def test_the_sweep_sees_what_is_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rollback of a SQLite transaction every shape would be found out."""
    shape = next(shape for shape in SHAPES if shape.name == "create tables")
    monkeypatch.setattr(sweep, "HEADER", sweep.HEADER + COMMITTING)
    outcome = sweep.sweep(shape, "sqlite-journal", step=3, most=7)
    assert any("half done" in line for line in outcome.wrong), outcome


COMMITTING = """
_create = op.create_table

def committing(*args, **kw):
    made = _create(*args, **kw)
    op.get_bind().connection.commit()
    op.get_bind().connection.driver_connection.execute("BEGIN IMMEDIATE")
    return made

op = type("op", (), {name: staticmethod(getattr(op, name)) for name in dir(op) if name[0] != "_"})
op.create_table = committing
"""
