"""Values compared as the database holds them, and set where they differ."""

from __future__ import annotations

import decimal
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_attribute
from sqlalchemy.types import TypeEngine

from ...data.codec import decorates
from ...errors import SeedError, did_you_mean
from ..undoing.accounts import Accounts


def as_declared(type_: TypeEngine[Any], value: Any) -> Any:
    """The Python value of a column's type that ``value`` spells: ``"paid"`` for the
    member of an Enum, ``9.9`` for a Decimal, ``"2024-05-31"`` for a date. What cannot be read
    stays as it is. Raises SeedError for what an Enum does not have."""
    if value is None or decorates(type_):
        return value
    convert = next((make for kind, make in _SPELLINGS if isinstance(type_, kind)), None)
    try:
        return value if convert is None else convert(type_, value)
    except (ValueError, TypeError, decimal.InvalidOperation):
        return value


def _enum(type_: Any, value: Any) -> Any:
    if type_.enum_class is None:
        members = {each: each for each in type_.enums}
    elif isinstance(value, type_.enum_class):
        return value
    else:
        members = {each.value: each for each in type_.enum_class}
        members |= type_.enum_class.__members__
    for name, member in members.items():
        if name == value:
            return member
    # Where the column has no CHECK, SQLAlchemy stores any text, and cannot read it afterwards.
    words = [str(name) for name in members]
    raise SeedError(f"{value!r} is none of {', '.join(words)}." + did_you_mean(str(value), words))


def _number(type_: Any, value: Any) -> Any:
    if not type_.asdecimal:
        return float(value) if isinstance(value, str | decimal.Decimal) else value
    number = value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))
    if type_.scale is None or isinstance(type_, sa.Float) or not number.is_finite():
        return number
    # The servers round to the scale, and SQLAlchemy does when it reads from SQLite.
    with decimal.localcontext(prec=1000, rounding=decimal.ROUND_HALF_UP):
        return number.quantize(decimal.Decimal(1).scaleb(-type_.scale))


def _uuid(type_: Any, value: Any) -> Any:
    if type_.as_uuid:
        return uuid.UUID(value) if isinstance(value, str) else value
    return str(value) if isinstance(value, uuid.UUID) else value


def _moment(type_: Any, value: Any) -> Any:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _iso(kind: type[Any]) -> Callable[[Any, Any], Any]:
    return lambda type_, value: kind.fromisoformat(value) if isinstance(value, str) else value


_SPELLINGS: tuple[tuple[type, Callable[[Any, Any], Any]], ...] = (
    (sa.Enum, _enum),
    (sa.Numeric, _number),
    (sa.Uuid, _uuid),
    (sa.DateTime, _moment),
    (sa.Date, _iso(date)),
    (sa.Time, _iso(time)),
    (sa.Boolean, lambda type_, value: bool(value) if value in (0, 1) else value),
    (sa.Integer, lambda type_, value: int(value) if isinstance(value, str) else value),
)


def give(
    session: Session, accounts: Accounts, row: Any, values: Mapping[str, Any]
) -> tuple[bool, set[str]]:
    """Set what ``row`` does not have yet: whether it changed, and what could not be compared.

    What differs each time it is set (a password's salt) is left alone.
    """
    wanted = {name: value for name, value in values.items() if not _has(row, name, value)}
    if not wanted:
        return False, set()
    with session.no_autoflush:
        unsteady = {name for name, value in wanted.items() if not _set(session, row, name, value)}
        changed = _changed(row)
        if changed and not _differs(session, accounts, row, changed):
            session.expire(row)
            changed = {}
    session.flush()
    return bool(changed), unsteady


def _has(row: Any, name: str, value: Any) -> bool:
    try:
        return bool(getattr(row, name) == value)
    except Exception:  # a property that cannot be read, or values that cannot be compared
        return False


def _set(session: Session, row: Any, name: str, value: Any) -> bool:
    """Set an attribute; False, and nothing set, if it would be another each time."""
    column = sa.inspect(type(row)).columns.get(name)
    if column is not None and not _is_steady(column.type, session.get_bind().dialect, value):
        return False
    before = _held(row)
    with session.no_autoflush:
        setattr(row, name, value)
        first = _held(row)
        setattr(row, name, value)
        second = _held(row)
    if first == second:
        return True
    for key in second:
        if key in before and before[key] is not second[key]:
            set_attribute(row, key, before[key])
    return False


def _is_steady(type_: TypeEngine[Any], dialect: sa.Dialect, value: Any) -> bool:
    """Whether a type stores the value alike each time, or gives it back."""
    impl = type_.dialect_impl(dialect)
    bind = impl.bind_processor(dialect)
    if bind is None or not decorates(type_) or bind(value) == bind(value):
        return True
    result = impl.result_processor(dialect, None)
    return result is not None and bool(result(bind(value)) == value)


def _held(row: Any) -> dict[str, Any]:
    state = sa.inspect(row)
    return {a.key: state.dict[a.key] for a in state.mapper.column_attrs if a.key in state.dict}


def _changed(row: Any) -> dict[str, Any]:
    """The values of columns that differ in Python from what was read."""
    state = sa.inspect(row)
    keys = [attribute.key for attribute in state.mapper.column_attrs]
    return {k: state.dict[k] for k in keys if state.attrs[k].history.has_changes()}


def _differs(session: Session, accounts: Accounts, row: Any, values: Mapping[str, Any]) -> bool:
    """Whether the database would hold something else: written, read back, and taken back.

    Not by the session, so that no listener acts on what may be no change.
    """
    connection, mapper = session.connection(), sa.inspect(row).mapper
    identity = sa.inspect(row).identity
    columns = {name: mapper.attrs[name].columns[0] for name in values}
    mark = accounts.mark()
    savepoint = connection.begin_nested()
    differs = False
    for table in dict.fromkeys(column.table for column in columns.values()):
        own = {name: column for name, column in columns.items() if column.table is table}
        here = [key == value for key, value in zip(table.primary_key, identity, strict=True)]
        query = sa.select(*own.values()).where(*here)
        before = connection.execute(query).one()
        new = {column: values[name] for name, column in own.items()}
        connection.execute(sa.update(table).where(*here).values(new))
        after = connection.execute(query).one_or_none()  # None: it has another key now
        differs = differs or after is None or tuple(after) != tuple(before)
    savepoint.rollback()
    accounts.rolled_back(mark)
    return differs
