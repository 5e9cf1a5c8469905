"""Blocks of values go into each database as SQLAlchemy's own INSERT would have put them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import pickle
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from support.refused_rows import REFUSED, parent, thing

from sqlalchemy_manage.databases.constraint_errors import violation
from sqlalchemy_manage.seeding.writers import mysql as writers_mysql
from sqlalchemy_manage.seeding.writers import sqlite as writers_sqlite
from sqlalchemy_manage.seeding.writers.writer import BlockWriter, Encoder, ValueFault

NASTY = [
    "",
    " ",
    "\\N",
    "\\.",
    "tab\there",
    "line\nbreak\rreturn\r\n",
    "back\\slash \\\\ \\t",
    "it's 'quoted' \"twice\" `thrice`",
    "100 % %s %(name)s %%",
    "{} :name ? $1 ;--",
    "Ünïcödé 日本語 🦄",
    "'),('",
    "x" * 190,
    "NULL",
]
UTC = dt.UTC
ODD = dt.timezone(dt.timedelta(hours=5, minutes=30))


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Mark(enum.StrEnum):
    A = "x"
    X = "a"


class Shouted(sa.types.TypeDecorator[str]):
    """Upper case in the database."""

    impl = sa.String(50)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value.upper()


class Wrapped(sa.types.TypeDecorator[Any]):
    """JSON within a decorator."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return {"value": value}


