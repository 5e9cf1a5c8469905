"""Views, functions and triggers declared beside the models, in an app's ``ddl`` module.

.. code-block:: python

    Trigger(
        "employee_set_updated_at",
        Base.metadata,
        table="employee",
        sqlite="CREATE TRIGGER employee_set_updated_at AFTER UPDATE ON employee ...",
        postgresql="CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee ...",
        mysql="CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee ...",
    )

PostgreSQL's schemas and extensions are declared in the same way: ``Schema("crm", metadata)``,
``Extension("citext", metadata)``.

``makemigrations`` compares them with the database; ``create_all`` and ``drop_all`` of the
MetaData create and drop them with its tables. ``mysql`` is for MariaDB too.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError

from .declared.create_all import (
    KEY,
    create_declared,
    drop_declared,
    is_native_view,
    is_view,
    keep_views,
)
from .declared.surroundings import Extension, Schema
from .sql.create_statements import (
    DATABASES,
    DEFAULT_SCHEMAS,
    bare,
    clean,
    created,
    equal_names,
)
from .sql.tokens import words_of
from .sqlalchemy_internals import create_view_of, script_dialect

__all__ = [
    "Declaration",
    "Extension",
    "Function",
    "Schema",
    "Trigger",
    "View",
    "declared",
    "is_view",
]

_dialect = cache(script_dialect)


class Declaration:
    """An object of the database, and for each database the statement that creates it.

    Made as part of ``metadata``. Raises SQLAlchemy's ArgumentError for a statement that
    creates something else, for a database it does not know, and for a second declaration
    of the same name.
    """

    kind: ClassVar[str]
    databases: ClassVar[tuple[str, ...]] = DATABASES
    table_name: str | None = None

    def __init__(
        self, name: str, metadata: sa.MetaData, schema: str | None, statements: dict[str, str]
    ) -> None:
        self.name = name
        self.metadata = metadata
        self.schema = None if schema in DEFAULT_SCHEMAS.values() else schema
        for database in statements:
            if database not in self.databases:
                raise ArgumentError(
                    f"{self}: a {self.kind} cannot be declared for '{database}'; "
                    f"known: {', '.join(self.databases)} (mysql is for MariaDB too)."
                )
        self.statements = {key: self._checked(key, text) for key, text in statements.items()}
        if not self.statements and type(self).statement is Declaration.statement:
            raise ArgumentError(f"{self}: no statement is given for any database.")
        self._register()

    def __str__(self) -> str:
        return f"{type(self).__name__} '{_dotted(self.schema, self.name)}'"

    def statement(self, database: str) -> str | None:
        """The CREATE statement for a database, None if the object is not meant for it."""
        return self.statements.get(database)

    def _checked(self, database: str, text: str) -> str:
        statement = bare(clean(text), database)
        place = f"{self}, {database}"
        head = created(statement, database)
        if head is None or head.kind != self.kind:
            beginning = " ".join(statement.split()[:5])
            raise ArgumentError(f"{place}: '{beginning} ...' does not create a {self.kind}.")
        # A trigger is where its table is, whatever its own name is written with.
        schema = (head.table.schema if head.table else None) or head.name.schema
        if schema != self.schema or not equal_names(head.name.text, self.name, database):
            made = _dotted(schema, head.name.text)
            raise ArgumentError(f"{place}: the statement creates the {self.kind} '{made}'.")
        if head.table and not equal_names(head.table.text, str(self.table_name), database):
            raise ArgumentError(f"{place}: the statement's trigger is on '{head.table.text}'.")
        # Elsewhere, and with BEGIN ATOMIC, a body holds semicolons of its own.
        words = {token.text.lower() for token in words_of(statement, database)}
        if database == "postgresql" and ";" in words and "atomic" not in words:
            raise ArgumentError(f"{place}: these are several statements; declare them separately.")
        return statement

    def _register(self) -> None:
        known: list[Declaration] = self.metadata.info.setdefault(KEY, [])
        for other in known:
            same = (other.kind, other.schema, other.name) == (self.kind, self.schema, self.name)
            # Only PostgreSQL lets two tables have triggers of one name.
            both = set(self.statements) & set(other.statements) - {"postgresql"}
            if same and (both or other.table_name == self.table_name):
                raise ArgumentError(f"{self} is declared twice.")
        if not known:
            event.listen(self.metadata, "before_create", _before_create)
            event.listen(self.metadata, "after_create", _create)
            event.listen(self.metadata, "before_drop", _before_drop)
            event.listen(self.metadata, "after_drop", _after_drop)
        known.append(self)


def _dotted(schema: str | None, name: str) -> str:
    return f"{schema}.{name}" if schema else name


class Function(Declaration):
    """A stored function: ``Function("name", metadata, postgresql="CREATE FUNCTION name() ...")``.

    SQLite has none. Functions that differ only in their arguments cannot be declared.
    """

    kind = "function"
    databases = ("postgresql", "mysql")

    def __init__(
        self, name: str, metadata: sa.MetaData, *, schema: str | None = None, **statements: str
    ) -> None:
        super().__init__(name, metadata, schema or metadata.schema, statements)


class Trigger(Declaration):
    """A trigger of ``table``: its name (``schema.name`` where it has one), Table or model."""

    kind = "trigger"

    def __init__(self, name: str, metadata: sa.MetaData, *, table: Any, **statements: str) -> None:
        table = getattr(table, "__table__", table)
        if isinstance(table, str):
            schema, _, self.table_name = table.rpartition(".")
            schema = schema or metadata.schema or ""
        else:
            schema, self.table_name = table.schema or "", table.name
        super().__init__(name, metadata, schema or None, statements)


class View(Declaration):
    """A view of ``definition``: a ``select()``, or the text of a SELECT, for every database.

    A whole CREATE VIEW statement for one database (``postgresql="CREATE MATERIALIZED VIEW
    ..."``) takes its place there; without ``definition`` the view is only where it has one.
    """

    kind = "view"

    def __init__(
        self,
        name: str,
        metadata: sa.MetaData,
        definition: Any = None,
        *,
        schema: str | None = None,
        **statements: str,
    ) -> None:
        self.definition = definition
        super().__init__(name, metadata, schema or metadata.schema, statements)

    def _register(self) -> None:
        if self.definition is None and not self.statements:
            raise ArgumentError(f"{self}: a select or a statement is required.")
        if isinstance(self.definition, str) and created(self.definition, "postgresql"):
            raise ArgumentError(f"{self}: give the SELECT alone, or CREATE VIEW for a database.")
        super()._register()

    def statement(self, database: str) -> str | None:
        """As for every declaration; a select is compiled with its values written out."""
        if database in self.statements or self.definition is None or database not in DATABASES:
            return self.statements.get(database)
        if isinstance(self.definition, str):
            text = clean(self.definition)
        else:
            text = _compiled(self.definition, database)
        name = _dialect(database).identifier_preparer.format_table(self.table)
        return f"CREATE VIEW {name} AS\n{text}"

    @cached_property
    def table(self) -> sa.TableClause:
        """The view for queries, ``select(view.table)``; columns as far as they are known."""
        columns = getattr(self.definition, "selected_columns", ())
        return sa.table(self.name, *(sa.column(c.key, c.type) for c in columns), schema=self.schema)


class _NativeView(View):
    """A CreateView of SQLAlchemy 2.1; its MetaData creates and drops it without our help."""

    def __init__(self, table: sa.Table, create: Any) -> None:
        self.create = create
        super().__init__(table.name, table.metadata, create, schema=table.schema)

    def _register(self) -> None:
        pass

    def statement(self, database: str) -> str | None:
        if self.create.materialized and database != "postgresql":
            return None
        return bare(clean(_compiled(self.create, database)), database)


def _compiled(element: Any, database: str) -> str:
    sql = str(
        element.compile(dialect=_dialect(database), compile_kwargs={"literal_binds": True})
    ).strip()
    if any("\n" in t.text for t in words_of(sql, database) if t.kind in ("string", "quoted")):
        return sql
    # SQLAlchemy leaves a space at the end of most lines.
    return "\n".join(line.rstrip() for line in sql.splitlines())


def declared(metadata: sa.MetaData) -> list[Declaration]:
    """The declarations of ``metadata`` in their order, CreateViews of SQLAlchemy among them."""
    tables = [table for table in metadata.tables.values() if is_native_view(table)]
    native = [_NativeView(table, create_view_of(table)) for table in tables]
    return [*metadata.info.get(KEY, ()), *(v for v in native if not v.create.temporary)]


def _before_create(metadata: sa.MetaData, connection: sa.Connection, **kw: Any) -> None:
    keep_views(metadata)


def _create(metadata: sa.MetaData, connection: sa.Connection, **kw: Any) -> None:
    create_declared(metadata.info[KEY], connection, kw["checkfirst"])


def _before_drop(metadata: sa.MetaData, connection: sa.Connection, **kw: Any) -> None:
    keep_views(metadata)
    drop_declared(metadata.info[KEY], connection, kw["tables"], ("view", "trigger"))


def _after_drop(metadata: sa.MetaData, connection: sa.Connection, **kw: Any) -> None:
    # A default of a table may have used the function until now.
    drop_declared(metadata.info[KEY], connection, kw["tables"], ("function",))
