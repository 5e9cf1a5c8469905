"""The marker ``server``, set on the tests that say by a parameter or a fixture that they need one.

Other tests that ask for a database on a server carry ``pytest.mark.server`` themselves, and
``new_database`` refuses to make one for a test without it. ``slow`` is always set by hand.

A table of cases, as many as ``TABLE``, runs each of them on SQLite and on one of the servers;
TEST_CASES=all runs them on both.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

import pytest

SERVERS = {"postgresql", "mariadb"}
TABLE = 4
FIXTURES = {f"{name}_server" for name in SERVERS}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if needs_server(item):
            item.add_marker("server")
    if os.environ.get("TEST_CASES") != "all":
        left_out = on_the_other_server(items)
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def on_the_other_server(items: list[pytest.Item]) -> set[pytest.Item]:
    """Of each case of a table that would run on both servers, the one that is left out."""
    tables: dict[Any, dict[str, dict[str, pytest.Item]]] = defaultdict(lambda: defaultdict(dict))
    for item in items:
        parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
        backend = parameters.pop("backend", None)
        if backend in SERVERS and parameters:
            function = item.nodeid.partition("[")[0]
            tables[function][repr(sorted(parameters.items(), key=str))][backend] = item
    left_out = set()
    for cases in tables.values():
        twice = [each for each in cases.values() if len(each) == len(SERVERS)]
        if len(twice) >= TABLE:
            for number, each in enumerate(twice):
                left_out.add(each["mariadb" if number % 2 else "postgresql"])
    return left_out


def needs_server(item: pytest.Item) -> bool:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("backend") in SERVERS or bool(
        FIXTURES & set(getattr(item, "fixturenames", ()))
    )
