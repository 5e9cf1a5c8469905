"""Changes other than renames: NOT NULL on filled tables, types, defaults, keys, constraints."""

from __future__ import annotations

import datetime
import decimal

from support.cases.case import Case

BARE = 'table("t", key())'
ROWS = {"t": [{"id": 1}, {"id": 2}]}


FILLED_IN = ("add column t.c", "fill t.c with * where it is NULL", "alter column t.c: NOT NULL")


def required(type_: str, typed: str, value: object, **more: object) -> Case:
    """A column ``c`` NOT NULL is added to a filled table; ``typed`` is its --default."""
    given = {
        "rows": ROWS,
        "flags": ("--default", f"t.c={typed}"),
        "does": FILLED_IN,
        "becomes": {"t.c": value},
    } | more
    return Case(BARE, f'table("t", key(), Column("c", {type_}, nullable=False))', **given)  # type: ignore[arg-type]


REQUIRED = {
    "text": required("String(20)", '"it\'s 50% :x"', "it's 50% :x"),
    "text without quotes": required("String(9)", "junior", "junior"),
    "a number": required("Integer", "-3", -3),
    "a big number": required("BigInteger", "5000000000", 5_000_000_000),
    "a boolean": required("Boolean", "True", True),
    "a date": required("Date", '"2026-01-31"', datetime.date(2026, 1, 31)),
    "a time stamp": required(
        "DateTime", '"2026-01-31T09:30:00"', datetime.datetime(2026, 1, 31, 9, 30)
    ),
    "a time": required("Time", '"09:30"', datetime.time(9, 30)),
    "a numeric": required("Numeric(6, 2)", "12.50", decimal.Decimal("12.50")),
    "a float": required("Float", "1.5", 1.5),
    "an Enum": required(
        'Enum("junior", "senior", name="grade")',
        '"junior"',
        "junior",
        does=("create type grade*", *FILLED_IN),
    ),
    "an Enum without a type": required('Enum("j", "s", native_enum=False)', '"s"', "s"),
    "JSON": required("JSON", '{"a": [1, None]}', {"a": [1, None]}),
    "binary": required("LargeBinary", 'b"\\x00a"', b"\x00a"),
    "a UUID": required(
        "Uuid(as_uuid=False)",
        '"5f0c6e0e5b1e4d6c9a570d3c1a2b3c4d"',
        "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d",
    ),
    "an expression": required(
        "Integer",
        "",
        [10, 20],
        flags=("--server-default", "t.c=id * 10"),
    ),
    "the model's default": required("Integer, default=7", "", 7, flags=()),
    "the model's server default": required(
        'Integer, server_default=text("7")', "", 7, flags=(), does=("add column t.c",)
    ),
    "with an index": required(
        "Integer, index=True",
        "7",
        7,
        does=(
            "add column t.c",
            "fill *",
            "alter column t.c: NOT NULL",
            "create index ix_t_c on t (c)",
        ),
    ),
    "a foreign key": required(
        'Integer, ForeignKey("t.id")',
        "1",
        1,
        does=("add column t.c", "fill *", "alter column t.c: NOT NULL", "add foreign key *"),
    ),
}

N = 'table("t", key(), Column("c", {}))'
FILLED = {"t": [{"id": 1, "c": "5"}, {"id": 2, "c": "17"}]}
WITHOUT = {"t": [{"id": 1, "c": "5"}, {"id": 2, "c": None}]}
NUMBERS = {"t": [{"id": 1, "c": 5}, {"id": 2, "c": 17}]}


def changed(
    old: str, new: str, rows: object, does: str = "alter column t.c: *", **m: object
) -> Case:
    """The column ``c`` of another definition."""
    return Case(N.format(old), N.format(new), rows=rows, does=(does,), **m)  # type: ignore[arg-type]


