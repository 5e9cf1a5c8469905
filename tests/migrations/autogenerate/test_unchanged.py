"""An unchanged model gives an empty comparison, however its tables were made.

One table for each shape of a column, constraint or index. Each is created by SQLAlchemy,
and by the revision that is written for it.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from support.comparing import Database

I, S, C, text = sa.Integer, sa.String, sa.Column, sa.text  # noqa: E741


class Mood(enum.Enum):
    good = "g"
    bad = "b"


class Tagged(sa.types.TypeDecorator[Any]):
    impl = sa.String(30)
    cache_ok = True


Shape = Callable[[], list[Any]]
"""Makes the items of a table: SQLAlchemy has no public way to copy them."""


def check(condition: Any, name: str | None = None, dialect: str | None = None) -> Shape:
    def make() -> list[Any]:
        constraint = sa.CheckConstraint(condition, name=name)
        return [constraint if dialect is None else constraint.ddl_if(dialect=dialect)]

    return make


def column(*args: Any, **kw: Any) -> Shape:
    return lambda: [C("c", *(arg() if callable(arg) else arg for arg in args), **kw)]


def default(type_: Any, value: Any, **kw: Any) -> Shape:
    return lambda: [C("c", type_, server_default=value, **kw)]


def index(*keys: Any, **kw: Any) -> Callable[[sa.Table], Any]:
    """An index of columns by name, of functions of the table's columns, or of anything else."""
    return lambda table: sa.Index(
        f"ix_{table.name}"[:60],
        *(
            table.c[key] if isinstance(key, str) else key(table.c) if callable(key) else key
            for key in keys
        ),
        **{k: v(table.c) if callable(v) else v for k, v in kw.items()},
    )


PG = "postgresql"
JSONB = sa.JSON().with_variant(postgresql.JSONB(), PG)

