"""A company on a database, and a revision run on it under the guard alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.guards.losses.guard import LossGuard
from sqlalchemy_manage.migrations.runner.engine import migration_engine
from sqlalchemy_manage.migrations.runner.revision_runner import RevisionStep
from sqlalchemy_manage.migrations.runner.run import Allowed
from sqlalchemy_manage.migrations.runner.state import RunState


class Undone(Exception):
    """Nothing is wrong; what was done is not wanted."""


Change = Callable[[Any], None]

company = sa.MetaData()
sa.Table(
    "department",
    company,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(30)),
)
sa.Table(
    "office",
    company,
    sa.Column("country", sa.String(2), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
)
sa.Table(
    "employee",
    company,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(30)),
    sa.Column(
        "department_id",
        sa.Integer,
        sa.ForeignKey("department.id", name="fk_employee_department", ondelete="CASCADE"),
    ),
    sa.Column(
        "manager_id",
        sa.Integer,
        sa.ForeignKey("employee.id", name="fk_employee_manager", ondelete="SET NULL"),
    ),
    sa.Column("note", sa.String(30)),
)
sa.Table(
    "membership",
    company,
    sa.Column(
        "department_id",
        sa.Integer,
        sa.ForeignKey("department.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "employee_id",
        sa.Integer,
        sa.ForeignKey("employee.id", ondelete="CASCADE"),
        primary_key=True,
    ),
)
sa.Table(
    "desk",
    company,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("country", sa.String(2)),
    sa.Column("number", sa.Integer),
    sa.Column("age", sa.Integer),
    sa.ForeignKeyConstraint(["country", "number"], ["office.country", "office.number"]),
)
# Without a primary key, and with a row that stands twice.
sa.Table(
    "tag",
    company,
    sa.Column("employee_id", sa.Integer, sa.ForeignKey("employee.id", ondelete="CASCADE")),
    sa.Column("word", sa.String(30)),
)
sa.Table(
    "empty", company, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer)
)

ROWS: dict[str, list[dict[str, Any]]] = {
    "department": [{"id": i, "name": f"d{i}"} for i in (1, 2, 3)],
    "office": [{"country": c, "number": n} for c in ("CH", "DE") for n in (1, 2)],
    "employee": [
        {
            "id": i,
            "name": f"e{i}",
            "department_id": i % 3 + 1,
            "manager_id": None if i < 3 else i // 2,
            "note": f"n{i}" if i % 2 else None,
        }
        for i in range(1, 13)
    ],
    "membership": [{"department_id": i % 3 + 1, "employee_id": i} for i in range(1, 13)],
    "desk": [{"id": i, "country": "CH", "number": i % 2 + 1, "age": i} for i in range(1, 6)],
    "tag": [{"employee_id": e, "word": "w"} for e in (1, 1, 2, 3)],
}


def wipe(engine: sa.Engine) -> None:
    """Leave nothing in the database."""
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).unlink(missing_ok=True)
        return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            return
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        quote = engine.dialect.identifier_preparer.quote_identifier
        for name in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")


def fill(engine: sa.Engine, more: Callable[[sa.Connection], None] | None = None) -> None:
    """The company with its rows, whatever was there before."""
    wipe(engine)
    with engine.begin() as connection:
        company.create_all(connection)
        for name, rows in ROWS.items():
            connection.execute(company.tables[name].insert(), rows)
        if more is not None:
            more(connection)


def contents(engine: sa.Engine) -> dict[str, list[str]]:
    """Every row of every table, as text; the keys are the tables and their columns."""
    with engine.connect() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        return {
            f"{table.name}({', '.join(table.c.keys())})": sorted(
                repr(tuple(row)) for row in connection.execute(sa.select(table))
            )
            for table in found.tables.values()
        }


def private(url: str) -> sa.Engine:
    """The engine that the runner uses."""
    settings = SimpleNamespace(
        lock_timeout=4.0, lock_wait=4.0, statement_timeout=None, concurrently_timeout=60.0
    )
    run: Any = SimpleNamespace(
        project=SimpleNamespace(settings=settings), state=RunState(writes=True)
    )
    return migration_engine(Database("default", url), Path("."), run)


def proved(
    engine: sa.Engine,
    change: Change,
    *,
    declares: Mapping[str, Any] | None = None,
    allow: tuple[str, ...] = (),
    verb: str = "upgrade",
    mappers: tuple[Any, ...] = (),
    guard: LossGuard | None = None,
    undo: bool = False,
    destroys: bool = False,
) -> MigrationError | None:
    """Run ``change(op)`` as a revision on an engine of ``private``; the guard's error, if any.

    ``undo``: roll it back in any case.
    """
    project = SimpleNamespace(metadatas=[], mappers=mappers)
    run: Any = SimpleNamespace(
        project=project, allow_loss=allow, allowed=Allowed(data_loss=destroys)
    )
    guard = guard or LossGuard(run)
    attribute = "expected_loss" if verb == "upgrade" else "expected_loss_downgrade"
    module = SimpleNamespace(down_revision="0001_setup", **{attribute: declares or {}})
    with engine.connect() as connection:
        transactional = True if engine.dialect.name == "sqlite" else None
        opts = {"transactional_ddl": transactional, "transaction_per_migration": True}
        context = MigrationContext.configure(connection, opts=opts)
        step = RevisionStep("0002_change", verb, module, connection)
        try:
            with context.begin_transaction(_per_migration=True):
                guard.begin(step)
                with Operations.context(context) as op:
                    change(op)
                guard.end(step)
                if undo:
                    raise Undone
        except Undone:
            return None
        except MigrationError as error:
            return error
    return None