CHANGES = {
    "NOT NULL with a value": Case(
        N.format("String(9)"),
        N.format("String(9), nullable=False"),
        rows=WITHOUT,
        flags=("--default", "t.c=0"),
        does=("fill t.c with '0' where it is NULL", "alter column t.c: NOT NULL"),
        becomes={"t.c": ["5", "0"]},
        back={"t.c": ["5", "0"]},
    ),
    "NOT NULL with an expression": Case(
        N.format("Integer"),
        N.format("Integer, nullable=False"),
        rows={"t": [{"id": 1, "c": 5}, {"id": 2, "c": None}]},
        flags=("--server-default", "t.c=id + 40"),
        does=("fill t.c with id + 40 where it is NULL", "alter column t.c: NOT NULL"),
        becomes={"t.c": [5, 42]},
        back={"t.c": [5, 42]},
    ),
    "NOT NULL where all have a value": changed("String(9)", "String(9), nullable=False", FILLED),
    "nullable": changed("String(9), nullable=False", "String(9)", FILLED),
    "a wider text": changed("String(9)", "String(99)", WITHOUT),
    "a narrower text": changed("String(99)", "String(9)", WITHOUT),
    "String to Text": changed("String(9)", "Text", WITHOUT),
    "Integer to BigInteger": changed("Integer", "BigInteger", NUMBERS),
    "Integer to Numeric": changed(
        "Integer",
        "Numeric(9, 2)",
        NUMBERS,
        becomes={"t.c": [decimal.Decimal(5), decimal.Decimal(17)]},
    ),
    "Integer to String": changed("Integer", "String(9)", NUMBERS, becomes={"t.c": ["5", "17"]}),
    "String to Integer": changed("String(9)", "Integer", FILLED, becomes={"t.c": [5, 17]}),
    "Date to DateTime": changed(
        "Date",
        "DateTime",
        {"t": [{"id": 1, "c": datetime.date(2026, 1, 31)}]},
        becomes={"t.c": [datetime.datetime(2026, 1, 31)]},
    ),
    "DateTime to Date": changed(
        "DateTime",
        "Date",
        {"t": [{"id": 1, "c": datetime.datetime(2026, 1, 31, 9, 30)}]},
        becomes={"t.c": [datetime.date(2026, 1, 31)]},
        back={"t.c": [datetime.datetime(2026, 1, 31)]},
        flags=("--allow-loss", "t.c"),
    ),
    "String to Date": changed(
        "String(10)",
        "Date",
        {"t": [{"id": 1, "c": "2026-01-31"}]},
        becomes={"t.c": [datetime.date(2026, 1, 31)]},
    ),
    "String to Numeric": changed(
        "String(9)",
        "Numeric(9, 2)",
        {"t": [{"id": 1, "c": "17.25"}, {"id": 2, "c": None}]},
        becomes={"t.c": [decimal.Decimal("17.25"), None]},
    ),
    "String to Boolean": changed(
        "String(9)",
        "Boolean",
        {"t": [{"id": 1, "c": "1"}, {"id": 2, "c": "0"}, {"id": 3, "c": None}]},
        becomes={"t.c": [True, False, None]},
        back={"t.c": ["true", "false", None]},
        flags=("--allow-loss", "t.c"),
        only=("postgresql",),
    ),
    "String to Boolean, as numbers": changed(
        "String(9)",
        "Boolean",
        {"t": [{"id": 1, "c": "1"}, {"id": 2, "c": "0"}, {"id": 3, "c": None}]},
        becomes={"t.c": [True, False, None]},
        only=("sqlite", "mariadb"),
    ),
    "Integer to Boolean": changed(
        "Integer",
        "Boolean",
        {"t": [{"id": 1, "c": 1}, {"id": 2, "c": 0}, {"id": 3, "c": None}]},
        becomes={"t.c": [True, False, None]},
    ),
    "String to Integer with a default": changed(
        'String(9), server_default="3"',
        'Integer, server_default="3"',
        FILLED,
        becomes={"t.c": [5, 17]},
    ),
    "String to Uuid": changed(
        "String(36)",
        "Uuid(as_uuid=False)",
        {"t": [{"id": 1, "c": "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"}, {"id": 2, "c": None}]},
    ),
    "String to a Uuid stored as text": changed(
        "String(36)",
        "Uuid(as_uuid=False, native_uuid=False)",
        {"t": [{"id": 1, "c": "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"}, {"id": 2, "c": None}]},
    ),
    "a server default added": changed("Integer", 'Integer, server_default="3"', NUMBERS),
    "a server default changed": changed(
        'Integer, server_default="3"', 'Integer, server_default="4"', NUMBERS
    ),
    "a server default removed": changed('Integer, server_default="3"', "Integer", NUMBERS),
    "a comment": changed(
        "Integer", 'Integer, comment="it\'s 50% :x"', NUMBERS, only=("postgresql", "mariadb")
    ),
    "a comment changed": changed(
        'Integer, comment="a"', 'Integer, comment="b"', NUMBERS, only=("postgresql", "mariadb")
    ),
    "a comment of a table": Case(
        N.format("Integer"),
        (("Integer)", 'Integer), comment="it\'s"'),),
        rows=NUMBERS,
        does=("set comment of table t",),
        only=("postgresql", "mariadb"),
    ),
    "a column added": Case(
        BARE, N.format("Integer"), rows=ROWS, does=("add column t.c",), becomes={"t.c": None}
    ),
    "a column dropped": Case(
        N.format("String(9)"),
        BARE,
        rows=FILLED,
        flags=("--allow-drop", "t.c"),
        does=("drop column t.c",),
        lost=("t.c",),
    ),
    "a column NOT NULL dropped": Case(
        N.format("String(9), nullable=False"),
        BARE,
        rows=FILLED,
        flags=("--allow-drop", "t.c"),
        does=("drop column t.c",),
        lost=("t.c",),
        nullable=("t.c",),
    ),
    "a column dropped with its unique index": Case(
        N.format("String(9), unique=True, index=True"),
        BARE,
        rows=FILLED,
        flags=("--allow-drop", "t.c"),
        does=("drop index ix_t_c of t", "drop column t.c"),
        lost=("t.c",),
    ),
    "a column with a foreign key dropped": Case(
        N.format('Integer, ForeignKey("t.id")'),
        BARE,
        rows={"t": [{"id": 1, "c": None}, {"id": 2, "c": 1}]},
        flags=("--allow-drop", "t.c"),
        does=("drop *", "drop column t.c"),
        lost=("t.c",),
    ),
    "a table created": Case(
        BARE,
        BARE + '\ntable("u", key(), Column("up", ForeignKey("t.id"), index=True))',
        rows=ROWS,
        does=("create table u", "create index ix_u_up on u (up)"),
        becomes={"u.up": []},
    ),
    "a table dropped": Case(
        BARE + '\ntable("u", key(), Column("up", ForeignKey("t.id"), index=True))',
        BARE,
        rows=ROWS | {"u": [{"id": 1, "up": 2}]},
        flags=("--allow-drop", "u"),
        does=("drop table u",),
        lost=("u",),
    ),
    "a unique constraint added": changed(
        "Integer", "Integer, unique=True", NUMBERS, "add unique constraint uq_t_c to t"
    ),
    "a unique constraint dropped": changed("Integer, unique=True", "Integer", NUMBERS, "drop *"),
    "a check added": Case(
        N.format("Integer"),
        N.format('Integer), CheckConstraint("c > 0", "plus"'),
        rows=NUMBERS,
        does=("add check constraint ck_t_plus to t",),
    ),
    "a check changed": Case(
        N.format('Integer), CheckConstraint("c > 0", "plus"'),
        N.format('Integer), CheckConstraint("c > 1", "plus"'),
        rows=NUMBERS,
        does=("drop check constraint ck_t_plus of t", "add check constraint ck_t_plus to t"),
    ),
    "a foreign key added": changed(
        "Integer",
        'Integer, ForeignKey("t.id")',
        {"t": [{"id": 1, "c": None}, {"id": 2, "c": 1}]},
        "add foreign key *",
    ),
    "a foreign key dropped": changed(
        'Integer, ForeignKey("t.id")',
        "Integer",
        {"t": [{"id": 1, "c": None}, {"id": 2, "c": 1}]},
        "drop foreignkey constraint fk_t_c_t of t",
    ),
    "a foreign key of another ON DELETE": Case(
        N.format('Integer, ForeignKey("t.id")'),
        N.format('Integer, ForeignKey("t.id", ondelete="CASCADE")'),
        rows={"t": [{"id": 1, "c": None}, {"id": 2, "c": 1}]},
        does=("drop *", "add foreign key *"),
    ),
    "an index added": changed("Integer", "Integer, index=True", NUMBERS, "create index ix_t_c *"),
    "an index dropped": changed("Integer, index=True", "Integer", NUMBERS, "drop index ix_t_c *"),
    "an index made unique": Case(
        N.format("Integer, index=True"),
        N.format("Integer, index=True, unique=True"),
        rows=NUMBERS,
        does=("drop index ix_t_c of t", "create unique index ix_t_c on t (c)"),
    ),
    "an index of more columns": Case(
        N.format('Integer), Index("ix_own", "c"'),
        N.format('Integer), Index("ix_own", "c", "id"'),
        rows=NUMBERS,
        does=("drop index ix_own of t", "create index ix_own on t (c, id)"),
    ),
    "another primary key": Case(
        'table("t", key("a"), Column("b", Integer, nullable=False))',
        'table("t", key("a"), key("b"))',
        rows={"t": [{"a": 1, "b": 5}, {"a": 2, "b": 5}]},
        does=("*",),
    ),
    "a value of an Enum added": changed(
        'Enum("j", "s", name="grade")',
        'Enum("j", "m", "s", name="grade")',
        {"t": [{"id": 1, "c": "j"}, {"id": 2, "c": None}]},
        "*",
        only=("postgresql", "mariadb"),
    ),
    "a value of an Enum with a CHECK added": changed(
        'Enum("j", "s", name="grade", native_enum=False, create_constraint=True)',
        'Enum("j", "m", "s", name="grade", native_enum=False, create_constraint=True)',
        {"t": [{"id": 1, "c": "j"}, {"id": 2, "c": None}]},
        "*",
    ),
    "another generated column": Case(
        'table("t", key(), Column("n", Integer), Column("c", Integer, Computed("n * 2", True)))',
        (("n * 2", "n * 3"),),
        rows={"t": [{"id": 1, "n": 5}, {"id": 2, "n": None}]},
        does=("*",),
        becomes={"t.c": [15, None]},
    ),
}
