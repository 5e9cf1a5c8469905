"""What the seed ledger records comes back exactly, in few bytes, from every database."""

from __future__ import annotations

import enum
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.errors import SeedError
from sqlalchemy_manage.seeding.undoing import ledger, packing


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents


class MoneyType(sa.TypeDecorator[Money]):
    impl = sa.Numeric(10, 2)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Decimal(value.cents) / 100

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Money(int(value * 100))


def table(*types: Any) -> sa.Table:
    columns = [sa.Column(f"c{number}", type_) for number, type_ in enumerate(types)]
    return sa.Table("item", sa.MetaData(), *columns)


def there_and_back(item: sa.Table, *values: Any) -> list[list[Any]]:
    dialect = sa.create_engine("sqlite://").dialect
    columns = list(item.columns)
    blocks = packing.pack(columns, values, dialect)
    found: list[list[Any]] = [[] for _ in columns]
    for _, block in blocks:
        for one, more in zip(found, packing.unpack(columns, block, dialect), strict=True):
            one.extend(more)
    return found


SHAPES = {
    "range": (sa.Integer(), range(5, 25)),
    "contiguous": (sa.Integer(), [7, 8, 9]),
    "one": (sa.Integer(), [-3]),
    "with a gap": (sa.Integer(), [1, 2, 4, 5]),
    "ends as if contiguous": (sa.Integer(), [1, 3, 2, 4]),
    "every second": (sa.Integer(), range(0, 10, 2)),
    "64 bits": (sa.BigInteger(), [-(2**63), 2**63 - 1]),
    "unsigned": (sa.BigInteger(), [2**63, 2**64 - 1, 1]),
    "with null": (sa.Integer(), [1, None, 2]),
    "bool": (sa.Boolean(), [True, False, True]),
    "bool or null": (sa.Boolean(), [True, None]),
    "text": (sa.String(20), ["a", "", "ä\0\n", "1", "日本"]),
    "float": (sa.Float(), [0.1, -1e300, 3.0]),
    "decimal": (sa.Numeric(10, 2), [Decimal("1.10"), None, Decimal("-0.05")]),
    "date": (sa.Date(), [date(2024, 2, 29), date(1, 1, 1)]),
    "datetime": (sa.DateTime(), [datetime(2024, 5, 31, 1, 2, 3, 456), datetime(2024, 1, 1)]),
    "zoned": (sa.DateTime(True), [datetime(2024, 5, 31, tzinfo=UTC)]),
    "time": (sa.Time(), [datetime(2024, 5, 31, 1, 2, 3, 456).time()]),
    "interval": (sa.Interval(), [timedelta(days=-3, seconds=4), timedelta(microseconds=1)]),
    "uuid": (sa.Uuid(), [uuid.UUID(int=1), uuid.UUID(int=2**127)]),
    "uuid as text": (sa.Uuid(as_uuid=False), [str(uuid.UUID(int=1))]),
    "bytes": (sa.LargeBinary(), [b"", b"\0\xff"]),
    "enum": (sa.Enum(Colour), [Colour.BLUE, Colour.RED, None]),
    "enum of names": (sa.Enum("a", "b"), ["b", "a"]),
    "json": (sa.JSON(), [{"a": [1, {"b": None}]}, [1, "x"], "text", 5, {"decimal": "1"}]),
    "own type": (MoneyType(), [Money(150), None, Money(-5)]),
    "bool beside int": (sa.JSON(), [1, True]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_values_come_back_exactly(shape: str) -> None:
    type_, values = SHAPES[shape]
    (found,) = there_and_back(table(type_), values)
    assert found == list(values)
    assert list(map(type, found)) == list(map(type, values))


def test_a_value_that_nothing_can_write_down() -> None:
    with pytest.raises(SeedError, match=r"item\.c0: a value of type object cannot be recorded"):
        there_and_back(table(sa.Integer()), [object()])


def test_a_long_block_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LONGEST", 500)
    values = [uuid.UUID(int=number**9).hex for number in range(1, 200)]
    item = table(sa.String(32), sa.Integer())
    dialect = sa.create_engine("sqlite://").dialect
    blocks = list(packing.pack(list(item.columns), [values, range(199)], dialect))
    assert len(blocks) > 5
    assert all(len(block) <= 500 for _, block in blocks)
    assert sum(count for count, _ in blocks) == 199
    assert there_and_back(item, values, range(199)) == [values, list(range(199))]


def test_a_million_keys_in_a_row_are_a_few_bytes() -> None:
    dialect = sa.create_engine("sqlite://").dialect
    columns = list(table(sa.Integer()).columns)
    for values in (range(1_000_000), list(range(1_000_000))):
        ((count, block),) = packing.pack(columns, [values], dialect)
        assert count == 1_000_000
        assert len(block) < 100


def test_recording_link_keys_costs_little() -> None:
    """1,500,000 take 0.25 s of CPU here; a fifth of them, and room for a slow machine."""
    dialect = sa.create_engine("sqlite://").dialect
    columns = list(table(sa.Integer(), sa.Integer()).columns)
    near = [number * 7919 % 1000 for number in range(20_000)]
    far = [number // 2 for number in range(20_000)]
    began = time.process_time()
    for _ in range(15):
        assert sum(count for count, _ in packing.pack(columns, [near, far], dialect)) == 20_000
    assert time.process_time() - began < 0.5


def test_a_run_from_its_beginning_to_its_end(engine: sa.Engine) -> None:
    item = sa.Table("item", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    other = sa.Table(
        "other",
        sa.MetaData(),
        sa.Column("a", sa.String(9), key="first", primary_key=True),
        sa.Column("b", sa.Integer, primary_key=True),
    )
    plan = {"profile": "load", "text": "x" * 100_000}
    with engine.connect() as connection:
        assert ledger.runs(connection) == []
        ledger.create_tables(connection)
        ledger.create_tables(connection)
    with engine.begin() as connection:
        first = ledger.begin(
            connection, profile=None, counts={"Item": 3}, random_seed=2**90, plan=plan
        )
        ledger.record_keys(connection, first, item, ["id"], [range(1, 4)], chunk="item:0")
        ledger.record_keys(connection, first, other, ["first", "b"], [["x", "y"], [5, 4]], "o:0")
        ledger.record_keys(connection, first, item, ["id"], [[9, 11]])
        ledger.record_keys(connection, first, item, ["id"], [[]], chunk="empty")
        second = ledger.begin(connection, profile="demo", counts={}, random_seed=-1, plan={})
        ledger.record_keys(connection, second, item, ["id"], [[12]], chunk="item:9")
    with engine.begin() as connection:
        one, two = ledger.runs(connection)
        assert (one.id, one.profile, one.counts) == (first, None, {"Item": 3})
        assert (one.random_seed, one.plan, one.state) == (2**90, plan, "running")
        assert one.rows == {"item": 5, "other": 2}
        assert one.finished_at is None and one.host and one.username
        assert (two.id, two.profile, two.random_seed) == (second, "demo", -1)
        assert two.rows == {"item": 1}
        assert ledger.chunks_done(connection, first) == {"item:0", "o:0"}
        known = {"item": item, "other": other}
        assert list(ledger.recorded_keys(connection, first, known)) == [
            (item, ("id",), [[1, 2, 3]], "item:0"),
            (other, ("first", "b"), [["x", "y"], [5, 4]], "o:0"),
            (item, ("id",), [[9, 11]], ""),
        ]
        assert len(list(ledger.recorded_keys(connection, first, {"other": other}))) == 1
        assert ledger.recorded_tables(connection, first) == {"item": 5, "other": 2}
        ledger.finish(connection, first)
        ledger.forget_keys(connection, first)
    with engine.begin() as connection:
        one, two = ledger.runs(connection)
        assert (one.state, one.rows) == ("done", {})
        assert one.finished_at is not None
        assert one.finished_at >= one.started_at
        assert two.rows == {"item": 1}
        ledger.finish(connection, first, "undone")
        assert ledger.runs(connection)[0].finished_at == one.finished_at


def test_two_processes_may_create_the_tables_at_once(engine: sa.Engine) -> None:
    """The other one is first with each: after it was looked for, and before it is created."""
    names = [f"sqlalchemy_manage_seed_{name}" for name in ("run", "keys")]

    def other_is_first(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        for name in names:
            if statement.lstrip().startswith(f"CREATE TABLE {name}"):
                names.remove(name)
                with engine.connect() as other, other.begin():
                    other.exec_driver_sql(statement)
                return

    with engine.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", other_is_first)
        ledger.create_tables(connection)
    assert not names
    assert len(sa.inspect(engine).get_table_names()) == 2


def test_what_is_rolled_back_is_not_recorded(engine: sa.Engine) -> None:
    item = sa.Table("item", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    with engine.connect() as connection:
        ledger.create_tables(connection)
    with engine.connect() as connection:
        run = ledger.begin(connection, profile=None, counts={}, random_seed=1, plan={})
        ledger.record_keys(connection, run, item, ["id"], [range(9)])
        connection.rollback()
    with engine.connect() as connection:
        assert ledger.runs(connection) == []


def test_a_key_column_that_is_gone_is_named(engine: sa.Engine) -> None:
    item = sa.Table("item", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    renamed = sa.Table("item", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True))
    with engine.connect() as connection:
        ledger.create_tables(connection)
    with engine.begin() as connection:
        run = ledger.begin(connection, profile=None, counts={}, random_seed=1, plan={})
        ledger.record_keys(connection, run, item, ["id"], [range(9)])
        with pytest.raises(SeedError, match="item has no column id any more"):
            list(ledger.recorded_keys(connection, run, {"item": renamed}))
