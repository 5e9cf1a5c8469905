"""What the arguments of flush name: whole tables, and classes that share a table with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from ...errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from ...project import Project


@dataclass(frozen=True)
class Selection:
    """``whole``: tables that are to be empty. ``classes``: those with a part of a table."""

    whole: tuple[sa.Table, ...]
    classes: tuple[Mapper[Any], ...] = ()


def select_rows(project: Project, names: Sequence[str]) -> Selection:
    """What ``app``, ``Model``, ``app.Model`` and ``app.table`` name; without names all tables.

    A model is named with its subclasses. Views and tables of other programs are never
    selected. Raises UsageError for an unknown name, and for a model without a table of its own.
    """
    if not names:
        return Selection(tuple(project.tables))
    whole: dict[sa.Table, None] = {}
    classes: dict[Mapper[Any], None] = {}
    labels = project.labels
    apps = {app.label.lower() for app in project.homes} | {
        name.partition(".")[0] for name in labels
    }
    for name in names:
        lower = name.lower()
        if lower in apps:
            whole |= dict.fromkeys(t for label, t in labels.items() if _app(label) == lower)
        elif (mapper := _mapper(project, name)) is not None:
            _add(project, name, mapper, whole, classes)
        elif (table := _table(labels, lower)) is not None:
            whole[table] = None
        else:
            models = [m.class_.__name__ for m in project.mappers]
            known = did_you_mean(lower, [*apps, *labels]) or did_you_mean(name, models)
            raise UsageError(
                f"No app, model or table '{name}'.{known}",
                f"Known: {', '.join([*sorted(apps), *labels])}.",
            )
    parts = [m for m in classes if m.local_table not in whole]
    return Selection(tuple(t for t in project.tables if t in whole), tuple(parts))


def _app(label: str) -> str:
    return label.partition(".")[0]


def _mapper(project: Project, name: str) -> Mapper[Any] | None:
    wanted = name.rpartition(".")[2].lower()
    if all(m.class_.__name__.lower() != wanted for m in project.mappers):
        return None
    return project.find_model(name)


def _table(labels: dict[str, sa.Table], name: str) -> sa.Table | None:
    if name in labels:
        return labels[name]
    found = [table for table in dict.fromkeys(labels.values()) if table.fullname.lower() == name]
    return found[0] if len(found) == 1 else None


def _add(
    project: Project,
    name: str,
    mapper: Mapper[Any],
    whole: dict[sa.Table, None],
    classes: dict[Mapper[Any], None],
) -> None:
    table = mapper.local_table
    if not isinstance(table, sa.Table):
        raise UsageError(
            f"'{name}' is mapped to a query and has no table of its own.", "Name its tables."
        )
    if table not in project.tables:
        raise UsageError(
            f"'{name}' is a view, or belongs to another program (managed: False or UNMANAGED): "
            "flush leaves its rows alone."
        )
    for each in mapper.self_and_descendants:
        if shares_table(each):
            continue
        if each.local_table in project.tables:
            whole[each.local_table] = None
    if shares_table(mapper):
        classes[mapper] = None


def shares_table(mapper: Mapper[Any]) -> bool:
    """Whether the rows of a class are in the table of its base class."""
    base = mapper.inherits
    return base is not None and not mapper.concrete and base.local_table is mapper.local_table


def keys_of_class(mapper: Mapper[Any], keys: Sequence[sa.Column[Any]]) -> sa.Select[Any]:
    """These columns of the rows of a class that shares its table, and of its subclasses."""
    values = [each.polymorphic_identity for each in mapper.self_and_descendants]
    discriminator = mapper.polymorphic_on
    assert discriminator is not None, mapper
    query = sa.select(*keys).select_from(mapper.persist_selectable)
    return query.where(discriminator.in_(values))


def inherited(mappers: Sequence[Mapper[Any]]) -> set[tuple[str, str]]:
    """(table, table of the base class) of the classes whose objects have a row in both."""
    found = set()
    for mapper in mappers:
        base = mapper.inherits
        if base is None or mapper.concrete or shares_table(mapper):
            continue
        if isinstance(mapper.local_table, sa.Table) and isinstance(base.local_table, sa.Table):
            found.add((mapper.local_table.fullname, base.local_table.fullname))
    return found
