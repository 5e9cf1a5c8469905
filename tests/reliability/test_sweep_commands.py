"""A few points of the kill sweep of commands; all: sweep_commands.py --full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sweep
import sweep_commands

pytestmark = pytest.mark.slow(reason="kills")

# Those that differ by database are taken on both.
TAKEN = [("sqlite", case.name) for case in sweep_commands.CASES]
TAKEN += [("postgresql", name) for name in ("restore", "flush of some")]


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """The children find everything imported."""
    sweep_commands.warm()


@pytest.mark.parametrize(("backend", "name"), TAKEN)
def test_a_killed_command_leaves_the_old_or_the_new(
    backend: str, name: str, request: pytest.FixtureRequest
) -> None:
    if backend != "sqlite":
        sweep.SERVERS[backend] = request.getfixturevalue(f"{backend}_server")
    case = next(case for case in sweep_commands.CASES if case.name == name)
    swept = sweep_commands.sweep_case(case, backend, most=3)
    assert swept.wrong == []
    assert swept.points >= 2
    assert swept.there > 100


def test_the_sweep_sees_what_is_half_done() -> None:
    case = sweep_commands.Case("halves", ("halves",), repeatable=False)
    swept = sweep_commands.sweep_case(case, "sqlite", most=30)
    assert any("neither old" in line for line in swept.wrong), swept


def test_the_points_are_spread() -> None:
    assert sweep_commands.spread(9, 100) == list(range(1, 10))
    assert sweep_commands.spread(100, 3) == [1, 50, 100]
