"""What the server would make of a model's table: created as a temporary one, read, thrown away.

A default, a CHECK or an index predicate that differs from the database's text may be the
same in the server's own words. Then the server is asked, once for a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.reflection import ObjectScope
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from ...sql.raw import RawType, execute, qualified, sql_of, undoubled
from ...sql.tokens import Token, split, words_of
from ...sqlalchemy_internals import as_declared, ddl_compiler, is_of_type, script_dialect
from .postgresql_constraints import complete_constraints
from .reflection_fixes import name_types

_CHECK = "sqlalchemy_manage_check_"


@dataclass(frozen=True)
class ServerForm:
    """A table as the server made it: what the Inspector says of columns, CHECKs and indexes.

    ``checks`` has the text of each CHECK of the model's table, and of each exclusion
    constraint.
    """

    columns: dict[str, Any]
    checks: dict[sa.Constraint, str]
    indexes: dict[str, Any]


def made_of(context: Any, table: sa.Table, conn_table: sa.Table) -> ServerForm | None:
    """What the server makes of the model's ``table``; None where it refuses or is SQLite.

    SQLite keeps texts as they were written. The answer is kept for this comparison.
    """
    if context.dialect.name not in ("postgresql", "mysql", "mariadb"):
        return None
    kept = context.inspector.info_cache.setdefault("sqlalchemy_manage_probe", {})
    if table not in kept:
        kept[table] = None
        with suppress(SQLAlchemyError):
            kept[table] = _made(context.connection, table, conn_table)
    made: ServerForm | None = kept[table]
    return made


def checks_of(table: sa.Table) -> list[sa.CheckConstraint]:
    """The CHECKs that are written in a model: of the table and of its columns, not of types."""
    found = [c for c in table.constraints if isinstance(c, sa.CheckConstraint)]
    for column in table.columns:
        found += [c for c in column.constraints if isinstance(c, sa.CheckConstraint)]
    return as_declared(check for check in found if not is_of_type(check))


def exclusions_of(table: sa.Table) -> list[postgresql.ExcludeConstraint]:
    """The exclusion constraints of a model, in an order that a copy of it has too."""
    found = [c for c in table.constraints if isinstance(c, postgresql.ExcludeConstraint)]
    compiler = ddl_compiler(script_dialect("postgresql"))
    return sorted(found, key=lambda c: (str(c.name or ""), str(compiler.process(c))))


def _made(connection: sa.Connection, table: sa.Table, conn_table: sa.Table) -> ServerForm:
    shadow = table.to_metadata(sa.MetaData(), schema=None)  # type: ignore[arg-type]
    dialect = connection.dialect
    for column in shadow.columns:
        if isinstance(column.type.dialect_impl(dialect), postgresql.ENUM | postgresql.DOMAIN):
            # The model's own may not exist yet.
            there = conn_table.columns.get(column.name)
            column.type = sa.Text() if there is None else there.type
    originals = checks_of(table)
    checks: dict[str, sa.Constraint] = {}
    for model, exclusion in zip(exclusions_of(table), exclusions_of(shadow), strict=True):
        exclusion.name = f"{_CHECK}{len(checks)}"
        checks[exclusion.name] = model
    for copy in checks_of(shadow):
        text = sql_of(copy.sqltext, dialect)
        original = next((c for c in originals if sql_of(c.sqltext, dialect) == text), None)
        if original is None:
            continue
        originals.remove(original)
        # MariaDB allows no name within a column's definition; there the column is one.
        name = f"{_CHECK}{len(checks)}"
        if isinstance(copy.parent, sa.Column) and dialect.name != "postgresql":
            name, copy.name = copy.parent.name, None
        else:
            copy.name = name
        checks[name] = original
    create = undoubled(
        str(CreateTable(shadow, include_foreign_key_constraints=[]).compile(dialect=dialect)),
        dialect,
    )
    create = re.sub(r"^\s*CREATE TABLE", "CREATE TEMPORARY TABLE", create)
    indexes = [
        undoubled(str(CreateIndex(index).compile(dialect=dialect)), dialect)
        for index in shadow.indexes
    ]
    return temporary(connection, shadow.name, create, indexes, checks)


def temporary(
    connection: sa.Connection,
    name: str,
    create: str,
    indexes: Sequence[str] = (),
    checks: Mapping[str, sa.Constraint] = MappingProxyType({}),
) -> ServerForm:
    """What ``create``, the statement of a temporary table, makes, with the CREATE INDEXes.

    ``checks`` are the CHECKs to read, by name. The table is gone afterwards. Raises what
    the server refuses, but no index.
    """
    on = _on_postgresql if connection.dialect.name == "postgresql" else _on_mariadb
    return on(connection, name, create, indexes, checks)


def _on_postgresql(
    connection: sa.Connection,
    name: str,
    create: str,
    indexes: Sequence[str],
    checks: Mapping[str, sa.Constraint],
) -> ServerForm:
    outer = connection.begin_nested()
    try:
        execute(connection, create)
        for index in indexes:
            with suppress(DBAPIError), connection.begin_nested():
                execute(connection, index)
        inspector: Any = sa.inspect(connection)

        def read(kind: str) -> list[Any]:
            found = getattr(inspector, f"get_multi_{kind}")(
                filter_names=[name], scope=ObjectScope.TEMPORARY
            )
            facts: list[Any] = next(iter(found.values()), [])
            if kind == "columns":
                name_types(connection, None, {name: facts})
            elif kind == "check_constraints":
                exclusions: dict[str, list[Any]] = {}
                complete_constraints(connection, None, {}, exclusions)
                facts = [*facts, *exclusions.get(name, ())]
            return facts

        return _read(read, indexes, checks)
    finally:
        outer.rollback()


def _on_mariadb(
    connection: sa.Connection,
    name: str,
    create: str,
    indexes: Sequence[str],
    checks: Mapping[str, sa.Constraint],
) -> ServerForm:
    quoted = qualified(connection.dialect, name)
    execute(connection, create)
    try:
        for index in indexes:
            with suppress(DBAPIError):
                execute(connection, index)
        shown = execute(connection, f"SHOW CREATE TABLE {quoted}").one()[1]
        inspector: Any = sa.inspect(connection)
        made = _read(lambda kind: getattr(inspector, f"get_{kind}")(name), indexes, checks)
        _add_shown(made, shown, checks)
        return made
    finally:
        execute(connection, f"DROP TEMPORARY TABLE {quoted}")


def _read(read: Any, indexes: Sequence[str], checks: Mapping[str, sa.Constraint]) -> ServerForm:
    return ServerForm(
        {column["name"]: column for column in read("columns")},
        {
            checks[check["name"]]: check["sqltext"]
            for check in (read("check_constraints") if checks else ())
            if check["name"] in checks
        },
        {index["name"]: index for index in (read("indexes") if indexes else ())},
    )


def _add_shown(made: ServerForm, shown: str, checks: Mapping[str, sa.Constraint]) -> None:
    """Add what SQLAlchemy does not read on MariaDB: see the reflected module.

    information_schema knows nothing of temporary tables, so it is read from the statement.
    """
    found = words_of(shown)
    start = next(i for i, token in enumerate(found) if token.text == "(")
    for words in split(found[start + 1 :]):
        if words[0].kind != "quoted":
            _add_order(made, words)
            continue
        column = made.columns.get(words[0].name)
        if column is not None and isinstance(column["type"], sa.types.NullType):
            column["type"] = RawType(_type_in(words))
        default, update = _clause(words, "default"), _clause(words, "update")
        if column is not None and not column.get("computed") and default not in ("", "NULL"):
            column["default"] = default
        if column is not None and update:
            column["default"] = f"{default or 'NULL'} ON UPDATE {update}"
        if words[0].name in checks:
            made.checks[checks[words[0].name]] = _clause(words, "check")[1:-1]


def _type_in(words: list[Token]) -> str:
    """The type in the definition of a column, ``name vector(3) NOT NULL``."""
    end = 2
    if words[2:] and words[2].text == "(":
        end = next(i for i, token in enumerate(words) if token.text == ")") + 1
    return "".join(token.text for token in words[1:end])


def _add_order(made: ServerForm, words: list[Token]) -> None:
    """The keys of ``KEY `name` (`a` DESC,`b`)`` that are sorted downwards."""
    if words[0].text not in ("KEY", "UNIQUE"):
        return
    index = made.indexes.get(next(t.name for t in words if t.kind == "quoted"))
    for before, token in pairwise(words):
        if index is not None and token.text == "DESC":
            index.setdefault("column_sorting", {})[before.name] = ("desc",)


_ENDS = ("on", "comment", "check", "generated", "invisible", "not", "null")


def _clause(words: list[Token], word: str) -> str:
    """What follows ``word`` in a column's definition, up to the next clause."""
    depth, inside = 0, False
    taken: list[str] = []
    for token in words:
        lowered = token.text.lower() if token.kind == "word" else ""
        if depth == 0 and inside and taken and lowered in _ENDS:
            break
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if inside:
            taken.append(token.text)
        inside = inside or (depth == 0 and lowered == word)
    return " ".join(taken)
