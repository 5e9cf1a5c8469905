"""What alembic_internals needs of Alembic is there, on every supported version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import alembic.context
import alembic.op
import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.ddl.mysql import MySQLImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import Operations, ops
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import mysql

from sqlalchemy_manage.migrations import alembic_internals as internals
from sqlalchemy_manage.once import kept


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, CONSTRAINT u UNIQUE (b))"
        )
        connection.exec_driver_sql("CREATE INDEX i ON t (b)")
        yield connection
    engine.dispose()


def test_types_and_server_defaults_as_a_revision_writes_them(connection: sa.Connection) -> None:
    prefixes = {"sqlalchemy_module_prefix": "sa.", "user_module_prefix": None, "render_item": None}
    context = AutogenContext(
        MigrationContext.configure(connection), autogenerate=False, opts=prefixes
    )
    assert internals.render_type(sa.String(5), context) == "sa.String(length=5)"
    default = sa.DefaultClause(sa.text("7"))
    assert internals.render_server_default(default, context) == "sa.text('7')"


class NoteOp(ops.MigrateOperation):
    """An operation that does nothing."""


@pytest.mark.parametrize("as_batch", [False, True])
def test_what_is_rendered_knows_whether_it_is_in_a_batch(as_batch: bool) -> None:
    found: list[bool] = []

    @renderers.dispatch_for(NoteOp, replace=True)
    def render(context: Any, operation: NoteOp) -> str:
        found.append(internals.in_batch(context))
        return "note()"

    changes = ops.UpgradeOps([ops.ModifyTableOps("t", [NoteOp()])])
    render_python_code(changes, render_as_batch=as_batch)
    assert found == [as_batch]


def test_a_downgrade_undoes_a_drop_by_what_the_drop_was_given() -> None:
    drop_index, index = ops.DropIndexOp("i", "t"), ops.CreateIndexOp("i", "t", ["b"], unique=True)
    assert internals.undo_of(drop_index) is None
    assert internals.undo_of(internals.undone_by(drop_index, index)) is index
    undone: Any = drop_index.reverse()
    assert [str(column.name) for column in undone.to_index().columns] == ["b"]

    table = sa.Table("t", sa.MetaData(), sa.Column("a"))
    made = internals.created_by_undo(ops.DropTableOp.from_table(table))
    assert table.c.a in made.columns

    drop = ops.DropConstraintOp("c", "t", type_="check")
    check = ops.CreateCheckConstraintOp("c", "t", sa.text("b > 0"))
    assert internals.undo_of(drop) is None
    assert internals.undo_of(internals.undone_by(drop, check)) is check
    undone = drop.reverse()
    assert isinstance(undone, ops.CreateCheckConstraintOp)
    assert str(undone.condition) == "b > 0"


def test_every_statement_can_be_changed_before_it_is_sent(connection: sa.Connection) -> None:
    sent: list[str] = []

    class Impl(internals.StatementsChanged, SQLiteImpl):
        def changed(self, statement: Any) -> Any:
            sent.append(" ".join(str(statement).split()))
            return sa.text("SELECT 1")

    impl = Impl(connection.dialect, connection, False, None, None, {})
    impl.drop_table(sa.Table("t", sa.MetaData()))
    impl.execute("DELETE FROM t")
    assert sent == ["DROP TABLE t", "DELETE FROM t"]
    assert sa.inspect(connection).has_table("t")


def test_the_statement_by_which_mysql_restates_a_column() -> None:
    sent: list[Any] = []

    class Impl(internals.StatementsChanged, MySQLImpl):
        def changed(self, statement: Any) -> Any:
            sent.append(statement)
            return sa.text("SELECT 1")

        def static_output(self, text: str) -> None:
            pass

    impl = Impl(mysql.dialect(), None, True, None, None, {})
    impl.alter_column("t", "b", nullable=False, existing_type=sa.String(5), schema="s")
    (statement,) = sent
    assert isinstance(statement, internals.MySQLChangeColumn)
    assert (statement.schema, statement.table_name, statement.column_name) == ("s", "t", "b")
    assert str(statement.type_) == "VARCHAR(5)"


def members(protocol: type) -> set[str]:
    return set(protocol.__annotations__)


def test_a_batch_and_the_table_that_it_makes_again(connection: sa.Connection) -> None:
    found: list[Any] = []
    rebuilt: list[Any] = []

    class Impl(SQLiteImpl):
        def requires_recreate_in_batch(self, batch_op: Any) -> bool:
            found.append((batch_op, internals.flushed_batch()))
            return True

        def prep_table_for_batch(self, batch_impl: Any, table: sa.Table) -> None:
            rebuilt.append((batch_impl, internals.flushed_batch()))

    migration = MigrationContext.configure(connection)
    migration.impl = Impl(connection.dialect, connection, False, None, None, {})
    with Operations(migration).batch_alter_table("t") as batch:
        assert internals.flushed_batch() is None  # it is still being filled
        batch.alter_column("b", new_column_name="c", existing_type=sa.Text())
        batch.drop_index("i")
    ((batch_op, flushed),) = found
    assert flushed is batch_op and isinstance(batch_op, BatchOperationsImpl)
    assert members(internals.Batch) <= vars(batch_op).keys()
    assert [name for name, _, _ in batch_op.batch] == ["alter_column", "drop_index"]
    _, args, options = batch_op.batch[0]
    assert args == ("t", "b") and options["name"] == "c"
    assert isinstance(options["existing_type"], sa.Text)
    assert not (batch_op.copy_from or batch_op.table_args or batch_op.table_kwargs)
    assert not batch_op.partial_reordering
    ((table, flushed),) = rebuilt
    assert flushed is batch_op
    assert members(internals.RebuiltTable) <= vars(table).keys()
    assert table.temp_table_name == f"{internals.TEMPORARY_PREFIX}t" and table.reflected
    assert list(table.new_table.columns.keys()) == ["a", "b"]
    assert table.columns["b"].name == "c"
    assert table.column_transfers["b"]["name"] == "c" and "expr" in table.column_transfers["b"]
    assert table.named_constraints.keys() == {"u"} and not table.indexes
    assert [type(c) for c in table.unnamed_constraints] == [sa.PrimaryKeyConstraint]
    assert sa.inspect(connection).get_columns("t")[1]["name"] == "c"


def test_alembic_runs_while_alembic_is_running(connection: sa.Connection, tmp_path: Any) -> None:
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    environment = EnvironmentContext(config, ScriptDirectory(tmp_path))
    with environment, Operations.context(MigrationContext.configure(connection)) as operations:
        with internals.proxies_kept():
            with EnvironmentContext(config, ScriptDirectory(tmp_path)):
                assert alembic.context._proxy is not environment
            assert alembic.context._proxy is None
        assert alembic.context._proxy is environment
        assert alembic.op._proxy is operations


def test_the_revisions_of_a_folder_are_loaded_once_for_many_databases(tmp_path: Any) -> None:
    (tmp_path / "versions").mkdir()

    def load() -> Any:
        config = Config()
        config.set_main_option("script_location", str(tmp_path))
        return ScriptDirectory.from_config(config)

    internals.keep_scripts()
    assert load() is not load()
    with kept():
        assert load() is load()
    assert load() is not load()
