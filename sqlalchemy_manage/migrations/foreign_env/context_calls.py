"""What an env.py does with Alembic's ``context``, taken in place of being done."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy.engine import URL, make_url


@dataclass
class ConfigureCall:
    """One call of ``configure``, and whether the revisions were to run then."""

    given: dict[str, Any]
    url: URL | None
    runs: list[dict[str, Any]] = field(default_factory=list)


class ContextCalls:
    """Takes the calls of an env.py at Alembic's ``context``, with which nothing is run."""

    def __init__(self, context: EnvironmentContext) -> None:
        self.calls: list[ConfigureCall] = []
        self.executed: list[str] = []
        self._context = context
        self._configure = context.configure
        # Of the instance, as the module alembic.context knows no class but its own.
        for name in _TAKEN:
            setattr(context, name, getattr(self, name))

    def configure(self, *args: Any, **options: Any) -> None:
        given = dict(_CONFIGURE.bind(self._context, *args, **options).arguments)
        given.pop("self")
        given |= given.pop("kw", {})
        given = {name: value for name, value in given.items() if value is not None}
        self._configure(**given)
        self.calls.append(ConfigureCall(given, _url_of(given)))

    def begin_transaction(self, _per_migration: bool = False) -> Any:
        return _no_transaction()

    def execute(self, sql: Any, execution_options: Any = None) -> None:
        text = " ".join(str(sql).split())
        if text not in self.executed:
            self.executed.append(text)

    def static_output(self, text: str) -> None:
        """It is for a file of SQL."""

    def run_migrations(self, **arguments: Any) -> None:
        self._context.get_context()  # raises where nothing was configured
        self.calls[-1].runs.append(arguments)


_TAKEN = ("configure", "begin_transaction", "execute", "static_output", "run_migrations")
_CONFIGURE = inspect.signature(EnvironmentContext.configure)


class _Transaction:
    """What ``begin_transaction`` gives to a ``with`` that calls it by name."""

    is_active = True

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def _no_transaction() -> Iterator[_Transaction]:
    yield _Transaction()


def _url_of(given: Mapping[str, Any]) -> URL | None:
    if (connection := given.get("connection")) is not None:
        found: URL = connection.engine.url
        return found
    url = given.get("url")
    return None if url is None else make_url(url)


def translated_schemas(given: Mapping[str, Any]) -> dict[Any, Any]:
    """The schemas that its connection takes for others."""
    connection = given.get("connection")
    options = {} if connection is None else connection.get_execution_options()
    return {k: v for k, v in (options.get("schema_translate_map") or {}).items() if k != v}