class Lowered(sa.types.UserDefinedType[str]):
    """The database itself changes what is bound."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "VARCHAR(50)"

    def bind_expression(self, bindvalue: Any) -> Any:
        return sa.func.lower(bindvalue)


NAIVE = [dt.datetime(2020, 1, 2, 3, 4, 5, 678901), dt.datetime(1001, 1, 1), dt.datetime(2038, 5, 6)]
DateTime = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
ANY_VALUES: dict[str, tuple[Any, list[Any]]] = {
    "integer": (sa.Integer, [0, -5, 2**31 - 1, -(2**31)]),
    "big": (sa.BigInteger, [2**63 - 1, -(2**63)]),
    "boolean_for_integer": (sa.Integer, [True, 7, False]),
    "float": (sa.Float(53), [0.1, -1e300, 1e-300, 3.0, 0.1 + 0.2]),
    "integer_for_float": (sa.Float(53), [1, 2.5]),
    "numeric": (sa.Numeric(20, 6), [decimal.Decimal("1.5"), decimal.Decimal("-1E+5"), 2, 0.1]),
    "float_for_integer": (sa.Integer, [2.0, 3]),
    "boolean": (sa.Boolean, [True, False, 1, 0]),
    "string": (sa.String(200), NASTY),
    "plain_string": (sa.String(200), ["Ada", "Grace", "Linus"]),
    "text": (sa.Text, [*NASTY, "long " * 3000]),
    "date": (sa.Date, [dt.date(2020, 2, 29), dt.date(1001, 1, 1), dt.date(9999, 12, 31)]),
    "many_dates": (sa.Date, [dt.date(2020, 2, 29), dt.date(2021, 1, 1)] * 200),
    "datetime": (DateTime, NAIVE),
    "datetime_as_is": (sa.DateTime, [dt.datetime(2020, 1, 2, 3, 4, 5)]),
    "many_datetimes": (DateTime, NAIVE * 100),
    "time": (sa.Time, [dt.time(1, 2, 3), dt.time(23, 59, 59)]),
    "interval": (sa.Interval, [dt.timedelta(days=3, seconds=5), dt.timedelta(hours=1)]),
    "binary": (sa.LargeBinary, [b"", b"\\x00", bytes(range(256)), b"'"]),
    "uuid": (sa.Uuid, [uuid.UUID(int=1), uuid.UUID(int=2**128 - 1)]),
    "uuid_text": (sa.Uuid(as_uuid=False), [str(uuid.UUID(int=77))]),
    "enum": (sa.Enum(Colour), [Colour.RED, Colour.BLUE, "RED"]),
    "many_enums": (sa.Enum(Colour, name="many"), [Colour.RED, Colour.BLUE] * 200),
    "enum_of_strings": (sa.Enum(Mark), [Mark.A, "A", Mark.X, "X"]),
    "enum_of_names": (sa.Enum("a", "b's", name="words"), ["a", "b's"]),
    "json": (sa.JSON, [{"a": [1, None, "ü\n\\"]}, [], "text", 5, False, sa.JSON.NULL]),
    "decorated": (Shouted, ["ab", "it's"]),
    "decorated_json": (Wrapped, [1, "x", None, [2]]),
    "expression": (Lowered, ["ABC", "it's"]),
}
ONLY: dict[str, dict[str, tuple[Any, list[Any]]]] = {
    "sqlite": {
        "aware": (sa.DateTime, [dt.datetime(2020, 1, 1, tzinfo=UTC), NAIVE[0]]),
        "own_format": (
            sqlite.DATETIME(
                storage_format="%(year)04d%(month)02d%(day)02d", regexp=r"(\d{4})(..)(..)"
            ),
            [dt.datetime(2020, 1, 2)],
        ),
        "micro_time": (sa.Time, [dt.time(1, 2, 3, 4)]),
        "unusual_floats": (sa.Float, [float("inf"), -float("inf")]),
        "nul": (sa.String, ["a\0b"]),
        "no_interval_text": (sa.Interval, [-dt.timedelta(days=3)]),
    },
    "postgresql": {
        "aware": (
            sa.DateTime(timezone=True),
            [
                dt.datetime(2020, 1, 1, 12, tzinfo=UTC),
                dt.datetime(2020, 1, 1, 17, 30, tzinfo=ODD),
                NAIVE[0],
            ],
        ),
        "many_aware": (
            sa.DateTime(timezone=True),
            [dt.datetime(2020, 1, 1, 12, tzinfo=UTC), dt.datetime(2020, 1, 1, tzinfo=ODD)] * 150,
        ),
        "aware_for_naive": (sa.DateTime, [dt.datetime(2020, 1, 1, 17, 30, tzinfo=ODD)]),
        "aware_time": (sa.Time(timezone=True), [dt.time(1, 2, 3, 4, tzinfo=ODD)]),
        "unusual_floats": (sa.Float(53), [float("inf"), -float("inf")]),
        "precise": (sa.Numeric, [0.1 + 0.2, decimal.Decimal("0.30000000000000004"), 1e20]),
        "negative_interval": (
            sa.Interval,
            [-dt.timedelta(days=1, hours=2), dt.timedelta(days=-1, microseconds=1)],
        ),
        "jsonb": (postgresql.JSONB, [{"a": "\t"}, [1], None]),
        "array": (postgresql.ARRAY(sa.String), [["a", None, 'b",\t{}'], []]),
        "array_of_arrays": (postgresql.ARRAY(sa.Integer), [[[1, 2], [3, 4]]]),
        "range": (postgresql.INT4RANGE, [postgresql.Range(1, 5), postgresql.Range(empty=True)]),
        "array_of_enums": (
            postgresql.ARRAY(sa.Enum(Colour, name="colours")),
            [[Colour.RED], [Colour.BLUE, Colour.RED]],
        ),
        "inet": (postgresql.INET, ["10.0.0.1"]),
    },
    "mariadb": {
        "micro_time": (mysql.TIME(fsp=6), [dt.time(1, 2, 3, 4)]),
        "duration": (mysql.TIME(fsp=6), [dt.timedelta(hours=30), -dt.timedelta(seconds=1)]),
        "aware": (sa.DateTime, [dt.datetime(2020, 1, 1, tzinfo=UTC)]),
        "nul": (sa.Text, ["a\0b", "x"]),
        "set": (mysql.SET("a", "b"), [{"a", "b"}, {"b"}]),
    },
}


def write(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    values: Sequence[Sequence[Any]],
    tables: Mapping[str, sa.Table] | None = None,
    dialect: sa.Dialect | None = None,
) -> BlockWriter:
    block = Encoder(dialect or connection.dialect).encode(table, columns, values)
    writer = BlockWriter(connection, tables or {table.fullname: table})
    writer.send(pickle.loads(pickle.dumps(block)))
    return writer


def stored(connection: sa.Connection, table: sa.Table, name: str) -> list[Any]:
    """What SQLAlchemy reads, and what the driver does."""
    column = connection.dialect.identifier_preparer.quote(name)
    raw = sa.select(sa.literal_column(column)).select_from(table).order_by(sa.text("id"))
    rows = connection.scalars(sa.select(table.c[name]).order_by("id")).all()
    return [repr(rows), repr(connection.scalars(raw).all())]


def kinds(backend: str) -> Iterable[tuple[str, Any, list[Any]]]:
    for name, (kind, values) in (ANY_VALUES | ONLY[backend]).items():
        if backend == "mariadb" and name in ("float_for_integer",):
            continue
        yield name, kind, values


def test_every_type_is_stored_as_by_an_insert(engine: sa.Engine, backend: str) -> None:
    # One table for each way to write, so that no column takes another off its own.
    groups: dict[str, dict[str, tuple[Any, list[Any]]]] = {}
    for name, kind, values in kinds(backend):
        alone = sa.Table("t", sa.MetaData(), sa.Column("v", kind))
        way = Encoder(engine.dialect).encode(alone, ["v"], [values]).payload[0]
        groups.setdefault(way, {})[name] = (kind, values)
    for way, group in groups.items():
        metadata = sa.MetaData()
        ours, theirs = (
            sa.Table(
                f"{n}_{way}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                *(sa.Column(name, kind) for name, (kind, _) in group.items()),
            )
            for n in ("ours", "theirs")
        )
        metadata.create_all(engine)
        names = (*reversed(group), "id")
        with engine.begin() as connection:
            start = 1
            never_connected = engine.url.get_dialect()()
            for before, after, dialect in (
                ([], [], connection.dialect),
                ([None], [None, None], connection.dialect),
                ([], [None], never_connected),
                ([], [], sa.create_engine(engine.url).dialect),
            ):
                count = 400 + len(before) + len(after)
                ids = range(start, start + count)
                start += count
                rest = [group[name][1] for name in names[:-1]]
                given = [*([*before, *(v * 400)[:400], *after] for v in rest), ids]
                write(connection, ours, names, given, dialect=dialect)
                rows = [dict(zip(names, row, strict=True)) for row in zip(*given, strict=True)]
                connection.execute(sa.insert(theirs), rows)
            for name in names:
                assert stored(connection, ours, name) == stored(connection, theirs, name), name
            empty = [[None, None]] * len(group)
            write(connection, ours, names, [*empty, [start, start + 1]])
            last = sa.select(*(ours.c[name] for name in group)).where(ours.c.id == start)
            found = [value for value in connection.execute(last).one() if value is not None]
            assert found == [{"value": None}] * ("decorated_json" in group)


def test_the_fast_way_is_taken_for_the_common_types(backend: str) -> None:
    dialect: sa.Dialect = {
        "sqlite": sqlite.dialect(),
        "postgresql": sa.make_url("postgresql+psycopg://").get_dialect()(),
        "mariadb": sa.make_url("mariadb+pymysql://").get_dialect()(),
    }[backend]
    expected = {"sqlite": "many", "postgresql": "copy", "mariadb": "literals"}[backend]
    slow = {
        "float_for_integer",
        "expression",
        "aware_for_naive",
        "array",
        "array_of_arrays",
        "range",
        "array_of_enums",
        "inet",
        "duration",
    }
    for name, kind, values in kinds(backend):
        if name in slow and (backend != "sqlite" or name == "expression"):
            continue
        table = sa.Table("t", sa.MetaData(), sa.Column("v", kind))
        assert Encoder(dialect).encode(table, ["v"], [values]).payload[0] == expected, name


def odd_names() -> sa.Table:
    return sa.Table(
        "select % %s",
        sa.MetaData(),
        sa.Column("order", sa.Integer, primary_key=True, key="number"),
        sa.Column("a%b%%(c)s", sa.String(20), key="full_name"),
        sa.Column('quo"te`d', sa.String(20), key="group"),
        sa.Column("with:colon", sa.Integer),
    )


def test_names_that_need_quotes_and_keys_that_are_no_names(engine: sa.Engine) -> None:
    table = odd_names()
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        writer = write(
            connection,
            table,
            ("group", "full_name", "with:colon", "number"),
            (["g", "h"], ["n", None], [1, 2], range(5, 7)),
        )
        writer.update(table, ["full_name"], [["new"]], ["number"], [[6]])
        writer.finish()
        rows = connection.execute(sa.select(table)).all()
    assert rows == [(5, "n", "g", 1), (6, "new", "h", 2)]


def test_a_schema(engine: sa.Engine, backend: str) -> None:
    schema = "other w"
    metadata = sa.MetaData(schema=schema)
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    with engine.connect() as connection:
        if backend == "sqlite":
            connection.exec_driver_sql(f"ATTACH ':memory:' AS \"{schema}\"")
        elif backend == "postgresql":
            connection.execute(sa.schema.CreateSchema(schema))
        else:
            pytest.skip("a schema of MariaDB is a database")
        metadata.create_all(connection)
        write(connection, table, ["id"], [range(1, 4)]).finish()
        connection.execute(sa.insert(table))
        assert connection.scalars(sa.select(table.c.id).order_by("id")).all() == [1, 2, 3, 4]


def test_defaults_of_columns_that_are_left_out(engine: sa.Engine) -> None:
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("server", sa.String(9), server_default="s"),
        sa.Column("expression", sa.String(9), default=sa.func.lower("EXPR")),
        sa.Column("python", sa.String(9), default=lambda: "p"),
        sa.Column("always_five", sa.Integer, sa.Computed("id + 5", persisted=True)),
    )
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        write(connection, table, ["id"], [[1, 2]])
        write(connection, table, ["id", "python"], [[3], ["given"]])
        write(connection, table, ["id", "python", "expression"], [[4], [None], [None]])
        assert connection.execute(sa.select(table).order_by("id")).all() == [
            (1, "s", "expr", "p", 6),
            (2, "s", "expr", "p", 7),
            (3, "s", "expr", "given", 8),
            (4, "s", None, None, 9),
        ]


def test_no_rows(engine: sa.Engine) -> None:
    table = odd_names()
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        writer = write(connection, table, ["number", "group"], [[], []])
        writer.update(table, ["group"], [[]], ["number"], [[]])
        writer.finish()
        assert connection.execute(sa.select(table)).all() == []


def test_the_writer_leaves_the_transaction_to_the_caller(engine: sa.Engine) -> None:
    table = odd_names()
    table.metadata.create_all(engine)
    with engine.connect() as connection:
        write(connection, table, ["number"], [range(1, 100)]).finish()
        connection.rollback()
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_an_insert_afterwards_gets_the_next_key(engine: sa.Engine, backend: str) -> None:
    metadata = sa.MetaData()
    tables = [
        sa.Table("T Plain", metadata, sa.Column("Id :x%", sa.Integer, primary_key=True, key="id")),
        sa.Table(
            "auto",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sqlite_autoincrement=True,
        ),
    ]
    if backend == "postgresql":
        key = sa.Column("id", sa.Integer, sa.Sequence("Own %s:q"), primary_key=True)
        tables += [
            sa.Table("own", metadata, key),
            sa.Table("big", metadata, sa.Column("id", sa.BigInteger, primary_key=True)),
            sa.Table("s", metadata, sa.Column("id", sa.Integer, sa.Identity(), primary_key=True)),
            sa.Table(
                "always",
                metadata,
                sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
            ),
            sa.Table(
                "always_by_insert",
                metadata,
                sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
                sa.Column("at", sa.DateTime, default=sa.func.now()),
            ),
            sa.Table(
                "backwards",
                metadata,
                sa.Column("id", sa.Integer, sa.Identity(increment=-1), primary_key=True),
            ),
        ]
    metadata.create_all(engine)
    mapped = orm.registry()
    for table in tables:
        model = type(table.name, (), {})
        mapped.map_imperatively(model, table)
        with orm.Session(engine) as session:
            connection = session.connection()
            write(connection, table, ["id"], [range(1, 21)]).finish()
            rows = [model(), model()]
            for row in rows:
                session.add(row)
                session.flush()
            down = table.name == "backwards"
            assert [row.id for row in rows] == ([-1, -2] if down else [21, 22]), table.name
            session.execute(sa.delete(table))
            if backend == "postgresql" and not down:
                write(connection, table, ["id"], [[7]]).finish()
                again = model()
                session.add(again)
                session.flush()
                assert again.id == 23, table.name


@pytest.mark.parametrize(
    ("values", "kind", "columns"),
    [
        *REFUSED,
        ({"price": 2**40}, "out of range", ("price",)),
        ({"price": "many"}, "wrong type", ("price",)),
    ],
)
def test_what_the_database_refuses(
    engine: sa.Engine, backend: str, values: dict[str, Any], kind: str, columns: tuple[str, ...]
) -> None:
    if backend == "sqlite" and kind in ("too long", "out of range", "wrong type"):
        pytest.skip("SQLite keeps it")
    parent.metadata.create_all(engine)
    row = {"id": 2, "code": "two", "label": "l", "price": 1, "a": 2, "b": 2, "parent_id": None}
    row |= values
    tables = {table.fullname: table for table in (parent, thing)}
    with engine.connect() as connection:
        if backend == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.execute(sa.insert(thing).values(id=1, code="one", a=1, b=1))
        with pytest.raises(DBAPIError) as caught:
            write(
                connection,
                thing,
                tuple(row),
                [
                    [3, 4]
                    if k == "id" and row[k] != 1
                    else [v, None]
                    if k in ("code", "a")
                    else [v, 1]
                    if k == "b"
                    else [v, v]
                    for k, v in row.items()
                ],
                tables,
            )
        with pytest.raises(DBAPIError) as by_core:
            connection.rollback()
            if backend == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
            connection.execute(sa.insert(thing).values(id=1, code="one", a=1, b=1))
            connection.execute(sa.insert(thing), [row])
    found = violation(caught.value, tables.values())
    # SQLite does not say which foreign key, PostgreSQL not which column is too short.
    silent = (backend, kind) == ("sqlite", "FOREIGN KEY") or (
        backend == "postgresql" and kind in ("too long", "out of range", "wrong type")
    )
    assert (found.kind, found.table) == (kind, "row_of_things")
    assert found.columns == (() if silent else columns)
    if backend != "postgresql" or not silent:
        assert type(caught.value) is type(by_core.value)
        assert found == violation(by_core.value, tables.values())


def test_an_error_of_a_slower_way_is_read_as_well(engine: sa.Engine) -> None:
    table = sa.Table(
        "slow",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("value", Lowered, nullable=False),
    )
    table.metadata.create_all(engine)
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        write(connection, table, ("id", "value"), ([1, 2], ["A", None]))
    found = violation(caught.value, [table])
    assert (found.kind, found.table, found.columns) == ("NOT NULL", "slow", ("value",))


def test_an_update_that_is_refused(engine: sa.Engine, backend: str) -> None:
    parent.metadata.create_all(engine)
    with engine.connect() as connection:
        writer = write(
            connection, thing, ("id", "label", "price"), (range(1, 4), ["a", "b", "c"], [1, 2, 3])
        )
        writer.update(thing, ["price", "code"], [[5, 6], ["x", None]], ["id"], [[1, 3]])
        found = connection.execute(sa.select(thing.c.id, thing.c.price, thing.c.code))
        assert sorted(found.all()) == [(1, 5, "x"), (2, 2, None), (3, 6, None)]
        with pytest.raises(DBAPIError) as caught:
            writer.update(thing, ["price"], [[7, -1]], ["id"], [range(1, 3)])
    assert violation(caught.value, [thing]).columns == ("price",)


def test_an_update_binds_like_an_insert_and_leaves_onupdate_alone(engine: sa.Engine) -> None:
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("colour", sa.Enum(Colour)),
        sa.Column("touched", sa.Integer, onupdate=5),
    )
    table.metadata.create_all(engine)
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    with engine.connect() as connection:
        writer = write(connection, table, ("id", "colour"), (ids, [Colour.RED] * 2))
        writer.update(table, ["colour"], [[Colour.BLUE]], ["id"], [ids[1:]])
        rows = connection.execute(sa.select(table).order_by("id")).all()
    assert rows == [(ids[0], Colour.RED, None), (ids[1], Colour.BLUE, None)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (sa.Enum(Colour, validate_strings=True), "GREEN"),
        (sa.Enum(Colour), ["RED"]),
        (sa.Boolean, "yes"),
        (sa.JSON, {1, 2}),
        (Shouted, 5),
        (sa.String(20), "\ud800"),
    ],
)
def test_a_value_that_the_type_refuses(engine: sa.Engine, kind: Any, value: Any) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("v", kind, key="w"))
    table.metadata.create_all(engine)
    good = {sa.Boolean: True, Shouted: "x", sa.JSON: []}.get(kind) or (
        Colour.RED if isinstance(kind, sa.Enum) else "x"
    )
    for values in ([good, good, value, good], [*[good] * 2, value, None], [good] * 2 + [value]):
        with engine.connect() as connection, pytest.raises(ValueFault) as caught:
            write(connection, table, ("id", "w"), (range(len(values)), values))
        fault = pickle.loads(pickle.dumps(caught.value))
        for one in (caught.value, fault):
            assert (one.table, one.column, one.row, one.value) == ("t", "w", 2, value)
        assert fault.message.startswith("t.w cannot take ")


def test_values_that_only_one_database_refuses(engine: sa.Engine, backend: str) -> None:
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("n", sa.BigInteger),
        sa.Column("f", sa.Float),
        sa.Column("s", sa.String(9)),
    )
    table.metadata.create_all(engine)
    bad: dict[str, list[tuple[str, list[Any]]]] = {
        "sqlite": [("n", [1, 2**63]), ("n", [None, -(2**63) - 1])],
        "postgresql": [("s", ["a", "b\0"]), ("s", [None, "\0"]), ("s", [5, "\0"])],
        "mariadb": [("f", [1.0, float("nan")]), ("f", [1, -float("inf")])],
    }
    for column, values in bad[backend]:
        with engine.connect() as connection, pytest.raises(ValueFault) as caught:
            write(connection, table, [column], [values])
        assert (caught.value.column, caught.value.row) == (column, 1)


def test_statements_stay_within_a_packet() -> None:
    rows = writers_mysql.rows([range(10_000), ["'" + "x" * 300 + "'"] * 10_000])
    made = list(writers_mysql.statements("INSERT INTO t VALUES ", rows, 1 << 20))
    assert len(made) > 10 and max(map(len, made)) * 4 <= 1 << 20
    assert sum(statement.count("('") + statement.count(",'") for statement in made) == 10_000
    huge = writers_mysql.rows([[1, 2, 3], ["'" + "x" * 300_000 + "'"] * 3])
    assert len(list(writers_mysql.statements("INSERT INTO t VALUES ", huge, 1 << 20))) == 3


def test_hidden_parameters_stay_hidden(database_url: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool, hide_parameters=True)
    parent.metadata.create_all(engine)
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        write(connection, thing, ("id", "label"), ([1, 1], ["secret", "secret"]))
    assert caught.value.hide_parameters
    assert "secret" not in str(caught.value)
    engine.dispose()


def test_which_rows_may_wait_to_be_sorted(new_database: Callable[..., str]) -> None:
    metadata = sa.MetaData()

    def table(name: str, first: Any = sa.Integer, *more: Any, **options: Any) -> sa.Table:
        keys = (
            sa.Column("a", first, primary_key=True),
            sa.Column("b", sa.Integer, primary_key=True),
        )
        return sa.Table(name, metadata, *keys, *more, **options)

    link, referred = table("link"), table("referred")
    table("child", sa.Integer, sa.ForeignKeyConstraint(["a", "b"], ["referred.a", "referred.b"]))
    lowered, seen, other = table("lowered", Lowered), table("seen"), table("o", schema="temp")
    wider = table("wider", sa.Integer, sa.Column("c", sa.Integer))
    engine = sa.create_engine(new_database("sqlite"))
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql(
            "CREATE TRIGGER t AFTER INSERT ON SEEN BEGIN DELETE FROM seen; END"
        )
        writer = BlockWriter(connection, {t.fullname: t for t in metadata.tables.values()})
        writer.sorting = True
        encoder = Encoder(connection.dialect)
        for each in (link, referred, lowered, seen, other, wider):
            keys = tuple(each.columns.keys())
            values = ["A" if isinstance(c.type, Lowered) else 2 for c in each.columns]
            writer.send(encoder.encode(each, keys, [[value] for value in values]))
        assert set(writer.waiting.tables) == {"link"}
        assert connection.execute(sa.select(lowered.c.a)).scalar() == "a"
        writer.waiting.put_in()
        assert connection.execute(sa.select(link)).all() == [(2, 2)]
    engine.dispose()


@pytest.mark.parametrize("width", [1, 3, 500, 1000])
def test_sqlite_takes_many_rows_in_a_statement(width: int) -> None:
    """All in their order, whatever is left for the last statement."""
    names = [f"c{number}" for number in range(width)]
    insert = f"INSERT INTO t ({', '.join(names)}) VALUES ({', '.join('?' * width)})"
    for count in (1, 99, 100, 101, 250):
        with (
            closing(sqlite3.connect(":memory:")) as connection,
            closing(connection.cursor()) as cursor,
        ):
            cursor.execute(f"CREATE TABLE t ({', '.join(names)})")
            columns = [range(place, place + count) for place in range(width)]
            writers_sqlite.insert_rows(cursor, insert, columns)
            found = cursor.execute("SELECT * FROM t ORDER BY rowid").fetchall()
            assert found == list(zip(*columns, strict=True))


def test_sqlite_gets_an_expression_around_a_value_for_each_row() -> None:
    with closing(sqlite3.connect(":memory:")) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("CREATE TABLE t (a, b)")
        insert = "INSERT INTO t (a, b) VALUES (?, lower(?))"
        writers_sqlite.insert_rows(cursor, insert, [range(250), ["A"] * 250])
        assert cursor.execute("SELECT count(*) FROM t WHERE b = 'a'").fetchone() == (250,)
