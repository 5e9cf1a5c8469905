"""Every type that a column can have, by how a model writes it; and types that users write."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError


class Colour(enum.Enum):
    red = "r"
    blue = "b"


class BinaryUuid(sa.types.TypeDecorator[uuid.UUID]):
    """As sqlalchemy-utils' UUIDType."""

    impl = sa.BINARY(16)
    cache_ok = True


class NativeUuid(sa.types.TypeDecorator[uuid.UUID]):
    """Another type on another database."""

    impl = sa.CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        is_native = dialect.name == "postgresql"
        return dialect.type_descriptor(postgresql.UUID() if is_native else sa.CHAR(32))


class JsonText(sa.types.TypeDecorator[Any]):
    """As sqlalchemy-utils' JSONType."""

    impl = sa.UnicodeText
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        is_native = dialect.name == "postgresql"
        return dialect.type_descriptor(sa.JSON() if is_native else self.impl)


class Email(sa.types.TypeDecorator[str]):
    """As sqlalchemy-utils' EmailType."""

    impl = sa.Unicode
    cache_ok = True

    def __init__(self, length: int = 255, *args: Any, **kw: Any) -> None:
        super().__init__(*args, length=length, **kw)


class AutoString(sa.types.TypeDecorator[str]):
    """As SQLModel's."""

    impl = sa.types.String
    cache_ok = True
    mysql_default_length = 255

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        impl = self.impl_instance
        if getattr(impl, "length", None) is None and dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(sa.String(self.mysql_default_length))
        return super().load_dialect_impl(dialect)


