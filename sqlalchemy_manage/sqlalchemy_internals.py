"""The private parts of SQLAlchemy that the tool needs; no other module uses any.

===========================================  ===================================================
Name                                         What it is needed for
===========================================  ===================================================
``ClassManager.new_init``, ``.original_init`` the ``__init__`` of a model, below SQLAlchemy's own
``Column._annotations``                      which columns of a join are ``remote()``
``Column._copy()``                           a column for a revision, not tied to its table
``Constraint._creation_order``               the order in which models declare constraints
``Constraint._create_rule``                  whether a type's CHECK is created on a database
``Constraint._type_bound``                   whether a constraint comes from a column's type
``Constraint._ddl_if``, ``Index._ddl_if``    the databases that a constraint or index is for
``Table._ddl_if``                            that a table is a view, and not created as a table
``Dialect._backslash_escapes``               SQL for a script, without doubled backslashes
``Dialect.ddl_compiler(dialect, None)``      parts of a statement: a default, a column, ...
``Dialect._json_serializer``,                how a JSON value is written,
``._psycopg_Json``, ``._psycopg_Jsonb``      and what it is bound as
``dispatch`` of a target, and how it wraps   who listens to an event
listeners
``IdentifierPreparer._double_percents``      whether a driver takes ``%`` for a placeholder
``MetaData._sequences``                      the sequences of the models
``MetaData._add_table()``                    some tables of a MetaData as one of their own
``dispatch._update()``                       and what listens to it
``orm.mapper._all_registries()``             every registry of the process
``PrimaryKeyConstraint._implicit_generated`` whether a model lists the columns of its key,
``.columns_autoinc_first``                   and their order where it does not
``ForeignKey._column_tokens``                what a foreign key refers to, in SQLAlchemy 2.0
``Table._creator_ddl``                       the CreateView behind a table of SQLAlchemy 2.1
``TypeEngine._variant_mapping``              what ``with_variant()`` was given
``registry._managers``                       classes that are mapped later
``RESERVED_WORDS`` of the dialects           the names that have to be quoted
``util.greenlet_spawn()``                    calls of an async driver from what is not async
===========================================  ===================================================

``tests/test_sqlalchemy_internals.py`` has a test for each that fails when SQLAlchemy
changes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.orm import Mapper, registry
    from sqlalchemy.types import TypeEngine

T = TypeVar("T", bound="sa.Constraint")
R = TypeVar("R")


def copy_column(column: sa.Column[Any]) -> sa.Column[Any]:
    """A copy that belongs to no table; ``Column.copy()`` is deprecated."""
    return column._copy()


def greenlet_spawn(function: Callable[[], R]) -> Coroutine[Any, Any, R]:
    """Calls ``function``, in which an async driver's connection can be used as if it were none."""
    from sqlalchemy.util import greenlet_spawn as spawn

    return spawn(function)


def is_remote(column: Any) -> bool:
    """Whether a column in the condition of a relationship is one of the rows that it leads to."""
    return "remote" in column._annotations


def target_of(key: sa.ForeignKey) -> tuple[str | None, str]:
    """Schema and table that a foreign key refers to, whatever dots are in their names."""
    return target_names(key)[:2]


def target_names(key: sa.ForeignKey) -> tuple[str | None, str, str | None]:
    """Schema, table and column that a foreign key names; SQLAlchemy 2.0 splits at each dot."""
    found: Any = getattr(key, "target_tokens", None) or key._column_tokens
    return found[0], str(found[1]), found[2]


def as_declared(constraints: Iterable[T]) -> list[T]:
    """The constraints of a model, which has them in a set, in the order in which it was written."""
    return sorted(constraints, key=lambda constraint: constraint._creation_order)


def is_created(constraint: Any, dialect: sa.Dialect) -> bool:
    """Whether CREATE TABLE contains the constraint of a column's type on ``dialect``."""
    rule = constraint._create_rule
    return rule is None or bool(rule(ddl_compiler(dialect)))


def is_of_type(constraint: Any) -> bool:
    """Whether a column's type (Enum, Boolean) brought the constraint along."""
    return bool(getattr(constraint, "_type_bound", False))


def dialects_of(item: Any) -> tuple[str, ...] | None:
    """The dialects that ``ddl_if()`` of a constraint or an index names; None for all."""
    dialects = getattr(getattr(item, "_ddl_if", None), "dialect", None)
    return (dialects,) if isinstance(dialects, str) else dialects


def leave_out(item: sa.Table | sa.Index) -> None:
    """Have create_all and drop_all neither create nor drop it."""
    from sqlalchemy.sql.ddl import DDLIf

    vars(item)["_ddl_if"] = DDLIf(None, lambda *args, **kw: False, None)


def script_dialect(name: str) -> sa.Dialect:
    """A dialect that writes SQL for a script."""
    # "named": in the drivers' own styles every % of a statement would come out doubled.
    dialect: sa.Dialect = import_module(f"sqlalchemy.dialects.{name}").dialect(paramstyle="named")
    if name == "postgresql":
        # SQLAlchemy 2.0 doubles backslashes until a server has said that they mean nothing.
        vars(dialect)["_backslash_escapes"] = False
    return dialect


