"""The sessions of the user's code while a seed runs: all of them are in its transaction.

A declaration may call a factory, ask the session of its factory, or open a session of its own.
All of them get the seed's connection: they see the rows that are not committed yet, wait for no
lock of the seed's, and write nothing that a rollback would leave. While columns are evaluated
there is no place for rows made one by one: there the same code makes the chunk fall back to
factory_boy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, UnboundExecutionError
from sqlalchemy.orm import ColumnProperty, RelationshipProperty, Session, scoped_session

from ...errors import SeedError
from ...module_contents import is_a
from ...sessions import place
from ..async_sessions import async_classes
from ..factories import bound, mapped_factories, mapper_of
from ..factory_boy_internals import named_session, session_given
from ..own_session import own_session
from .failures import UserCode

if TYPE_CHECKING:
    from ...project import Project

_EVENTS = (
    (Session, "after_transaction_create"),
    (Session, "do_orm_execute"),
    (Session, "after_rollback"),
    (sa.Engine, "before_cursor_execute"),
)
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE")


class OwnConnection(Exception):
    """A declaration writes on a connection of its own: it would wait for the seed's locks for
    ever, or leave rows that no rollback takes back."""


class SeedSessions:
    """The sessions of the process, lent to the seed; made by :func:`seed_sessions`.

    ``main``: the session that the factories name, or one made for the run. ``elsewhere``: a
    declaration has asked the seed's database on a connection of its own.
    """

    def __init__(
        self, engine: sa.Engine, connection: sa.Connection | None, main: Session | None = None
    ) -> None:
        self.connection = connection
        self.elsewhere = False
        self._places = {place(engine.url)}
        self._columnwise = True
        self._joined: WeakSet[Session] = WeakSet()
        self._broken = False
        self._lent: WeakKeyDictionary[Session, tuple[Any, bool]] = WeakKeyDictionary()
        self.main = main if main is not None else _session_of_the_app()
        with suppress(UnboundExecutionError):
            # With --database it may be another one; the sessions of the app are all meant.
            self._places.add(place(self.main.get_bind().engine.url))
        if self.main.in_transaction():  # since the app was imported
            self.main.rollback()
        self._lend(self.main, "create_savepoint")

    @contextmanager
    def making(self) -> Iterator[Session]:
        """Objects are made one by one, in ``main``; afterwards they are in the transaction.

        ``commit()`` releases a savepoint, and ``rollback()`` goes back to it, as it would
        with a transaction of its own.
        """
        self._columnwise = False
        try:
            yield self.main
            self._require_whole()
            for each in [self.main, *self._others()]:
                each.commit()
        except BaseException:
            with suppress(DBAPIError):  # the connection may be lost
                self.main.rollback()
                for each in self._others():
                    each.close()
            raise
        finally:
            self._columnwise = True

    def require_unused(self) -> None:
        """Raises UserCode if a declaration put objects into the session, which are forgotten."""
        if self.main.in_transaction():
            self.main.rollback()
            raise UserCode("uses a session")

    def holds(self, session: Session, mapper: Any) -> bool:
        """Whether rows of ``mapper`` in the session are written in the seed's transaction."""
        return session is self.main or (
            session in self._lent and session.get_bind(mapper) is self.connection
        )

    def advice(self, owner: Any, name: str = "") -> str | None:
        """What helps a declaration that asked the database elsewhere, and failed."""
        if not self.elsewhere:
            return None
        return (
            "It uses a connection of its own, which does not see the rows of this seed. Use the "
            f"factory's session, or draw the row: {_link(owner, name)}."
        )

    def called(self, owner: Any) -> None:
        """A factory is called to make an object."""
        if self._columnwise:
            raise UserCode(f"calls {owner.__name__}")

    def give_back(self) -> None:
        if self.main.in_transaction():
            with suppress(DBAPIError):
                self.main.rollback()
        for session, (mode, twophase) in list(self._lent.items()):
            vars(session).pop("get_bind", None)
            session.join_transaction_mode, session.twophase = mode, twophase

    def _require_whole(self) -> None:
        if self._broken:
            raise SeedError(
                "A session was rolled back, and with it others' rows. Nothing was written.",
                "Is it one that a declaration opens? Use the factory's there: its rollback() "
                "takes back its own rows only.",
            )

    def _others(self) -> list[Session]:
        return [each for each in list(self._lent) if each is not self.main]

    def _lend(self, session: Session, mode: Any) -> None:
        self._lent[session] = session.join_transaction_mode, session.twophase
        vars(session)["get_bind"] = self._binding(session)
        session.join_transaction_mode, session.twophase = mode, False

    def _binding(self, session: Session) -> Callable[..., Any]:
        """What takes the place of the session's ``get_bind()``."""
        own = type(session).get_bind
        always = session is self.main

        def get_bind(*args: Any, **options: Any) -> Any:
            if not always:
                try:
                    bind = own(session, *args, **options)
                except UnboundExecutionError:
                    bind = None
                if bind is not None and place(bind.engine.url) not in self._places:
                    return bind
            if self._columnwise or self.connection is None:
                raise UserCode("uses a session")
            self._require_whole()
            if not always:
                self._joined.add(session)
            return self.connection

        return get_bind

    # --- listeners

    def after_transaction_create(self, session: Session, transaction: Any = None) -> None:
        """A session begins to work, and has no connection yet."""
        if session not in self._lent:
            # A savepoint of its own could end after one of ``main`` that began later.
            self._lend(session, "rollback_only")

    def after_rollback(self, session: Session) -> None:
        """One but ``main`` takes back more than its own: nothing may follow."""
        self._broken = self._broken or session in self._joined

    def do_orm_execute(self, state: Any) -> None:
        """It begins with a query, for which it has not begun a transaction yet."""
        self.after_transaction_create(state.session)

    def before_cursor_execute(
        self, connection: Any, cursor: Any, statement: str, *context: Any
    ) -> None:
        if connection is self.connection or place(connection.engine.url) not in self._places:
            return
        self.elsewhere = True
        if statement.lstrip("( \n\t").upper().startswith(_WRITES):
            raise OwnConnection(
                "it writes on a connection of its own, beside the seed's transaction"
            )


