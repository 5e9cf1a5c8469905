"""Server defaults, comments, collations, computed and identity columns, there and back."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from support.comparing import Database, there_and_back

import sqlalchemy_manage.migrations.autogenerate.columns

assert sqlalchemy_manage.migrations.autogenerate.columns

Columns = Callable[[], list[Any]]

ALL = ("sqlite", "postgresql", "mariadb")
VIRTUAL = ("sqlite", "mariadb")
PG = ("postgresql",)
MARIADB = ("mariadb",)


def item(columns: Columns, schema: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData(schema=schema)
    sa.Table(
        "item",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("qty", sa.Integer, server_default="3"),
        *columns(),
    )
    return metadata


def c(type_: Any, *args: Any, **kw: Any) -> Columns:
    """A column; what is called makes an argument of it."""
    return lambda: [sa.Column("c", type_, *(arg() for arg in args), **kw)]


def both_ways(
    engine: sa.Engine, old: Columns, new: Columns, *statements: str, **kw: Any
) -> tuple[Database, list[Any]]:
    database = Database(engine, **kw)
    database.create(item(old))
    database.execute("INSERT INTO item (id, qty) VALUES (1, 5), (2, 7)", *statements)
    found = there_and_back(database, item(old), item(new))
    assert database.rows("SELECT id, qty FROM item ORDER BY id") == [(1, 5), (2, 7)]
    return database, [type(op).__name__ for op in found]


def default(type_: Any, old: Any, new: Any) -> tuple[Columns, Columns]:
    return c(type_, server_default=old), c(type_, server_default=new)


DEFAULTS: dict[str, tuple[Columns, Columns]] = {
    "number": default(sa.Integer, "1", "2"),
    "added": default(sa.Integer, None, "2"),
    "removed": default(sa.Integer, text("2"), None),
    "places": default(sa.Numeric(10, 2), "0", "1.5"),
    "float": default(sa.Float, "1.5", "2.5"),
    "word": default(sa.String(20), "it's", "o'x"),
    "case": default(sa.String(20), "a", "A"),
    "quotes around it": default(sa.String(20), "'q'", "q"),
    "quotes come around it": default(sa.String(20), "q", "'it''s'"),
    "percent and colon": default(sa.String(20), "50% :x", "60% :y"),
    "word and number": default(sa.String(20), "1", "1.0"),
    "empty": default(sa.String(20), "", None),
    "boolean": default(sa.Boolean, sa.true(), sa.false()),
    "now": default(sa.DateTime, sa.func.now(), None),
    "moment": default(sa.DateTime, None, text("CURRENT_TIMESTAMP")),
    "date": default(sa.Date, "2020-01-01", "2021-01-01"),
    "function": default(sa.String(20), text("(lower('X'))"), text("(upper('x'))")),
    "function for word": default(sa.String(20), "x", text("(lower('X'))")),
    "json": default(sa.JSON, "{}", '{"a": 1}'),
}


@pytest.mark.parametrize("change", DEFAULTS)
def test_a_default(change: str, engine: sa.Engine) -> None:
    old, new = DEFAULTS[change]
    _, found = both_ways(engine, old, new)
    assert found == ["AlterColumnOp"]


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        (sa.Integer, "0", text("0")),
        (sa.Integer, text("-1"), "-1"),
        (sa.Numeric(10, 2), "0", text("0.00")),
        (sa.Boolean, sa.true(), "1"),
        (sa.Boolean, text("true"), "1"),
        (sa.Boolean, text("false"), sa.false()),
        (sa.String(20), "a", text("'a'")),
        (sa.String(20), text("('a')"), "a"),
        (sa.DateTime, sa.func.now(), text("CURRENT_TIMESTAMP")),
        (sa.DateTime, text("(CURRENT_TIMESTAMP)"), text("current_timestamp")),
        (sa.Integer, None, text("NULL")),
    ],
)
def test_the_same_default_in_other_words(
    engine: sa.Engine, type_: Any, one: Any, other: Any
) -> None:
    for first, second in ((one, other), (other, one)):
        database = Database(engine)
        database.create(item(c(type_, server_default=first)))
        assert database.operations(item(c(type_, server_default=second))) == [], database.code[0]
        database.execute("DROP TABLE item")


def test_a_default_is_in_force(engine: sa.Engine) -> None:
    database = Database(engine)
    database.create(item(c(sa.String(20), server_default="a")))
    database.compare(item(c(sa.String(20), server_default="50% 'b' :x")))
    database.run(database.code[0])
    database.execute("INSERT INTO item (id) VALUES (1)")
    assert database.rows("SELECT c FROM item") == [("50% 'b' :x",)]


@pytest.mark.parametrize("backend", MARIADB)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
        ("NULL ON UPDATE CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
    ],
)
def test_on_update(engine: sa.Engine, old: str, new: str) -> None:
    columns = default(sa.TIMESTAMP, text(old), text(new))
    _, found = both_ways(engine, *columns)
    assert found == ["AlterColumnOp"]


@pytest.mark.parametrize("backend", PG)
def test_defaults_of_postgresql_cost_no_query_each(engine: sa.Engine) -> None:
    types: list[tuple[Any, Any]] = [
        *((sa.String(20), "x"), (sa.Date, "2020-01-01"), (postgresql.JSONB, "{}")),
        *((postgresql.ARRAY(sa.Integer), "{}"), (sa.Boolean, sa.true()), (sa.Numeric(10, 2), "0")),
    ]

    def columns(with_default: bool) -> Columns:
        return lambda: [
            sa.Column(f"c{i}", type_, server_default=value if with_default else None)
            for i, (type_, value) in enumerate(types)
        ]

    counts = []
    for with_default in (False, False, True):
        database = Database(engine)
        database.create(item(columns(with_default)))
        assert database.operations(item(columns(with_default))) == [], database.code[0]
        counts.append(len(database.statements))
        database.execute("DROP TABLE item")
    # The first one asks what SQLAlchemy then knows of the server.
    assert counts[1] == counts[2]


@pytest.mark.parametrize("backend", ALL)
def test_a_function_of_the_user_still_decides(engine: sa.Engine) -> None:
    from alembic.autogenerate import compare_metadata

    asked: list[str] = []

    def compare(context: Any, there: Any, column: Any, *texts: Any) -> bool:
        asked.append(column.name)
        return False

    database = Database(engine)
    database.create(item(c(sa.Integer, server_default="1")))
    with engine.connect() as connection:
        from sqlalchemy_manage.migrations.autogenerate.plugins import PLUGINS

        opts = {"compare_server_default": compare, "autogenerate_plugins": PLUGINS}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, item(c(sa.Integer, server_default="2"))) == []
    assert "c" in asked


@pytest.mark.parametrize("backend", MARIADB)
def test_altering_a_column_on_mariadb_keeps_the_rest_of_it(engine: sa.Engine) -> None:
    def columns(nullable: bool) -> Columns:
        kw: dict[str, Any] = {"nullable": nullable, "comment": "it's 50% :x"}
        moment = text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")
        return lambda: [
            sa.Column(
                "a",
                sa.String(20, collation="utf8mb4_bin"),
                sa.CheckConstraint("a <> 'q'"),
                server_default=text("(concat('a', 'b'))"),
                **kw,
            ),
            sa.Column("b", sa.TIMESTAMP, server_default=moment, **kw),
            sa.Column("c", sa.JSON, server_default="{}", **kw),
            sa.Column("d", sa.String(9), server_default="x", **kw),
        ]

    database, found = both_ways(engine, columns(True), columns(False))
    assert found == ["AlterColumnOp"] * 4
    database.compare(item(columns(False)))
    before = database.describe()
    database.run(database.code[0])
    after = database.describe()
    for column in (c for c in after["columns"]["item"] if c["name"] in "abcd"):
        was = next(c for c in before["columns"]["item"] if c["name"] == column["name"])
        assert column == was | {"nullable": "False"}
    assert after["check_constraints"] == before["check_constraints"]


@pytest.mark.parametrize("backend", MARIADB)
def test_the_key_goes_on_counting_on_mariadb(engine: sa.Engine) -> None:
    def models(type_: Any) -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table("item", metadata, sa.Column("id", type_, primary_key=True), sa.Column("n", type_))
        return metadata

    database = Database(engine)
    database.create(models(sa.Integer))
    database.execute("INSERT INTO item (n) VALUES (1)")
    there_and_back(database, models(sa.Integer), models(sa.BigInteger))
    database.execute("INSERT INTO item (n) VALUES (2)")
    assert database.rows("SELECT id, n FROM item ORDER BY id") == [(1, 1), (2, 2)]


def test_comments(engine: sa.Engine, backend: str) -> None:
    def models(column: str | None, table: str | None) -> sa.MetaData:
        metadata = item(c(sa.String(20), server_default="x", comment=column))
        metadata.tables["item"].comment = table
        return metadata

    states = [("a 'b' 50%", "of it's 50%"), ("c :d", None), (None, "new"), ("", None)]
    changes = [2, 2, 1] if backend != "sqlite" else [0, 0, 0]
    database = Database(engine)
    database.create(models(*states[0]))
    for (old, new), number in zip(pairwise(states), changes, strict=True):
        found = there_and_back(database, models(*old), models(*new))
        assert len(found) == number
        database.compare(models(*new))
        database.run(database.code[0])


@pytest.mark.parametrize(
    ("backend", "old", "new"),
    [
        ("postgresql", None, "C"),
        ("postgresql", "C", None),
        ("postgresql", "C", "POSIX"),
        ("mariadb", None, "utf8mb4_bin"),
        ("mariadb", "utf8mb4_bin", "utf8mb4_unicode_ci"),
    ],
)
def test_a_collation(engine: sa.Engine, old: str | None, new: str | None) -> None:
    columns = [c(sa.String(20, collation=name), nullable=False) for name in (old, new)]
    database = Database(engine)
    database.create(item(columns[0]))
    database.execute("INSERT INTO item (id, c) VALUES (1, 'x')")
    found = there_and_back(database, item(columns[0]), item(columns[1]))
    assert [type(op).__name__ for op in found] == ["AlterColumnOp"]


def computed(expression: str, persisted: bool) -> Callable[[], Any]:
    return lambda: sa.Computed(expression, persisted=persisted)


Change = tuple[tuple[str, ...], Columns, Columns]
COMPUTED: dict[str, Change] = {}
for _persisted, _backends in ((True, ALL), (False, VIRTUAL)):
    _word = "stored" if _persisted else "virtual"
    _two = computed("qty * 2", _persisted)
    COMPUTED |= {
        f"{_word} expression": (
            _backends,
            c(sa.Integer, _two),
            c(sa.Integer, computed("qty * 3 % 5", _persisted)),
        ),
        f"{_word} to plain": (_backends, c(sa.Integer, _two), c(sa.Integer)),
        f"{_word} to plain of another type": (
            _backends,
            c(sa.Integer, _two),
            c(sa.BigInteger, nullable=False, server_default="4"),
        ),
        f"{_word} from plain": (_backends, c(sa.Integer), c(sa.Integer, _two)),
        f"{_word} of another type": (
            _backends,
            c(sa.Integer, _two),
            c(sa.BigInteger, _two, comment="doubled"),
        ),
    }
COMPUTED["virtual to stored"] = (
    VIRTUAL,
    c(sa.Integer, computed("qty * 2", False)),
    c(sa.Integer, computed("qty * 2", True)),
)


@pytest.mark.parametrize(
    ("backend", "change"),
    [(b, name) for name, (backends, *_) in COMPUTED.items() for b in backends],
)
def test_a_computed_column(change: str, engine: sa.Engine) -> None:
    _, old, new = COMPUTED[change]
    _, found = both_ways(engine, old, new)
    assert found == ["AlterComputedOp"]


@pytest.mark.parametrize(
    ("backend", "persisted"), [*((b, True) for b in ALL), *((b, False) for b in VIRTUAL)]
)
def test_what_is_computed_stays_when_it_becomes_plain(engine: sa.Engine, persisted: bool) -> None:
    database = Database(engine)
    database.create(item(c(sa.Integer, computed("qty * 2", persisted))))
    database.execute("INSERT INTO item (id, qty) VALUES (1, 5), (2, 7)")
    database.compare(item(c(sa.Integer)))
    there, back = database.code
    database.run(there)
    database.execute("UPDATE item SET c = 99 WHERE id = 1")
    assert database.rows("SELECT c FROM item ORDER BY id") == [(99,), (14,)]
    database.run(back)
    assert database.rows("SELECT c FROM item ORDER BY id") == [(10,), (14,)]


@pytest.mark.parametrize(
    ("backend", "persisted"), [*((b, True) for b in ALL), *((b, False) for b in VIRTUAL)]
)
def test_what_hangs_on_a_computed_column_stays(engine: sa.Engine, persisted: bool) -> None:
    def models(expression: str, kind: bool) -> sa.MetaData:
        metadata = item(c(sa.Integer, computed(expression, kind)))
        table = metadata.tables["item"]
        sa.Index("ix_c", table.c.c, table.c.qty)
        table.append_constraint(sa.CheckConstraint("c < 100", name="ck_c"))
        if engine.dialect.name == "postgresql":
            table.append_constraint(sa.UniqueConstraint("c", name="uq_c"))
        return metadata

    database = Database(engine)
    old, new = models("qty * 2", persisted), models("qty * 3", persisted)
    database.create(old)
    database.execute("INSERT INTO item (id, qty) VALUES (1, 5), (2, 7)")
    found = there_and_back(database, old, new)
    assert [type(op).__name__ for op in found] == ["AlterComputedOp"]
    if engine.dialect.name == "mariadb":
        # Of another kind it is made anew there, and has to go without the CHECK meanwhile.
        database.execute("ALTER TABLE item DROP CONSTRAINT ck_c")
        other = models("qty * 2", not persisted)
        other.tables["item"].constraints = {
            x for x in other.tables["item"].constraints if x.name != "ck_c"
        }
        database.compare(other)
        database.run(database.code[0])
        assert database.operations(other) == [], database.code[0]


@pytest.mark.parametrize(
    ("backend", "persisted"), [*((b, True) for b in ALL), *((b, False) for b in VIRTUAL)]
)
def test_a_table_with_a_computed_column_can_be_rebuilt(engine: sa.Engine, persisted: bool) -> None:
    def columns(nullable: bool) -> Columns:
        return lambda: [
            sa.Column("c", sa.Integer, sa.Computed("qty * 2", persisted=persisted)),
            sa.Column("d", sa.Integer, nullable=nullable, server_default="5"),
            sa.Column("e", sa.Integer, sa.Computed("qty + 1", persisted=persisted)),
        ]

    _, found = both_ways(engine, columns(True), columns(False))
    assert found == ["AlterColumnOp"]


@pytest.mark.parametrize("backend", ALL)
def test_a_new_expression_and_the_columns_that_it_is_of(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [
            sa.Column("a", sa.Integer, server_default="1"),
            sa.Column("c", sa.Integer, sa.Computed("qty * a", persisted=True)),
        ]

    def new() -> list[Any]:
        return [
            sa.Column("c", sa.Integer, sa.Computed("qty * b", persisted=True)),
            sa.Column("b", sa.Integer, server_default="2"),
        ]

    _, found = both_ways(engine, old, new)
    assert found == ["AddColumnOp", "AlterComputedOp", "DropColumnOp"]


def test_another_type_of_a_column_that_one_is_computed_of(engine: sa.Engine) -> None:
    def columns(type_: Any) -> Columns:
        return lambda: [
            sa.Column("a", type_, server_default="4"),
            sa.Column("c", sa.Integer, sa.Computed("qty * a", persisted=True)),
        ]

    old, new = columns(sa.Integer), columns(sa.BigInteger)
    database, found = both_ways(engine, old, new)
    assert found == ["AlterComputedOp", "AlterColumnOp", "AlterComputedOp"]
    assert not database.operations(item(new))[-1].loses_data
    database.run(database.code[0])
    assert database.rows("SELECT c FROM item ORDER BY id") == [(20,), (28,)]


@pytest.mark.parametrize("backend", MARIADB)
def test_the_comment_of_a_computed_column_on_mariadb(engine: sa.Engine) -> None:
    two = computed("qty * 2", True)
    _, found = both_ways(engine, c(sa.Integer, two), c(sa.Integer, two, comment="doubled"))
    assert found == ["AlterComputedOp"]


def test_a_plain_column_that_becomes_computed_is_known_to_lose_its_values(
    engine: sa.Engine,
) -> None:
    database = Database(engine)
    plain, two = c(sa.Integer), c(sa.Integer, computed("qty * 2", True))
    database.create(item(plain))
    (op,) = database.operations(item(two))
    assert op.loses_data and not op.reverse().loses_data
    assert op.describe().words == "alter column item.c: plain to computed stored as qty * 2"


def identity(**kw: Any) -> Callable[[], Any]:
    return lambda: sa.Identity(**kw)


IDENTITIES: dict[str, tuple[Columns, Columns, list[str]]] = {
    "added": (
        c(sa.Integer, nullable=True),
        c(sa.Integer, identity(always=True), nullable=False),
        ["AlterIdentityOp"],
    ),
    "added in place of a default": (
        c(sa.Integer, nullable=False, server_default="5"),
        c(sa.Integer, identity()),
        ["AlterColumnOp", "AlterIdentityOp"],
    ),
    "removed": (c(sa.Integer, identity()), c(sa.Integer, nullable=True), ["AlterIdentityOp"]),
    "removed for a default": (
        c(sa.Integer, identity()),
        c(sa.Integer, nullable=False, server_default="5"),
        ["AlterIdentityOp", "AlterColumnOp"],
    ),
    "always": (
        c(sa.Integer, identity()),
        c(sa.Integer, identity(always=True)),
        ["AlterIdentityOp"],
    ),
    "options": (
        c(sa.Integer, identity(start=5)),
        c(sa.Integer, identity(start=5, increment=2, cache=7, cycle=True, maxvalue=1000)),
        ["AlterIdentityOp"],
    ),
    "options no more": (
        c(sa.Integer, identity(increment=2, cycle=True)),
        c(sa.Integer, identity()),
        ["AlterIdentityOp"],
    ),
}


@pytest.mark.parametrize("backend", PG)
@pytest.mark.parametrize("change", IDENTITIES)
def test_an_identity_column(engine: sa.Engine, change: str) -> None:
    old, new, expected = IDENTITIES[change]
    database = Database(engine)
    database.create(item(old))
    database.execute("INSERT INTO item (id, c) VALUES (1, 4), (2, 8)")
    found = there_and_back(database, item(old), item(new))
    assert [type(op).__name__ for op in found] == expected
    assert database.rows("SELECT id, c FROM item ORDER BY id") == [(1, 4), (2, 8)]


@pytest.mark.parametrize("backend", VIRTUAL)
@pytest.mark.parametrize("change", ["added", "always", "options"])
def test_elsewhere_an_identity_is_nothing(engine: sa.Engine, change: str) -> None:
    _, new, _ = IDENTITIES[change]
    database = Database(engine)
    model = item(new)
    database.create(model)
    assert database.operations(model) == [], database.code[0]
    database.run("    op.alter_identity('item', 'c', sa.Identity(), existing=None)")
    assert database.operations(model) == []


@pytest.mark.parametrize("backend", PG)
@pytest.mark.parametrize("schema", [None, "depot"])
def test_a_serial_key_becomes_an_identity_and_goes_on_counting(
    engine: sa.Engine, schema: str | None
) -> None:
    def models(*args: Any) -> sa.MetaData:
        metadata = sa.MetaData(schema=schema)
        columns = [sa.Column("Id", sa.Integer, *args, primary_key=True), sa.Column("n", sa.Integer)]
        sa.Table("Item", metadata, *columns)
        return metadata

    table = f'{schema}."Item"' if schema else '"Item"'
    database = Database(engine)
    database.execute("CREATE SCHEMA depot")
    database.create(models())
    database.execute(f"INSERT INTO {table} (n) VALUES (1), (2)")
    before = database.describe()
    database.compare(models(sa.Identity(always=True)))
    there, back = database.code
    database.run(there)
    assert database.operations(models(sa.Identity(always=True))) == []
    database.execute(f"INSERT INTO {table} (n) VALUES (3)")
    database.run(back)
    assert database.operations(models()) == [], database.code[0]
    assert database.describe() == before
    database.execute(f"INSERT INTO {table} (n) VALUES (4)")
    assert database.rows(f'SELECT "Id", n FROM {table} ORDER BY 1') == [
        (n, n) for n in (1, 2, 3, 4)
    ]


def test_every_change_at_once(engine: sa.Engine, backend: str) -> None:
    """All comparators in one table, so that their operations stand in an order that works."""

    def old() -> list[Any]:
        return [
            sa.Column("gone", sa.Integer, server_default="1"),
            sa.Column("name", sa.String(20), server_default="a", comment="x"),
            sa.Column("c", sa.Integer, sa.Computed("qty * gone", persisted=True)),
            sa.CheckConstraint("gone > 0 AND qty > 0", name="ck_item"),
            sa.Index("ix_item", "name", "qty"),
        ]

    def new() -> list[Any]:
        return [
            sa.Column("name", sa.String(30), server_default="b", comment="y", nullable=False),
            sa.Column("c", sa.BigInteger, sa.Computed("qty * come", persisted=True)),
            sa.Column("come", sa.Integer, server_default="2"),
            sa.CheckConstraint("come > 1 AND qty > 0", name="ck_item"),
            sa.Index("ix_item", "qty", "come"),
        ]

    _, found = both_ways(engine, old, new)
    assert set(found) == {
        *("AddColumnOp", "AlterColumnOp", "AlterComputedOp", "DropColumnOp"),
        *("CreateCheckConstraintOp", "CreateIndexOp", "DropConstraintOp", "DropIndexOp"),
    }


@pytest.mark.parametrize(
    ("dialect", "call", "sql"),
    [
        (
            "postgresql",
            "op.alter_computed('t', sa.Column('c', sa.Integer), "
            "existing=sa.Column('c', sa.Integer, sa.Computed('a')))",
            ["ALTER TABLE t ALTER COLUMN c DROP EXPRESSION;"],
        ),
        (
            "postgresql",
            "op.alter_computed('t', "
            "sa.Column('c', sa.Integer, sa.Computed('a % 2', persisted=True)), "
            "existing=sa.Column('c', sa.Integer, sa.Computed('a')))",
            [
                "ALTER TABLE t DROP COLUMN c;",
                "ALTER TABLE t ADD COLUMN c INTEGER GENERATED ALWAYS AS (a % 2) STORED;",
            ],
        ),
        (
            "mariadb",
            "op.alter_computed('t', sa.Column('c', sa.Integer, sa.Computed('a % 2')), "
            "existing=sa.Column('c', sa.Integer, sa.Computed('a')))",
            ["ALTER TABLE t MODIFY c INTEGER GENERATED ALWAYS AS (a % 2);"],
        ),
        (
            "postgresql",
            "op.alter_identity('t', 'c', sa.Identity(always=True), existing=None, serial=True)",
            [
                "ALTER TABLE t ALTER COLUMN c DROP DEFAULT;",
                "DROP SEQUENCE IF EXISTS t_c_seq;",
                "ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY;",
                "SELECT setval(pg_get_serial_sequence('t', 'c'), max(c)) FROM t"
                " HAVING max(c) IS NOT NULL;",
            ],
        ),
        ("mariadb", "op.alter_identity('t', 'c', sa.Identity(), existing=None)", []),
    ],
)
def test_as_sql(dialect: str, call: str, sql: list[str]) -> None:
    output = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": output}
    )
    exec(call, {"op": Operations(context), "sa": sa})
    lines = output.getvalue().replace("%%", "%").split("\n\n")
    assert [line for line in lines if line] == sql


def test_sqlite_as_sql_says_what_it_lacks() -> None:
    from sqlalchemy_manage.errors import MigrationError

    opts = {"as_sql": True, "output_buffer": io.StringIO()}
    op: Any = Operations(MigrationContext.configure(dialect_name="sqlite", opts=opts))
    plain = sa.Column("c", sa.Integer)
    existing = sa.Column("c", sa.Integer, sa.Computed("a"))
    with pytest.raises(MigrationError, match="must read the definition of t"):
        op.alter_computed("t", plain, existing=existing)
