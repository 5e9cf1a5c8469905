"""Decimals and floats as JSON and back, digit for digit: the codecs of their columns."""

from __future__ import annotations

import math
import struct
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from ..sql.dialects import MARIADB
from .codec import Codec
from .scalars import Unfit, WrittenFloat, dump_float, load_float, only

_decimal = only(str, int, float)
_LARGEST = 3.4028234e38


def numeric(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    """The codec of a NUMERIC column: the digits that the database holds, whatever its type says.

    Servers give them as text, so no driver and no ``asdecimal`` can pass them through a float.
    SQLite stores a float itself; of that, the decimals that the column declares are written,
    as a program reads them, and all of them if it reads a float.
    """
    scale: int | None = getattr(stored, "scale", None)
    digits = None if scale is None else max(scale, 0)
    float_stored = dialect.name == "sqlite"
    rounds = float_stored and bool(getattr(stored, "asdecimal", True))

    def dump(value: Any) -> str:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
        if not number.is_finite():
            return "NaN" if number.is_nan() else str(number)
        if digits is not None:
            text = f"{number:.{digits}f}"
            if rounds or Decimal(text) == number:
                return text
        text = f"{number:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text

    def load(value: Any) -> Decimal:
        said = value.text if type(value) is WrittenFloat else str(_decimal(value))
        try:
            number = Decimal(said)
        except InvalidOperation:
            raise ValueError("wrong type") from None
        if not number.is_finite():
            return Decimal("NaN") if number.is_nan() else number
        # PostgreSQL's largest: 131,072 digits before the point, 16,383 after it.
        if abs(number.adjusted()) > 131_072 or len(said) > 150_000:
            raise Unfit("is too large for the column")
        exact = digits is None or (float_stored and not rounds)
        if not exact and Decimal(f"{number:.{digits}f}") != number:
            raise Unfit(f"has more than the {digits} decimals of the column")
        return number

    def select(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if float_stored:
            # SQLAlchemy would warn, and round the float to ten decimals.
            return sa.type_coerce(column, sa.types.NullType())
        return sa.cast(column, sa.CHAR() if dialect.name in MARIADB else sa.Text())

    expected = 'a decimal number such as "12.50"'
    return Codec("numeric", expected, dump, load, bind, select=select)


def floating(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    """The codec of a FLOAT or DOUBLE column: the shortest number that is the stored one."""
    # REAL is a DOUBLE there, and so is FLOAT(25) and more.
    wide = isinstance(stored, sa.Double | sa.REAL) or (getattr(stored, "precision", 0) or 0) > 24
    if dialect.name in MARIADB and not wide:
        return Codec("float", "a number", _dump_narrow, load_float, bind, select=_widened)
    read_as = sa.Float() if getattr(stored, "asdecimal", False) else None
    return Codec("float", "a number", dump_float, load_float, bind, read_as)


def _widened(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """MariaDB shows six digits of a FLOAT, though it keeps more: asked for as a DOUBLE."""
    return sa.type_coerce(column * sa.literal_column("1e0"), sa.Float())


def _dump_narrow(value: Any) -> float | str:
    """The shortest number that is ``value`` in four bytes; ``value`` itself if it needs eight."""
    number = float(value)
    for digits in (6, 7, 8, 9) if math.isfinite(number) else ():
        short = float(f"{number:.{digits}g}")
        # Rounded up, the largest ones need more than four bytes.
        if abs(short) <= _LARGEST and struct.unpack("f", struct.pack("f", short))[0] == number:
            return short
    return dump_float(number)
