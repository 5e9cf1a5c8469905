"""The marker ``server``, set on the tests that say by a parameter or a fixture that they need one.

Other tests that ask for a database on a server carry ``pytest.mark.server`` themselves, and
``new_database`` refuses to make one for a test without it. ``slow`` is always set by hand.
"""

from __future__ import annotations

import pytest

SERVERS = {"postgresql", "mariadb"}
FIXTURES = {f"{name}_server" for name in SERVERS}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_server(item):
            item.add_marker("server")


def needs_server(item: pytest.Item) -> bool:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("backend") in SERVERS or bool(
        FIXTURES & set(getattr(item, "fixturenames", ()))
    )