DEFAULTS = {
    "number as text": default(I, "0"),
    "number as sql": default(I, text("0")),
    "negative number": default(I, text("-1")),
    "negative as text": default(I, "-7"),
    "big number": default(sa.BigInteger, "123456789012345"),
    "numeric": default(sa.Numeric(10, 2), "0"),
    "numeric with places": default(sa.Numeric(10, 2), text("1.50")),
    "float": default(sa.Float, "1.5"),
    "small float": default(sa.Float, text("1e-3")),
    "word": default(S(20), "a"),
    "word as sql": default(S(20), text("'a'")),
    "word with a quote": default(S(20), "it's"),
    "word with a percent": default(S(20), "50% :x"),
    "word with a backslash": default(S(20), "a\\b"),
    "no word": default(S(20), ""),
    "number in a text": default(S(20), "0"),
    "char": default(sa.CHAR(3), "abc"),
    "decorated": default(Tagged, "x"),
    "unicode": default(sa.Unicode(20), "ü"),
    "long text": default(sa.Text, "x"),
    "true": default(sa.Boolean, sa.true()),
    "false": default(sa.Boolean, sa.false()),
    "one for true": default(sa.Boolean, "1"),
    "true as sql": default(sa.Boolean, text("true")),
    "now": default(sa.DateTime, sa.func.now()),
    "current timestamp": default(sa.DateTime, sa.func.current_timestamp()),
    "current timestamp as sql": default(sa.DateTime, text("CURRENT_TIMESTAMP")),
    "timestamp not null": column(sa.TIMESTAMP, nullable=False),
    "date": default(sa.Date, "2020-01-01"),
    "moment": default(sa.DateTime, "2020-01-01 00:00:00"),
    "current date": default(sa.Date, text("(CURRENT_DATE)")),
    "json": default(sa.JSON, "{}"),
    "json with spaces": default(JSONB, '{"a":1}'),
    "null": default(I, text("NULL")),
    "fetched": column(I, sa.FetchedValue),
    "expression": default(S(20), text("(lower('A'))")),
    "expression of two": default(S(20), text("(substr('abc', 1, 2))")),
    "arithmetic": default(I, text("(1 + 2 * 3)")),
    "uuid": default(sa.Uuid, str(uuid.UUID(int=5).hex)),
    "binary": lambda: [C("c", sa.LargeBinary)],
    "enum": default(sa.Enum(Mood, name="mood"), "good"),
    "enum as text": default(sa.Enum("a", "b", name="ab", native_enum=False), "a"),
    "interval": lambda: [C("c", sa.Interval)],
    "identity": lambda: [C("c", I, sa.Identity())],
    "identity always": lambda: [C("c", I, sa.Identity(always=True, start=5, increment=2))],
    "comment": lambda: [C("c", I, comment="it's 50% :x")],
    "no comment": lambda: [C("c", I, comment="")],
}
COMPUTED = {
    "stored": lambda: [C("c", I, sa.Computed("qty * 2 + 1", persisted=True))],
    "modulo": lambda: [C("c", I, sa.Computed("qty % 2", persisted=True))],
    "names within names": lambda: [
        C("subtotal", I, sa.Computed("qty * 2", persisted=True)),
        C("total", I, sa.Computed("qty * 3", persisted=True)),
        C("e", I, sa.Computed("qty * (4 + 5)", persisted=True)),
    ],
    "case": lambda: [
        C("c", S(9), sa.Computed("CASE WHEN qty > 1 THEN 'x' ELSE 'y' END", persisted=True))
    ],
    "function": lambda: [C("c", S(20), sa.Computed("lower(name)", persisted=True))],
    "expression": lambda: [C("c", I, sa.Computed(sa.column("qty") + 3, persisted=True))],
    "of its text": lambda: [C("c", S(20), sa.Computed("coalesce(name, 'it''s')", persisted=True))],
}
CHECKS = {
    "comparison": check("qty > 0", "ck"),
    "negative": check("qty > -1", "ck"),
    "between": check("qty BETWEEN 1 AND 5", "ck"),
    "not between": check("qty NOT BETWEEN 1 AND 5", "ck"),
    "in": check("name IN ('a', 'b')", "ck"),
    "in of one": check("name IN ('a')", "ck"),
    "not in": check("qty NOT IN (1, 2)", "ck"),
    "like": check("name LIKE 'a%'", "ck"),
    "not like": check("name NOT LIKE 'a%' OR name IS NULL", "ck"),
    "null": check("name IS NOT NULL OR qty IS NULL", "ck"),
    "not": check("NOT (qty < 0)", "ck"),
    "modulo": check("qty % 2 = 0", "ck"),
    "functions": check("length(name) > 2 AND upper(name) <> 'X'", "ck"),
    "coalesce": check("coalesce(name, 'x') <> ''", "ck"),
    "case": check("CASE WHEN qty > 1 THEN 1 ELSE 0 END = 1", "ck"),
    "parentheses": check("((qty > 0) AND ((qty < 9) OR (price > 1.5)))", "ck"),
    "precedence": check("qty + 2 * qty > 3 AND (qty + 2) * qty > 3", "ck"),
    "cast": check("CAST(price AS DECIMAL(10, 2)) > 0.5", "ck"),
    "date": check("day > '2020-01-01'", "ck"),
    "quote": check("name <> 'it''s'", "ck"),
    "columns": check("qty < qty2", "ck"),
    "expression": check(sa.column("qty") > 3, "ck"),
    "expression with in": check(sa.column("name").in_(["a", "b"]), "ck"),
    "expression with like": check(sa.column("name").like("a%"), "ck"),
    "mixed case": check(sa.column("Mixed") > 3, "Ck Mixed"),
    "reserved word": check(sa.column("order") > 3, "ck"),
    "long name": check("qty > 0", "ck_" + "x" * 57),
    "unnamed": check("qty > 5"),
    "two unnamed": lambda: [*check("qty > 5")(), *check("price BETWEEN 1 AND 2")()],
    "for one database": check("qty ~ 5", "ck", dialect="oracle"),
    "in a column": lambda: [C("c", I, sa.CheckConstraint("c > 5"))],
    "two in columns": lambda: [
        C("c", I, sa.CheckConstraint("c BETWEEN 5 AND 8")),
        C("d", I, sa.CheckConstraint("d > 5")),
    ],
    "json": lambda: [C("c", sa.JSON, nullable=False)],
    "boolean": lambda: [C("c", sa.Boolean(create_constraint=True, name="ck_bool"))],
}
INDEXES = {
    "column": index("qty"),
    "unique": index("qty", unique=True),
    "two": index("qty", "name"),
    "descending": index(lambda c: c.qty.desc(), "name"),
    "ascending": index(lambda c: c.qty.asc()),
    "mixed case": index("Mixed"),
    "mixed case descending": index(lambda c: c.Mixed.desc()),
    "where": index("qty", postgresql_where=text("qty > 5"), sqlite_where=text("qty > 5")),
    "where in": index(
        "qty",
        postgresql_where=lambda c: c.name.in_(["a", "b"]),
        sqlite_where=lambda c: c.name.in_(["a", "b"]),
    ),
    "where between": index(
        "qty",
        postgresql_where=text("qty BETWEEN 1 AND 5 AND name LIKE 'a%'"),
        sqlite_where=text("qty BETWEEN 1 AND 5 AND name LIKE 'a%'"),
    ),
    "where a date": index(
        "qty",
        postgresql_where=text("day > '2020-01-01'"),
        sqlite_where=text("day > '2020-01-01'"),
    ),
    "hash": index("name", postgresql_using="hash"),
    "btree": index("name", postgresql_using="BTREE"),
    "gin": index("data", postgresql_using="gin", mysql_length=5, mariadb_length=5),
    "include": index("name", postgresql_include=["qty"]),
    "with": index("qty", postgresql_with={"fillfactor": 50}),
    "operators": index("name", postgresql_ops={"name": "varchar_pattern_ops"}),
    "default operators": index("qty", postgresql_ops={"qty": "int4_ops"}),
    "length": index("body", mysql_length=10, mariadb_length=10),
    "length by name": index("body", mariadb_length={"body": 7}),
    "without length": index("body"),
}
EXPRESSIONS = {
    "function": index(lambda c: sa.func.lower(c.name)),
    "function as text": index(text("lower(name)")),
    "descending": index(lambda c: sa.func.lower(c.name).desc()),
    "descending as text": index(text("lower(name) DESC")),
    "mixed": index("qty", lambda c: sa.func.lower(c.name)),
    "arithmetic": index(text("(qty + qty2)")),
    "unique": index(lambda c: sa.func.lower(c.name), unique=True),
    "where": index(
        lambda c: sa.func.lower(c.name),
        postgresql_where=text("qty > 5"),
        sqlite_where=text("qty > 5"),
    ),
    "coalesce": index(lambda c: sa.func.coalesce(c.name, "x")),
    "collation": index(lambda c: c.name.collate("NOCASE")),
}
ONLY_POSTGRESQL = {
    "array": default(postgresql.ARRAY(I), "{}"),
    "array as sql": default(postgresql.ARRAY(I), text("ARRAY[]::integer[]")),
    "cast": default(postgresql.JSONB, text("'{}'::jsonb")),
    "generated uuid": default(sa.Uuid, text("gen_random_uuid()")),
    "serial": lambda: [C("c", sa.BigInteger), C("s", I, sa.Sequence("other_seq"), unique=True)],
    "nextval": lambda: [
        C("c", I, sa.Sequence("own_seq"), server_default=sa.Sequence("own_seq").next_value())
    ],
    "collation": lambda: [C("c", S(20, collation="C"))],
    "interval default": default(sa.Interval, text("'1 day'")),
    "timestamp with zone": default(sa.DateTime(timezone=True), text("now() + interval '1 day'")),
    "time zone": default(sa.DateTime, text("timezone('utc', now())")),
    "at time zone": default(sa.DateTime, text("(now() AT TIME ZONE 'utc')")),
    "array check": check("name = ANY (ARRAY['a', 'b'])", "ck"),
    "regular expression": check("name ~ '^a'", "ck"),
    "extract": check("extract(year from day) > 2000", "ck"),
    "json operator": check("data->>'a' = 'b'", "ck"),
    "similar": check("name SIMILAR TO 'a%'", "ck"),
    "is distinct": check("qty IS DISTINCT FROM 3", "ck"),
    "ilike": check(sa.column("name").ilike("a%"), "ck"),
    "nulls last": index(lambda c: c.qty.desc().nulls_last()),
    "nulls first": index(lambda c: c.qty.asc().nulls_first()),
    "nulls as they are": index(lambda c: c.qty.asc().nulls_last()),
    "nulls not distinct": index("qty", unique=True, postgresql_nulls_not_distinct=True),
    "expression with operators": index(
        lambda c: sa.func.lower(c.name).label("low"), postgresql_ops={"low": "text_pattern_ops"}
    ),
    "gin operators": index(
        "data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}
    ),
}
ONLY_MARIADB = {
    "on update": default(
        sa.TIMESTAMP, text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"), nullable=False
    ),
    "on update alone": default(sa.TIMESTAMP, text("NULL ON UPDATE CURRENT_TIMESTAMP")),
    "collation": lambda: [C("c", S(20, collation="utf8mb4_bin"))],
    "collation of the table": lambda: [C("c", S(20, collation="utf8mb4_general_ci"))],
    "expression and comment": default(S(20), text("(concat('a', 'b'))"), comment="it's"),
    "concatenation": check("concat(name, 'x') <> 'ax'", "ck"),
}
VIRTUAL = {
    "virtual": lambda: [C("c", I, sa.Computed("qty * 2", persisted=False))],
    "without a word": lambda: [C("c", I, sa.Computed("qty * 2"))],
}
KEYS: dict[str, Shape] = {
    "of two": lambda: [C("a", I, primary_key=True), C("b", I, primary_key=True)],
    "other order": lambda: [C("a", I), C("b", I), sa.PrimaryKeyConstraint("b", "a")],
    "named": lambda: [C("a", I), C("b", I), sa.PrimaryKeyConstraint("b", "a", name="pk_named")],
    "text": lambda: [C("a", S(20), primary_key=True)],
    "big": lambda: [C("a", sa.BigInteger().with_variant(I, "sqlite"), primary_key=True)],
    "not counted": lambda: [C("a", I, primary_key=True, autoincrement=False)],
    "counted of two": lambda: [C("b", I, primary_key=True), C("a", I, primary_key=True)],
    "identity": lambda: [C("a", I, sa.Identity(always=True), primary_key=True)],
    "none": lambda: [C("a", I)],
    "mixed case": lambda: [C("Id", I, primary_key=True)],
}


