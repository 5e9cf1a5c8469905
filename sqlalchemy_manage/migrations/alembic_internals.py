"""The private parts of Alembic that the tool needs; no other module uses any of them.

==========================================  ====================================================
Name                                        What it is needed for
==========================================  ====================================================
``autogenerate.render._repr_type``          a column's type as a revision writes it
``autogenerate.render``                     a server default as a revision writes it
``._render_server_default``
``AutogenContext._has_batch``               whether what is rendered is inside of a batch
``DropConstraintOp._reverse``,              the operation that undoes a drop
``DropIndexOp._reverse``,
``DropTableOp._reverse``
``DefaultImpl._exec``                       to change a statement before it is sent
``ddl.mysql.MySQLChangeColumn``             the statement of MariaDB that restates a column
``operations.batch.ApplyBatchImpl``         the table that a batch makes again on SQLite
``operations.batch.BatchOperationsImpl``    the operations of a batch
``BatchOperationsImpl.flush``               the frame that knows the batch being carried out
``operations.toimpl.execute_sql``           whether a statement is one of ``op.execute``
``"_alembic_tmp_"``                         the name of the new table while it is filled
``alembic.op._proxy``,                      to run Alembic while Alembic is running
``alembic.context._proxy``,
``ModuleClsProxy._install_proxy``
``ScriptDirectory.from_config``             replaced, to load the revisions once for many
                                            databases: Alembic's commands call it for each
==========================================  ====================================================

``tests/migrations/test_alembic_internals.py`` has a test for each that fails when Alembic
changes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol, TypeVar

import alembic.context
import alembic.op
import sqlalchemy as sa
from alembic.autogenerate.render import _render_server_default, _repr_type
from alembic.config import Config
from alembic.ddl.impl import DefaultImpl
from alembic.ddl.mysql import MySQLChangeColumn
from alembic.operations import ops, toimpl
from alembic.operations.batch import BatchOperationsImpl
from alembic.script import ScriptDirectory

from ..once import remembered

__all__ = ["MySQLChangeColumn"]

TEMPORARY_PREFIX = "_alembic_tmp_"
"""How the name of the new table begins while a batch fills it."""

_Drop = TypeVar("_Drop", ops.DropConstraintOp, ops.DropIndexOp)


class Batch(Protocol):
    """What is used of a ``BatchOperationsImpl``, the operations of a batch."""

    table_name: str
    schema: str | None
    batch: list[tuple[str, tuple[Any, ...], dict[str, Any]]]
    copy_from: sa.Table | None
    naming_convention: Any
    table_args: Any
    table_kwargs: dict[str, Any]
    partial_reordering: Any


class RebuiltTable(Protocol):
    """What is used of an ``ApplyBatchImpl``, the table that a batch rebuilds."""

    temp_table_name: str
    new_table: sa.Table
    table_kwargs: dict[str, Any]
    reflected: bool
    columns: dict[str, sa.Column[Any]]
    column_transfers: dict[str, dict[str, Any]]
    indexes: dict[str, sa.Index]
    named_constraints: dict[str, sa.Constraint]
    unnamed_constraints: list[sa.Constraint]


def render_type(type_: Any, context: Any) -> str:
    """A column's type as Alembic writes it into a revision."""
    return str(_repr_type(type_, context))


def render_server_default(default: Any, context: Any) -> str:
    """A server default as Alembic writes it into a revision."""
    return str(_render_server_default(default, context))


def in_batch(context: Any) -> bool:
    """Whether the operation that is rendered is inside of ``batch_alter_table``."""
    return bool(context._has_batch)


def undone_by(drop: _Drop, create: Any) -> _Drop:
    """``drop``, with ``create`` as what a downgrade does instead."""
    drop._reverse = create
    return drop


def undo_of(drop: ops.DropConstraintOp | ops.DropIndexOp) -> Any:
    """The operation that undoes ``drop``; None where it is not known."""
    return drop._reverse


def created_by_undo(drop: ops.DropTableOp) -> ops.CreateTableOp:
    """The operation that undoes ``drop`` of a table that was compared, to be changed."""
    assert drop._reverse is not None
    return drop._reverse


class StatementsChanged(DefaultImpl):
    """An implementation that may change a statement before it is sent."""

    def changed(self, statement: Any) -> Any:
        """What is sent in place of ``statement``."""
        return statement

    def _exec(self, construct: Any, *args: Any, **kw: Any) -> Any:
        return super()._exec(self.changed(construct), *args, **kw)


def flushed_batch() -> Batch | None:
    """The batch that Alembic is carrying out, from its own frame; None while one is filled."""
    frame = sys._getframe(1)
    for _ in range(8):
        if frame.f_code is BatchOperationsImpl.flush.__code__:
            batch: Batch = frame.f_locals["self"]
            return batch
        if frame.f_back is None:
            break
        frame = frame.f_back
    return None


def runs_execute(frame: FrameType | None) -> bool:
    """Whether ``frame`` was reached through ``op.execute``."""
    while frame is not None:
        if frame.f_code is toimpl.execute_sql.__code__:
            return True
        frame = frame.f_back
    return False


@contextmanager
def proxies_kept() -> Iterator[None]:
    """Keep ``alembic.op`` and ``alembic.context`` as they are for what is running already.

    They are one for the process; Alembic empties them at the end of each run.
    """
    outer = [getattr(module, "_proxy", None) for module in (alembic.context, alembic.op)]
    try:
        yield
    finally:
        for proxy in outer:
            if proxy is not None:
                proxy._install_proxy()


def keep_scripts() -> None:
    """Have Alembic load the revisions of a folder once for many databases (``once.kept``)."""
    ScriptDirectory.from_config = _kept_scripts  # type: ignore[method-assign]


_load_scripts = ScriptDirectory.from_config


def _kept_scripts(config: Config) -> ScriptDirectory:
    section = config.get_section(config.config_ini_section, {})
    files = config.config_file_name, config.toml_file_name
    key = (ScriptDirectory, files, tuple(sorted(section.items())))
    return remembered(key, lambda: _load_scripts(config))