class Point(sa.types.UserDefinedType[Any]):
    """As GeoAlchemy's types, but of a type that the server has without an extension."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "POINT"


class XML(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "xml"


class Vector(sa.types.UserDefinedType[Any]):
    """With an argument, and a name that the server spells in another way."""

    cache_ok = True

    def __init__(self, length: int = 3) -> None:
        self.length = length

    def get_col_spec(self, **kw: Any) -> str:
        return f"VARCHAR({self.length})"


class Seconds(sa.types.TypeDecorator[Any]):
    """Of another type than the Python value has."""

    impl = sa.Numeric(12, 3)
    cache_ok = True


GENERIC = """
sa.BigInteger() sa.Boolean() sa.Boolean(create_constraint=True,name="yes") sa.Date() sa.DateTime()
sa.DateTime(timezone=True) sa.Double() sa.Double(53) sa.Enum("a","b",name="ab")
sa.Enum("a","b",name="ab2",native_enum=False) sa.Enum(Colour,name="colour")
sa.Enum(Colour,native_enum=False,create_constraint=True,name="colour2",length=20)
sa.Float() sa.Float(10) sa.Float(24) sa.Float(25) sa.Float(53) sa.Integer() sa.Interval()
sa.Interval(native=False) sa.Interval(second_precision=3) sa.JSON() sa.LargeBinary()
sa.LargeBinary(20) sa.LargeBinary(70000) sa.Numeric() sa.Numeric(6) sa.Numeric(6,2)
sa.Numeric(30,10) sa.PickleType() sa.SmallInteger() sa.String() sa.String(1) sa.String(50)
sa.Text() sa.Text(50) sa.Text(70000) sa.Text(20000000) sa.Time() sa.Time(timezone=True)
sa.Unicode() sa.Unicode(50) sa.UnicodeText() sa.UnicodeText(50) sa.Uuid()
sa.Uuid(native_uuid=False) sa.Uuid(as_uuid=False)
sa.ARRAY(sa.Integer) sa.ARRAY(sa.String(10)) sa.ARRAY(sa.Integer,dimensions=2)
sa.BIGINT() sa.BINARY() sa.BINARY(16) sa.BLOB() sa.BLOB(20) sa.BOOLEAN() sa.CHAR() sa.CHAR(1)
sa.CHAR(36) sa.CLOB() sa.CLOB(20) sa.DATE() sa.DATETIME() sa.DATETIME(timezone=True)
sa.DECIMAL() sa.DECIMAL(6) sa.DECIMAL(6,2) sa.DOUBLE() sa.DOUBLE(53) sa.DOUBLE_PRECISION()
sa.DOUBLE_PRECISION(53) sa.FLOAT() sa.FLOAT(10) sa.FLOAT(24) sa.FLOAT(53) sa.INT() sa.INTEGER()
sa.JSON(none_as_null=True) sa.NCHAR() sa.NCHAR(10) sa.NUMERIC() sa.NUMERIC(6) sa.NUMERIC(6,2)
sa.NVARCHAR(50) sa.REAL() sa.REAL(10) sa.SMALLINT() sa.TEXT() sa.TEXT(50) sa.TIME()
sa.TIME(timezone=True) sa.TIMESTAMP() sa.TIMESTAMP(timezone=True) sa.UUID() sa.UUID(as_uuid=False)
sa.VARBINARY(16) sa.VARCHAR() sa.VARCHAR(50)
sa.JSON().with_variant(postgresql.JSONB(),"postgresql")
sa.BigInteger().with_variant(sa.Integer(),"sqlite")
sa.String(50).with_variant(mysql.VARCHAR(50,charset="latin1"),"mysql","mariadb")
sa.DateTime().with_variant(mysql.DATETIME(fsp=6),"mysql","mariadb")
sa.Text().with_variant(mysql.LONGTEXT(),"mysql","mariadb")
"""
POSTGRESQL = r"""
postgresql.ARRAY(sa.Text) postgresql.ARRAY(sa.Integer,dimensions=2)
postgresql.ARRAY(sa.Numeric(6,2)) postgresql.ARRAY(sa.Float) postgresql.ARRAY(sa.DateTime)
postgresql.ARRAY(sa.Uuid) postgresql.ARRAY(postgresql.ENUM("a","b",name="abc"))
postgresql.ARRAY(postgresql.JSONB) postgresql.ARRAY(postgresql.CITEXT)
postgresql.BIGINT() postgresql.BIT() postgresql.BIT(8) postgresql.BIT(varying=True)
postgresql.BIT(8,varying=True) postgresql.BOOLEAN() postgresql.BYTEA() postgresql.BYTEA(20)
postgresql.CHAR(5) postgresql.CIDR() postgresql.CITEXT() postgresql.DATE()
postgresql.DATEMULTIRANGE() postgresql.DATERANGE()
postgresql.DOMAIN("word",sa.Text()) postgresql.DOMAIN("code",sa.String(9),collation="C")
postgresql.DOMAIN("positive",sa.Integer,check="VALUE>0",not_null=False)
postgresql.DOUBLE_PRECISION() postgresql.DOUBLE_PRECISION(53) postgresql.ENUM("x","y",name="xy")
postgresql.FLOAT() postgresql.FLOAT(10) postgresql.FLOAT(53) postgresql.HSTORE() postgresql.INET()
postgresql.INT4MULTIRANGE() postgresql.INT4RANGE() postgresql.INT8MULTIRANGE()
postgresql.INT8RANGE() postgresql.INTEGER() postgresql.INTERVAL() postgresql.INTERVAL(precision=3)
postgresql.INTERVAL(fields="YEAR\x20TO\x20MONTH")
postgresql.INTERVAL(fields="DAY\x20TO\x20SECOND",precision=2)
postgresql.INTERVAL(fields="HOUR") postgresql.JSON() postgresql.JSON(astext_type=sa.Text())
postgresql.JSONB() postgresql.JSONB(astext_type=sa.Text()) postgresql.JSONPATH()
postgresql.MACADDR() postgresql.MACADDR8() postgresql.MONEY() postgresql.NUMERIC()
postgresql.NUMERIC(6,2) postgresql.NUMERIC(6,0) postgresql.NUMMULTIRANGE() postgresql.NUMRANGE()
postgresql.OID() postgresql.REAL() postgresql.REGCLASS() postgresql.REGCONFIG()
postgresql.SMALLINT() postgresql.TEXT() postgresql.TIME() postgresql.TIME(precision=3)
postgresql.TIME(timezone=True,precision=0) postgresql.TIMESTAMP() postgresql.TIMESTAMP(precision=3)
postgresql.TIMESTAMP(timezone=True,precision=6) postgresql.TSMULTIRANGE() postgresql.TSQUERY()
postgresql.TSRANGE() postgresql.TSTZMULTIRANGE() postgresql.TSTZRANGE() postgresql.TSVECTOR()
postgresql.UUID() postgresql.UUID(as_uuid=False) postgresql.VARCHAR() postgresql.VARCHAR(50)
"""
MYSQL = """
mysql.BIGINT() mysql.BIGINT(5) mysql.BIGINT(unsigned=True) mysql.BIGINT(20,zerofill=True)
mysql.BINARY(16) mysql.BINARY() mysql.BIT() mysql.BIT(8) mysql.BLOB() mysql.BLOB(20)
mysql.BOOLEAN() mysql.CHAR(5) mysql.CHAR(5,charset="latin1")
mysql.CHAR(5,collation="utf8mb4_bin") mysql.CHAR(5,binary=True,charset="latin1") mysql.DATE()
mysql.DATETIME() mysql.DATETIME(fsp=3) mysql.DATETIME(fsp=6) mysql.DECIMAL() mysql.DECIMAL(6,2)
mysql.DECIMAL(6,2,unsigned=True) mysql.DECIMAL(6,2,zerofill=True) mysql.DECIMAL(6) mysql.DOUBLE()
mysql.DOUBLE(10,2) mysql.DOUBLE(unsigned=True) mysql.ENUM("a","b")
mysql.FLOAT() mysql.FLOAT(10) mysql.FLOAT(10,2)
mysql.FLOAT(53) mysql.FLOAT(unsigned=True) mysql.INTEGER() mysql.INTEGER(5)
mysql.INTEGER(display_width=5) mysql.INTEGER(unsigned=True) mysql.INTEGER(5,zerofill=True)
mysql.INTEGER(zerofill=True) mysql.JSON() mysql.LONGBLOB() mysql.LONGTEXT()
mysql.LONGTEXT(charset="latin1") mysql.MEDIUMBLOB() mysql.MEDIUMINT() mysql.MEDIUMINT(8)
mysql.MEDIUMINT(unsigned=True) mysql.MEDIUMTEXT() mysql.MEDIUMTEXT(collation="utf8mb4_bin")
mysql.NCHAR(5) mysql.NUMERIC() mysql.NUMERIC(6,2) mysql.NUMERIC(6,2,unsigned=True)
mysql.NVARCHAR(50) mysql.REAL() mysql.REAL(10,2) mysql.REAL(unsigned=True) mysql.SET("a","b")
mysql.SET("a","b","c",charset="latin1") mysql.SMALLINT() mysql.SMALLINT(3)
mysql.SMALLINT(unsigned=True) mysql.TEXT() mysql.TEXT(50) mysql.TEXT(70000)
mysql.TEXT(charset="latin1") mysql.TEXT(50,collation="utf8mb4_bin") mysql.TIME()
mysql.TIME(fsp=3) mysql.TIME(fsp=6) mysql.TIMESTAMP() mysql.TIMESTAMP(fsp=6) mysql.TINYBLOB()
mysql.TINYINT() mysql.TINYINT(1) mysql.TINYINT(4) mysql.TINYINT(unsigned=True)
mysql.TINYINT(1,unsigned=True) mysql.TINYTEXT() mysql.VARBINARY(16) mysql.VARCHAR(50)
mysql.VARCHAR(50,charset="latin1") mysql.VARCHAR(50,charset="utf8mb4",collation="utf8mb4_bin")
mysql.VARCHAR(50,collation="utf8mb4_bin") mysql.VARCHAR(50,binary=True)
mysql.VARCHAR(50,national=True) mysql.VARCHAR(50,ascii=True) mysql.VARCHAR(50,unicode=True)
mysql.YEAR() mysql.YEAR(4) mysql.INET4() mysql.INET6()
"""
SQLITE = """
sqlite.BLOB() sqlite.BOOLEAN() sqlite.CHAR(5) sqlite.DATE() sqlite.DATETIME()
sqlite.DATETIME(truncate_microseconds=True) sqlite.DECIMAL(6,2) sqlite.FLOAT() sqlite.INTEGER()
sqlite.JSON() sqlite.JSONB() sqlite.NUMERIC(6,2) sqlite.NUMERIC() sqlite.REAL() sqlite.SMALLINT()
sqlite.TEXT() sqlite.TIME() sqlite.TIMESTAMP() sqlite.VARCHAR(50)
"""
USERS = """
BinaryUuid() NativeUuid() JsonText() Email() Email(100)
AutoString() AutoString(50) AutoString(length=20) Point() XML() Vector() Vector(5) Seconds()
sa.ARRAY(Email(20)) BinaryUuid().with_variant(postgresql.UUID(),"postgresql")
"""


# Not there: mysql.ENUM with a character set, which SQLAlchemy loses in a copy.


def all_types() -> dict[str, Any]:
    """How a model writes each type -> the type."""
    texts = (GENERIC + POSTGRESQL + MYSQL + SQLITE + USERS).split()
    names = globals()
    if not hasattr(sqlite, "JSONB"):  # of SQLAlchemy 2.1
        texts.remove("sqlite.JSONB()")
    return {text: eval(text, names) for text in dict.fromkeys(texts)}


assert postgresql and mysql and sqlite  # of the texts


def possible(engine: sa.Engine) -> Iterator[tuple[str, Any]]:
    """The types that the database creates a column of."""
    for text, type_ in all_types().items():
        metadata = sa.MetaData()
        sa.Table("possible", metadata, sa.Column("c", type_))
        # A type of another dialect may have no DDL here, or lack what the compiler wants of it.
        with suppress(SQLAlchemyError, AttributeError, TypeError), engine.begin() as connection:
            metadata.create_all(connection)
            metadata.drop_all(connection)
            yield text, type_


def models(types: Mapping[str, Any], keep: str = "", width: int = 60) -> sa.MetaData:
    """Tables of a column of each type, whose name says which: ``c12_postgresql_interval``.

    Without those whose text does not match ``keep``.
    """
    metadata = sa.MetaData()
    found = list(enumerate(types.items()))
    for start in range(0, len(found), width):
        columns = [
            sa.Column(f"c{number}_" + re.sub(r"\W+", "_", text).strip("_").lower()[:50], type_)
            for number, (text, type_) in found[start : start + width]
            if re.search(keep, text)
        ]
        sa.Table(f"types{start}", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata
