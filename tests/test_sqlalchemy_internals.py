"""What sqlalchemy_internals needs of SQLAlchemy is there, on every supported version."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.declarative import AbstractConcreteBase
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    composite,
    mapped_column,
    registry,
    relationship,
)

from sqlalchemy_manage import sqlalchemy_internals as internals

POSTGRESQL, MYSQL, SQLITE = postgresql.dialect(), mysql.dialect(), sqlite.dialect()


def table(*items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table("t", sa.MetaData(), *items)


def check_of(type_: sa.types.SchemaType) -> sa.CheckConstraint:
    made = table(sa.Column("a", type_))
    return next(c for c in made.constraints if isinstance(c, sa.CheckConstraint))


def test_a_table_that_is_left_out_is_neither_created_nor_dropped() -> None:
    metadata = sa.MetaData()
    left, made = (sa.Table(n, metadata, sa.Column("id", sa.Integer)) for n in ("left", "made"))
    internals.leave_out(left)
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    for create, drop in ((metadata.create_all, metadata.drop_all), (made.create, made.drop)):
        create(engine, checkfirst=False)
        assert sa.inspect(engine).get_table_names() == ["made"]
        drop(engine, checkfirst=False)
    engine.dispose()


def test_the_sequences_of_a_metadata_are_known() -> None:
    alone = sa.Sequence("alone", metadata=sa.MetaData())
    assert internals.sequences_of(alone.metadata) == [alone]  # type: ignore[arg-type]
    used = table(sa.Column("id", sa.Integer, sa.Sequence("used")))
    assert [s.name for s in internals.sequences_of(used.metadata)] == ["used"]


def test_a_copied_column_belongs_to_no_table() -> None:
    column = table(sa.Column("a", sa.String(20), nullable=False)).c.a
    copy = internals.copy_column(column)
    assert copy is not column and getattr(copy, "table", None) is None
    assert (copy.name, str(copy.type), copy.nullable) == ("a", "VARCHAR(20)", False)


def test_the_check_of_a_type_is_not_created_where_the_type_is_native() -> None:
    check = check_of(sa.Enum("a", "b", name="ab", create_constraint=True))
    assert internals.is_created(check, SQLITE)
    assert not internals.is_created(check, POSTGRESQL)
    assert internals.is_created(sa.CheckConstraint("a > 0"), POSTGRESQL)


def test_the_order_in_which_constraints_were_written() -> None:
    checks = [sa.CheckConstraint(f"a > {n}") for n in range(20)]
    unique = sa.UniqueConstraint("a")
    made = table(sa.Column("a", sa.Integer), *reversed(checks), unique)
    assert internals.as_declared(made.constraints - {made.primary_key}) == [*checks, unique]


def test_the_check_of_a_type_is_told_from_one_of_the_table() -> None:
    assert internals.is_of_type(check_of(sa.Boolean(create_constraint=True)))
    assert not internals.is_of_type(sa.CheckConstraint("a > 0"))
    assert not internals.is_of_type(sa.UniqueConstraint("a"))


def test_which_columns_of_a_join_are_remote() -> None:
    class Base(DeclarativeBase):
        pass

    class Node(Base):
        __tablename__ = "node"
        id: Mapped[int] = mapped_column(primary_key=True)
        up: Mapped[int | None] = mapped_column(sa.ForeignKey("node.id"))
        parent: Mapped[Node] = relationship(remote_side=[id])

    Base.registry.configure()
    join = Node.parent.property.primaryjoin
    remote = [side.key for side in (join.left, join.right) if internals.is_remote(side)]
    assert remote == ["id"]


def test_what_a_foreign_key_refers_to() -> None:
    made = table(sa.Column("a", sa.ForeignKey("other.b")), sa.Column("c", sa.ForeignKey("s.t.b")))
    targets = {key.parent.name: internals.target_of(key) for key in made.foreign_keys}
    assert targets == {"a": (None, "other"), "c": ("s", "t")}


@pytest.mark.parametrize(
    ("given", "dialects"), [("sqlite", ("sqlite",)), (("mysql", "mariadb"), ("mysql", "mariadb"))]
)
def test_the_dialects_of_a_constraint_and_of_an_index(
    given: str | tuple[str, ...], dialects: tuple[str, ...]
) -> None:
    check, index = sa.CheckConstraint("a > 0"), sa.Index("i", sa.column("a"))
    assert internals.dialects_of(check) is None and internals.dialects_of(index) is None
    # The dialects may come in any collection that ``in`` works on.
    assert internals.dialects_of(check.ddl_if(dialect=given)) == dialects
    assert internals.dialects_of(index.ddl_if(dialect=given)) == dialects


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("postgresql", r"SELECT 'a\b 50%' AS x"),
        ("mysql", r"SELECT 'a\\b 50%' AS x"),
        ("sqlite", r"SELECT 'a\b 50%' AS x"),
    ],
)
def test_a_script_doubles_no_percent_sign_and_no_backslash(name: str, statement: str) -> None:
    query = sa.select(sa.literal(r"a\b 50%").label("x"))
    dialect = internals.script_dialect(name)
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    assert str(compiled) == statement


def test_parts_of_a_statement() -> None:
    check = sa.CheckConstraint("a > 0", name="positive")
    column = table(
        sa.Column("a", sa.Integer, nullable=False, server_default=sa.text("1")), check
    ).c.a
    compiler = internals.ddl_compiler(POSTGRESQL)
    assert compiler.get_column_default_string(column) == "1"
    assert compiler.get_column_specification(column) == "a INTEGER DEFAULT 1 NOT NULL"
    assert compiler.get_identity_options(sa.Identity(start=5)) == "START WITH 5"
    assert compiler.process(check) == "CONSTRAINT positive CHECK (a > 0)"


@pytest.mark.parametrize(
    ("dialect", "doubles"), [(postgresql.dialect(), True), (sqlite.dialect(), False)]
)
def test_which_drivers_want_percent_signs_doubled(dialect: sa.Dialect, doubles: bool) -> None:
    assert internals.doubles_percents(dialect.identifier_preparer) is doubles
    assert str(sa.text("LIKE 'a%'").compile(dialect=dialect)) == (
        "LIKE 'a%%'" if doubles else "LIKE 'a%'"
    )


def test_the_columns_of_a_key_in_the_order_of_create_table() -> None:
    a, b = sa.Column("a", sa.String(1), primary_key=True), sa.Column("b", primary_key=True)
    b.type, b.autoincrement = sa.Integer(), True
    implicit = table(a, b).primary_key
    assert [c.name for c in internals.key_columns(implicit)] == ["b", "a"]
    columns = [sa.Column("a", sa.String(1)), sa.Column("b", sa.Integer, autoincrement=True)]
    explicit = table(*columns, sa.PrimaryKeyConstraint("a", "b")).primary_key
    assert [c.name for c in internals.key_columns(explicit)] == ["a", "b"]


@pytest.mark.skipif(not hasattr(sa, "CreateView"), reason="SQLAlchemy 2.1 has CreateView")
def test_the_view_behind_a_table() -> None:
    metadata = sa.MetaData()
    view = sa.CreateView(sa.select(sa.literal(1).label("x")), "v", metadata=metadata)
    assert internals.create_view_of(metadata.tables["v"]) is view


def test_the_variants_of_a_type() -> None:
    type_ = sa.String(5).with_variant(sa.Text(), "mysql")
    assert {name: str(found) for name, found in internals.variants(type_).items()} == {
        "mysql": "TEXT"
    }
    assert not internals.variants(sa.String(5))
    copy = internals.copy_without_variants(type_)
    assert not internals.variants(copy) and internals.variants(type_)
    assert str(copy.compile(dialect=MYSQL)) == "VARCHAR(5)"


def test_the_reserved_words_of_every_database() -> None:
    # One that only PostgreSQL, MariaDB, MySQL and SQLite has, in this order.
    assert {"analyse", "page_checksum", "lateral", "isnull"} <= internals.reserved_words()
    assert "name" not in internals.reserved_words()


def test_the_constructor_of_a_model() -> None:
    class Base(DeclarativeBase):
        pass

    class Plain(Base):
        __tablename__ = "plain"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Derived(Plain):
        pass

    class Own(Plain):
        def __init__(self, id: int) -> None:
            super().__init__(id=id)

    Base.registry.configure()
    for model in (Plain, Derived):
        found = internals.original_constructor(sa.inspect(model))
        assert found is registry().constructor
    found = internals.original_constructor(sa.inspect(Own))
    assert found.__qualname__.endswith("Own.__init__")
    assert found is not Own.__init__, "SQLAlchemy puts another around it"


def test_who_listens_to_an_event() -> None:
    class Base(DeclarativeBase):
        pass

    class Watched(Base):
        __tablename__ = "watched"
        id: Mapped[int] = mapped_column(primary_key=True)
        x: Mapped[int]
        y: Mapped[int]
        point = composite(complex, "x", "y")

    Base.registry.configure()
    mapper = sa.inspect(Watched)
    manager = mapper.class_manager
    places = [
        (mapper, "before_insert", Watched),
        (mapper, "after_insert", Watched),
        (manager, "init", Watched),
        (manager["x"], "set", Watched.x),
        (Session(), "before_flush", Session),
    ]
    for target, event, class_ in places:
        assert not internals.users_listen(target, event), event
        listener = lambda *args, **values: None  # noqa: E731
        sa.event.listen(class_, event, listener)
        try:
            again = Session() if class_ is Session else target
            assert internals.users_listen(again, event), event
        finally:
            sa.event.remove(class_, event, listener)


def test_what_psycopg_gets_for_json() -> None:
    pytest.importorskip("psycopg")
    dialect = sa.create_engine("postgresql+psycopg://", json_serializer=repr).dialect
    for type_ in (sa.JSON(), postgresql.JSONB()):
        process = type_.dialect_impl(dialect).bind_processor(dialect)
        assert process is not None
        bound = process({"a": 1})
        assert internals.json_texts(dialect)[type(bound)](bound) == "{'a': 1}"
    assert internals.json_texts(sa.create_engine("sqlite://").dialect) == {}


def test_the_registries_of_the_process_are_known() -> None:
    own = registry()
    assert own in internals.registries()


def test_classes_that_are_mapped_later_are_left_out() -> None:
    class Base(DeclarativeBase):
        pass

    class Later(AbstractConcreteBase, Base):
        pass

    class Now(Later):
        __tablename__ = "now"
        id: Mapped[int] = mapped_column(primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "now", "concrete": True}

    assert [m.class_ for m in internals.mappers_in(Base.registry)] == [Now]
    Base.registry.configure()
    assert {m.class_ for m in internals.mappers_in(Base.registry)} == {Later, Now}


def test_a_type_that_hands_its_values_on() -> None:
    class Plain(sa.TypeDecorator[str]):
        impl = sa.String
        cache_ok = True

    class Twice(Plain):
        def process_bind_param(self, value: object, dialect: sa.Dialect) -> str:
            return f"{value}{value}"

        def process_result_value(self, value: object, dialect: sa.Dialect) -> str:
            return str(value)[:1]

    assert [internals.bound_by(t, "a", SQLITE) for t in (Plain(), Twice())] == ["a", "aa"]
    assert [internals.read_by(t, "bb", SQLITE) for t in (Plain(), Twice())] == ["bb", "b"]


def test_some_tables_of_a_metadata_are_one_of_their_own() -> None:
    metadata, part, heard = sa.MetaData(), sa.MetaData(), []
    tables = [sa.Table(n, metadata, sa.Column("id", sa.Integer)) for n in ("one", "other")]
    sa.event.listen(metadata, "after_create", lambda target, *_, **__: heard.append(target))
    internals.share_tables(part, tables[:1])
    internals.copy_listeners(metadata, part)
    assert part.tables["one"] is tables[0]
    assert tables[0].metadata is metadata
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    part.create_all(engine)
    assert sa.inspect(engine).get_table_names() == ["one"]
    assert heard == [part]


def test_what_is_not_async_can_wait_for_what_is() -> None:
    import asyncio

    from sqlalchemy.util import await_only

    async def later() -> int:
        await asyncio.sleep(0)
        return 3

    assert asyncio.run(internals.greenlet_spawn(lambda: await_only(later()) + 1)) == 4
