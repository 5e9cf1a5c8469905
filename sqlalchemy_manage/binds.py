"""Which of the databases a table is in, where the models of a project are in several.

``__bind_key__`` on a class, ``info={"bind_key": ...}`` on a Table or its MetaData (as
Flask-SQLAlchemy has it), and the setting ROUTER name the alias of a table; METADATA in an entry
of DATABASES names the tables of that entry. Such a table is in that database alone, and
so is an association table without a class, all of whose foreign keys lead there. All others are
in ``default``, and in every alias that no table is bound to: those are copies, shards or
tenants of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper

from .conf import raised
from .errors import AppError, SettingsError, did_you_mean
from .sqlalchemy_internals import copy_listeners, mappers_in, registries, share_tables

# Not in the info of the tables: what is there goes into revisions.
_aliases: WeakKeyDictionary[Table, frozenset[str]] = WeakKeyDictionary()
_removed: WeakKeyDictionary[Table, list[ForeignKeyConstraint]] = WeakKeyDictionary()

DEFAULT = "default"

Router = Callable[..., Any]
"""Gives the alias of a table, or None where it does not care."""


def aliases_of(table: Any) -> frozenset[str] | None:
    """The databases that have a table; None where the models are in one, or are the same in all."""
    return _aliases.get(table) if isinstance(table, Table) else None


def apart(one: Any, other: Any) -> bool:
    """Whether no database has both tables, so that none can link or join their rows."""
    first, second = aliases_of(one), aliases_of(other)
    return first is not None and second is not None and not first & second


def is_in(alias: str, table: Any) -> bool:
    """Whether the database of that alias has the table."""
    found = aliases_of(table)
    return found is None or alias in found


def tables_of(metadatas: Iterable[MetaData], alias: str) -> set[Table]:
    """The tables that the database of that alias has."""
    return {t for metadata in metadatas for t in metadata.tables.values() if is_in(alias, t)}


def bind(
    metadatas: Collection[MetaData],
    known: Collection[str],
    *,
    named: Mapping[str, Collection[MetaData]],
    router: Router | None = None,
    file: Path | None = None,
) -> bool:
    """Find out of each table which databases have it; False if none is bound to any.

    ``known``: the aliases. ``named``: the MetaData that METADATA of an alias names. Foreign
    keys between two databases are taken off their tables, where they would be created.
    Raises SettingsError for an alias that there is not, AppError where the router raises.
    """
    tables = [table for metadata in metadatas for table in metadata.tables.values()]
    for table in tables:
        table.constraints.update(_removed.pop(table, ()))
        _aliases.pop(table, None)
    classes = _classes(tables)
    bound: dict[Table, frozenset[str]] = {}
    for table in tables:
        found = _asked(router, table, known, file)
        if found is None:
            found = _declared(table, classes.get(table), known)
        owners = frozenset([found] if found is not None else _owners(table, named))
        if owners:
            bound[table] = owners
    if not bound:
        return False
    for table in tables:
        if table not in bound and table not in classes and (owners := _linked(table, bound)):
            bound[table] = owners
    own = frozenset().union(*bound.values())
    shared = frozenset(alias for alias in known if alias == DEFAULT or alias not in own)
    for table in tables:
        _aliases[table] = bound.get(table, shared)
    for table in tables:
        for constraint in list(table.constraints):
            if isinstance(constraint, ForeignKeyConstraint) and apart(table, _target(constraint)):
                table.constraints.discard(constraint)  # a mapper has what it says all the same
                _removed.setdefault(table, []).append(constraint)
    return True


def parts(metadatas: Iterable[MetaData], alias: str) -> list[MetaData]:
    """What of ``metadatas`` is in the database of an alias: whole ones as they are.

    Of another, a MetaData with those of its tables, and with all that is declared in it
    and belongs to no other table.
    """
    found = []
    for metadata in metadatas:
        tables = [table for table in metadata.tables.values() if is_in(alias, table)]
        if len(tables) == len(metadata.tables):
            if tables or _is_for(metadata, alias):
                found.append(metadata)
        elif tables:
            found.append(_part(metadata, tables))
    return found


def require_one_of_each(metadatas: Iterable[MetaData], holder: Callable[[Table], str]) -> None:
    """Raises AppError for two tables of one name in what is to be one database."""
    seen: dict[str, Table] = {}
    for metadata in metadatas:
        for name, table in metadata.tables.items():
            if name in seen:
                raise AppError(
                    f"Two MetaData have a table '{name}' for one database: one in "
                    f"{holder(seen[name])}, one in {holder(table)}.",
                    "If they are in two databases, say which of them is where: __bind_key__ = "
                    "ALIAS in the class, info={'bind_key': ALIAS} on its Table or MetaData, or "
                    "ROUTER in the settings. If it is one table, declare it once.",
                )
            seen[name] = table


def _is_for(metadata: MetaData, alias: str) -> bool:
    """Whether a MetaData without tables, with views alone, is of that database."""
    key = metadata.info.get("bind_key")
    return key in (None, alias)


def _part(metadata: MetaData, tables: Collection[Table]) -> MetaData:
    part = MetaData(schema=metadata.schema, naming_convention=metadata.naming_convention)
    names = {table.fullname for table in tables}
    others = metadata.tables.keys() - names
    for key, value in metadata.info.items():
        if isinstance(value, list):  # what is declared: a trigger goes with its table
            value = [item for item in value if getattr(item, "table_name", None) not in others]
        part.info[key] = value
    share_tables(part, tables)
    copy_listeners(metadata, part)
    return part


def _classes(tables: Collection[Table]) -> dict[Table, list[Mapper[Any]]]:
    """The mappers of each table, of those that are not configured yet too."""
    wanted = {id(table) for table in tables}
    found: dict[Table, list[Mapper[Any]]] = {}
    for each in registries():
        for mapper in mappers_in(each):
            table = mapper.local_table
            if id(table) in wanted and isinstance(table, Table):
                found.setdefault(table, []).append(mapper)
    return found


def _asked(
    router: Router | None, table: Table, known: Collection[str], file: Path | None
) -> str | None:
    if router is None:
        return None
    try:
        answer = router(table)
    except Exception as error:
        raise AppError(
            f"ROUTER of {file} fails for the table '{table.fullname}': {raised(error)}."
        ) from error
    if answer is None or answer in known:
        return None if answer is None else str(answer)
    raise SettingsError(
        f"ROUTER of {file} names {answer!r} for the table '{table.fullname}', and DATABASES has "
        f"no such alias.{_near(answer, known)}",
        f"Known: {', '.join(known)}; or None for a table that is not bound.",
    )


def _declared(
    table: Table, mappers: list[Mapper[Any]] | None, known: Collection[str]
) -> str | None:
    places: list[tuple[Any, str]] = [
        (getattr(mapper.class_, "__bind_key__", None), f"__bind_key__ of {mapper.class_.__name__}")
        for mapper in mappers or ()
    ]
    places.append((table.info.get("bind_key"), f"info of the table '{table.fullname}'"))
    places.append(
        (table.metadata.info.get("bind_key"), f"info of the MetaData of '{table.fullname}'")
    )
    for key, place in places:
        if key is None:
            continue
        if key not in known:
            raise SettingsError(
                f"The {place} names the database {key!r}, and DATABASES has no such alias."
                + _near(key, known),
                f"Known: {', '.join(known)}.",
            )
        return str(key)
    return None


def _near(key: object, known: Collection[str]) -> str:
    return did_you_mean(str(key), known)


def _owners(table: Table, named: Mapping[str, Collection[MetaData]]) -> Iterable[str]:
    return (a for a, metadatas in named.items() if any(table.metadata is m for m in metadatas))


def _linked(table: Table, bound: Mapping[Table, frozenset[str]]) -> frozenset[str]:
    """Where all tables are that an association table, which has no class, refers to."""
    found = [bound.get(_target(each)) for each in table.foreign_key_constraints]
    first = found[0] if found else None
    return first if first and all(each == first for each in found) else frozenset()


def _target(constraint: ForeignKeyConstraint) -> Any:
    """The table that a foreign key refers to; None where there is none of that name."""
    try:
        return constraint.referred_table
    except SQLAlchemyError:  # whoever compares says so
        return None