def _columns() -> list[Any]:
    return [
        *(C("id", I, primary_key=True), C("qty", I), C("qty2", I), C("name", S(20))),
        *(C("price", sa.Numeric(10, 2)), C("day", sa.Date), C("data", JSONB), C("body", sa.Text)),
        *(C("Mixed", I), C("order", I)),
    ]


def _shapes(backend: str) -> Iterator[tuple[str, Any]]:
    groups: dict[str, dict[str, Any]] = {
        "default": DEFAULTS,
        "computed": COMPUTED,
        "check": CHECKS,
        "index": INDEXES,
    }
    if backend != "mariadb":
        groups["expression"] = EXPRESSIONS
    if backend == PG:
        groups["only"] = ONLY_POSTGRESQL
    else:
        groups["virtual"] = VIRTUAL
    if backend == "mariadb":
        groups["only"] = ONLY_MARIADB
    for group, shapes in groups.items():
        for name, items in shapes.items():
            if (group, name) == ("expression", "collation") and backend != "sqlite":
                continue
            yield f"{group} {name}".replace(" ", "_"), items


def models(backend: str, schema: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData(schema=schema)
    for name, make in _shapes(backend):
        try:
            items = make()
        except TypeError:
            table = sa.Table(name, metadata, *_columns())
            index = make(table)
            if index.table is None:
                table.append_constraint(index)  # of text alone
        else:
            sa.Table(name, metadata, *_columns(), *items)
    for name, make in KEYS.items():
        sa.Table(f"key_{name}".replace(" ", "_"), metadata, *make(), C("x", I))
    return metadata


@pytest.mark.parametrize("way", ["create_all", "revision"])
def test_unchanged_models_compare_empty(way: str, backend: str, engine: sa.Engine) -> None:
    database, metadata = Database(engine), models(backend)
    assert len(metadata.tables) > 100
    if way == "create_all":
        database.create(metadata)
    else:
        if backend == PG:
            # Alembic creates no sequence that stands by itself.
            database.execute("CREATE SEQUENCE own_seq", "CREATE SEQUENCE other_seq")
        database.compare(metadata)
        database.run(database.code[0], metadata)
    found = database.operations(metadata)
    assert found == [], database.code[0]