def ddl_compiler(dialect: sa.Dialect) -> Any:
    """A DDLCompiler for parts of a statement, which belong to no statement yet."""
    return dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]


def doubles_percents(preparer: sa.sql.compiler.IdentifierPreparer) -> bool:
    """Whether ``%`` in a compiled statement has to be doubled for the driver."""
    return preparer._double_percents


def key_columns(key: sa.PrimaryKeyConstraint) -> list[sa.Column[Any]]:
    """The columns as CREATE TABLE lists them; the counted one first where the model lists none."""
    return list(key.columns_autoinc_first if key._implicit_generated else key.columns)


def sequences_of(metadata: sa.MetaData) -> list[sa.Sequence]:
    """The sequences that belong to ``metadata``, of a column or not."""
    return list(metadata._sequences.values())


def share_tables(part: sa.MetaData, tables: Iterable[sa.Table]) -> None:
    """Have ``part`` hold ``tables``, which stay tables of their own MetaData."""
    for table in tables:
        part._add_table(table.name, table.schema, table)


def copy_listeners(source: sa.MetaData, target: sa.MetaData) -> None:
    """Have what listens to the events of ``source`` listen to those of ``target`` too."""
    target.dispatch._update(source.dispatch, only_propagate=False)


def create_view_of(table: sa.Table) -> Any:
    """The CreateView that made the table; there is a public setter and no getter."""
    return table._creator_ddl


def variants(type_: TypeEngine[Any]) -> Mapping[str, TypeEngine[Any]]:
    """The types that ``type_`` is on other databases, by dialect."""
    return type_._variant_mapping


def bound_by(type_: sa.TypeDecorator[Any], value: Any, dialect: sa.Dialect) -> Any:
    """What a type hands on to the type that it wraps; many give it the value as it is."""
    from sqlalchemy import TypeDecorator

    if type(type_).process_bind_param is TypeDecorator.process_bind_param:
        return value
    return type_.process_bind_param(value, dialect)


def read_by(type_: sa.TypeDecorator[Any], value: Any, dialect: sa.Dialect) -> Any:
    """What a type makes of what the type that it wraps has read."""
    from sqlalchemy import TypeDecorator

    if type(type_).process_result_value is TypeDecorator.process_result_value:
        return value
    return type_.process_result_value(value, dialect)


def registries() -> list[registry]:
    """Every registry of the process, in no order."""
    # Of the package itself, "mapper" is a function.
    return list(import_module("sqlalchemy.orm.mapper")._all_registries())


def mappers_in(registry: registry) -> list[Mapper[Any]]:
    """The mappers of a registry, without the classes that are not mapped yet.

    So are an AbstractConcreteBase before the mappers are configured, and a class of
    DeferredReflection that is not prepared; ``registry.mappers`` raises for them.
    """
    return [manager.mapper for manager in registry._managers if manager.is_mapped]


def copy_without_variants(type_: Any) -> Any:
    """A copy of ``type_`` that is the same type on every database."""
    copy = type_.copy()
    copy._variant_mapping = type(copy._variant_mapping)()
    return copy


def original_constructor(mapper: Mapper[Any]) -> Any:
    """The ``__init__`` of a mapped class, without those that SQLAlchemy puts around it."""
    constructor: Any = mapper.class_.__init__
    for each in mapper.iterate_to_root():
        manager: Any = each.class_manager
        if constructor is manager.new_init:
            constructor = manager.original_init
    return constructor


def users_listen(target: Any, event: str) -> bool:
    """Whether anybody listens to an event but SQLAlchemy, as it does for composite().

    It wraps a function that takes other arguments; then the function is in the closure.
    """
    for listener in getattr(target.dispatch, event):
        inner = [listener]
        for cell in getattr(listener, "__closure__", None) or ():
            with suppress(ValueError):  # a name that is not bound yet
                inner.append(cell.cell_contents)
        modules = [f.__module__ for f in inner if callable(f) and hasattr(f, "__qualname__")]
        if any(not str(module).startswith("sqlalchemy.") for module in modules):
            return True
    return False


def json_texts(dialect: sa.Dialect) -> dict[type, Callable[[Any], str]]:
    """What the dialect binds a JSON value as -> what gives its text."""
    serializer = getattr(dialect, "_json_serializer", None) or json.dumps

    def text(value: Any) -> str:
        written: str = (value.dumps or serializer)(value.obj)
        return written

    # psycopg's wrappers; its serializer is otherwise set at the connection.
    wrappers = [getattr(dialect, name, None) for name in ("_psycopg_Json", "_psycopg_Jsonb")]
    return {wrapper: text for wrapper in wrappers if wrapper is not None}


@cache
def reserved_words() -> frozenset[str]:
    """The words that need quotes as names on one of the supported databases."""
    from sqlalchemy.dialects.mysql import reserved_words as mysql
    from sqlalchemy.dialects.postgresql import base as postgresql
    from sqlalchemy.dialects.sqlite import base as sqlite

    return frozenset(
        postgresql.RESERVED_WORDS
        | mysql.RESERVED_WORDS_MARIADB
        | mysql.RESERVED_WORDS_MYSQL
        | sqlite.SQLiteIdentifierPreparer.reserved_words
    )