@contextmanager
def seed_sessions(project: Project, connection: sa.Connection | None) -> Iterator[SeedSessions]:
    """All factories and sessions of the process work on ``connection``; none in a worker."""
    with ExitStack() as stack:
        own = stack.enter_context(own_session(project, connection))
        sessions = SeedSessions(project.engine, connection, own)
        stack.callback(sessions.give_back)
        for target, name in _EVENTS:
            listener = getattr(sessions, name)
            event.listen(target, name, listener)
            stack.callback(event.remove, target, name, listener)
        stack.enter_context(bound(sessions.main, sessions.called))
        yield sessions


def _session_of_the_app() -> Session:
    """The first that a factory names; or that its module knows, where a test would set the
    factory's; else a new one."""
    factories = mapped_factories()
    names = dict.fromkeys(each.__module__ for each in factories)
    modules = [sys.modules[name] for name in names if name in sys.modules]
    kinds = (scoped_session, Session, *async_classes())
    known = [value for module in modules for value in list(vars(module).values())]
    known = [value for value in known if is_a(value, *kinds)]
    for each in (*map(named_session, factories), *map(session_given, known)):
        if each is not None:
            session: Session = getattr(each, "sync_session", each)
            return session
    return Session()


def _link(owner: Any, name: str) -> str:
    """The declaration that draws what an attribute refers to."""
    mapper = mapper_of(owner)
    prop = mapper.attrs.get(name) if mapper is not None else None
    keys = [key for column in getattr(prop, "columns", ()) for key in column.foreign_keys]
    for each in mapped_factories():
        target = mapper_of(each)
        if target is None or not isinstance(prop, RelationshipProperty | ColumnProperty):
            continue
        if isinstance(prop, RelationshipProperty) and prop.mapper is target:
            return f"{name} = Link({each.__name__})"
        if keys and keys[0].column.table is target.local_table:
            return f'{name} = Link({each.__name__}, attribute="{keys[0].column.key}")'
    return "Link(...Factory)"
