"""The guards of a run come in the order that they need; importing them changes nothing else."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from sqlalchemy_manage.migrations.environment import BEFORE, guards, in_order
from sqlalchemy_manage.migrations.runner.run import Allowed
from sqlalchemy_manage.migrations.runner.state import RunState


def run(**more: Any) -> Any:
    settings = SimpleNamespace(prove_links=True, lock_wait=1.0)
    project = SimpleNamespace(settings=settings)
    values = {
        "recorded": True,
        "borrowed": False,
        "prove": True,
        "history": None,
        "on_event": print,
        "state": RunState(),
        "allowed": Allowed(),
    }
    return SimpleNamespace(project=project, **(values | more))


def test_every_guard_of_a_run_is_in_the_stated_order() -> None:
    found = [type(guard) for guard in guards(run())]
    stated = {kind for first, second, _ in BEFORE for kind in (first, second)}
    assert set(found) == stated
    for first, second, why in BEFORE:
        assert found.index(first) < found.index(second), why
    assert len(guards(run(prove=False))) == len(found) - 1
    assert len(guards(run(recorded=False))) == 4


@pytest.mark.parametrize("pair", [(first, second) for first, second, _ in BEFORE])
def test_a_wrong_order_is_refused(pair: tuple[type, type]) -> None:
    found = guards(run())
    places = sorted(found, key=lambda guard: type(guard) is pair[0])
    assert type(places[-1]) is pair[0]
    with pytest.raises(AssertionError, match=f"{pair[0].__name__} comes before"):
        in_order(places)


def test_importing_leaves_the_filters_of_warnings_alone() -> None:
    code = (
        "import warnings, alembic.command, sqlalchemy.orm\n"
        "before = list(warnings.filters)\n"
        "import sqlalchemy_manage.migrations.environment as environment\n"
        "import sqlalchemy_manage.migrations.autogenerate.plugins as plugins\n"
        "environment.register()\nplugins.register()\n"
        "assert warnings.filters == before, warnings.filters\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
