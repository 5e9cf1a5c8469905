"""Run the operations on views, functions and triggers: the SQL of each database."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError

from ....declared.definitions import drop_statement
from ....errors import MigrationError
from ....sql.create_statements import created, database_of, or_replace
from ....sql.raw import execute, qualified
from ....sql.tokens import words_of
from .operations import CreateObjectOp, DropObjectOp, ObjectOp, ReplaceObjectOp

_COLUMNS_CHANGED = "42P16"
_KEPT = "sqlalchemy_manage_kept"
# What hangs on a view and goes with it: grants, comment, a materialized view's indexes.
_PG_ATTACHED = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = to_regclass(:name)
UNION ALL
SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type, :name,
              coalesce(quote_ident(r.rolname), 'PUBLIC'),
              CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.oid = to_regclass(:name) AND a.grantee <> c.relowner
UNION ALL
SELECT format('COMMENT ON %s %s IS %L', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW'
              ELSE 'VIEW' END, :name, obj_description(c.oid, 'pg_class'))
FROM pg_class c WHERE c.oid = to_regclass(:name) AND obj_description(c.oid, 'pg_class') IS NOT NULL
"""


def create(operations: Operations, operation: CreateObjectOp) -> None:
    statement = _statement(operations, operation)
    if statement is not None:
        _run(operations, statement)
        _attach(operations, operation)


def drop(operations: Operations, operation: DropObjectOp) -> None:
    if _database(operations) in operation.statements:
        _detach(operations, operation)
        statement = drop_statement(
            operations.get_context().dialect,
            operation.kind,
            operation.schema,
            operation.name,
            table_name=operation.table_name,
            arguments=operation.signature,
            materialized=operation.materialized,
        )
        _run(operations, statement)


def replace(operations: Operations, operation: ReplaceObjectOp) -> None:
    statement = _statement(operations, operation)
    if statement is None:
        return
    database = _database(operations)
    in_place = {"postgresql": ("function",), "mysql": ("view",)}.get(database, ())
    # MariaDB has OR REPLACE for all three, MySQL for views only, SQLite for nothing.
    mariadb = getattr(operations.get_context().dialect, "is_mariadb", False)
    if operation.kind in in_place or mariadb:
        _run(operations, or_replace(statement, database))
    elif not _view_replaced(operations, operation, statement):
        drop(operations, operation.again(DropObjectOp, operation.statements))
        create(operations, operation.again(CreateObjectOp, operation.statements))


def _view_replaced(operations: Operations, operation: ObjectOp, statement: str) -> bool:
    """Whether PostgreSQL took the new view for the old: its columns stay, others may be added.

    Views of other people may then be built on it.
    """
    head = created(statement, "postgresql")
    if (
        (operation.kind, _database(operations)) != ("view", "postgresql")
        or operations.get_context().as_sql
        or (head is not None and head.materialized)
    ):
        return False
    savepoint = operations.get_bind().begin_nested()
    try:
        _run(operations, or_replace(statement, "postgresql"))
    except DBAPIError as error:
        savepoint.rollback()
        if getattr(error.orig, "sqlstate", getattr(error.orig, "pgcode", "")) == _COLUMNS_CHANGED:
            return False
        raise
    savepoint.commit()
    return True


def _detach(operations: Operations, operation: ObjectOp) -> None:
    """Remember what hangs on a view that is about to be dropped."""
    context = operations.get_context()
    if operation.kind == "view" and context.dialect.name == "postgresql" and not context.as_sql:
        name = qualified(context.dialect, operation.schema, operation.name)
        kept = operations.get_bind().scalars(sa.text(_PG_ATTACHED), {"name": name}).all()
        # For this revision only: another one that creates the view means another view.
        context.opts.setdefault(_KEPT, {})[name] = (context.get_current_heads(), kept)


def _attach(operations: Operations, operation: ObjectOp) -> None:
    """Restore what a view lost when the same revision dropped it."""
    context = operations.get_context()
    name = qualified(context.dialect, operation.schema, operation.name)
    heads, kept = context.opts.get(_KEPT, {}).pop(name, (None, ()))
    if kept and heads == context.get_current_heads():
        head = created(str(operation.statements.get("postgresql")), "postgresql")
        stored = head is not None and head.materialized
        for statement in kept:
            # A plain view in place of a materialized one has no indexes.
            if stored or not re.match(r"CREATE (UNIQUE )?INDEX", statement):
                execute(operations.get_bind(), statement)


def _database(operations: Operations) -> str:
    return database_of(operations.get_context().dialect.name)


def _statement(operations: Operations, operation: ObjectOp) -> str | None:
    """The statement for the database at hand, None if there is nothing to do there."""
    database = _database(operations)
    statement = operation.statements.get(database)
    if statement is None and database in operation.statements:
        raise MigrationError(
            f"The {operation.kind} {operation.name} cannot be restored on {database}: its "
            "definition there was not known when the revision was written.",
            f"Write the CREATE {operation.kind.upper()} into the revision in place of "
            f"{database}=None, then repeat the command.",
        )
    return statement


def _run(operations: Operations, statement: str) -> None:
    """Run a statement as it is, or write it into the script of ``--sql``."""
    context = operations.get_context()
    if not context.as_sql:
        execute(operations.get_bind(), statement)
        return
    output: Any = context.impl.static_output
    body = any(token.text == ";" for token in words_of(statement, _database(operations)))
    if body and _database(operations) == "mysql":
        # The mysql client would send the statement off at the first semicolon of its body.
        output(f"DELIMITER //\n\n{statement}\n//\n\nDELIMITER ;")
    else:
        output(statement + context.impl.command_terminator)
