"""The condition of a relationship, taken apart: pairs of columns, and what else must hold.

``and_(foreign(Note.object_id) == Post.id, Note.object_type == "post")`` is one pair, and a
guard: only a note that meets it refers to a post.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.sql import operators, visitors

from ..sqlalchemy_internals import is_remote

Pair = tuple[Any, Any]
"""A column that holds a value, and the column that it refers to."""

Clauses = tuple[Any, ...]


@dataclass(frozen=True)
class StoredJoin:
    """Columns of ``child`` that a relationship fills with those of a row of ``parent``.

    ``guard``: conditions on the child's row alone. ``target``: on the parent's row alone.
    ``both``: conditions that compare the two. ``unknown``: there is one that is about
    neither (another table, a subquery, SQL as text); which rows count is not known then.
    ``owner``: the class whose rows are referred to. ``holder``: the class whose rows hold the
    link; None where they are those of a link table.
    """

    child: sa.Table
    parent: sa.Table
    pairs: tuple[Pair, ...]
    owner: Mapper[Any]
    guard: Clauses = field(default=(), compare=False)
    target: Clauses = field(default=(), compare=False)
    both: Clauses = field(default=(), compare=False)
    unknown: bool = False
    holder: Mapper[Any] | None = None


def stored_joins(relation: RelationshipProperty[Any]) -> list[StoredJoin]:
    """One for a relationship; two, from the link table, for one with a ``secondary``.

    Empty where it compares no pairs of columns of two tables that all have to be equal.
    """
    if relation.secondary is None:
        filled_is_remote = relation.direction is not RelationshipDirection.MANYTOONE
        owner = relation.parent if filled_is_remote else relation.mapper
        pairs = [(filled, source) for source, filled in relation.synchronize_pairs]
        holder = relation.mapper if filled_is_remote else relation.parent
        found = _joined(relation.primaryjoin, pairs, owner, filled_is_remote)
        return [replace(found, holder=holder)] if found else []
    sides = [
        (relation.primaryjoin, relation.synchronize_pairs, relation.parent),
        (relation.secondaryjoin, relation.secondary_synchronize_pairs or (), relation.mapper),
    ]
    joins = [
        _joined(join, [(link, own) for own, link in pairs], owner, True)
        for join, pairs, owner in sides
    ]
    here, there = joins
    if here is None or there is None:
        return []
    # Whatever is asked of the link's row is asked of both of its links.
    guard, unknown = (*here.guard, *there.guard), here.unknown or there.unknown
    return [
        StoredJoin(j.child, j.parent, j.pairs, j.owner, guard, j.target, j.both, unknown)
        for j in (here, there)
    ]


def _joined(
    join: Any, pairs: list[Pair], owner: Mapper[Any], filled_is_remote: bool
) -> StoredJoin | None:
    children = {filled.table for filled, _ in pairs}
    parents = {source.table for _, source in pairs}
    if len(children) != 1 or len(parents) != 1:
        return None
    child, parent = children.pop(), parents.pop()
    if not isinstance(child, sa.Table) or not isinstance(parent, sa.Table):
        return None
    clauses = list(all_of(join))
    rest: dict[str, list[Any]] = {"guard": [], "target": [], "both": [], "unknown": []}
    open_ = {frozenset(pair) for pair in pairs}
    for clause in clauses:
        columns = compared(clause)
        if columns in open_:
            open_.remove(columns)
        else:
            rest[_about(clause, child, parent, owner, filled_is_remote)].append(clause)
    if open_:  # an OR of comparisons, say: not all of the pairs have to be equal
        return None
    unknown = bool(rest.pop("unknown"))
    guard, target, both = (tuple(rest[name]) for name in ("guard", "target", "both"))
    return StoredJoin(child, parent, tuple(pairs), owner, guard, target, both, unknown)


def all_of(clause: Any) -> Iterator[Any]:
    """The parts of a condition that must all hold."""
    if isinstance(clause, sa.sql.elements.Grouping):
        yield from all_of(clause.element)
    elif (
        isinstance(clause, sa.sql.elements.BooleanClauseList) and clause.operator is operators.and_
    ):
        for part in clause.clauses:
            yield from all_of(part)
    elif not isinstance(clause, sa.sql.elements.True_):
        yield clause


def compared(clause: Any) -> frozenset[Any] | None:
    """The two columns that a clause says are equal."""
    if not isinstance(clause, sa.BinaryExpression) or clause.operator is not operators.eq:
        return None
    sides = clause.left, clause.right
    return frozenset(sides) if all(isinstance(side, sa.Column) for side in sides) else None


def _about(
    clause: Any, child: sa.Table, parent: sa.Table, owner: Mapper[Any], filled_is_remote: bool
) -> str:
    found: set[str] = set()
    for element in visitors.iterate(clause):
        if isinstance(element, sa.Column):
            table = element.table
            if child is parent and table == child:
                found.add("guard" if is_remote(element) == filled_is_remote else "target")
            elif table == child:
                found.add("guard")
            else:
                found.add("target" if table in (parent, *owner.tables) else "unknown")
        elif isinstance(element, sa.sql.expression.ColumnClause | sa.TextClause | sa.SelectBase):
            found.add("unknown")
        elif isinstance(element, sa.BindParameter) and element.required:
            found.add("unknown")  # its value is given with each query
    if "unknown" in found:
        return "unknown"
    return "both" if len(found) == 2 else next(iter(found), "guard")


def why_not_joined(relation: RelationshipProperty[Any]) -> str | None:
    """Why the two classes of a relationship cannot be joined along it; None where they can.

    What a relationship of the ORM loads is a query for the rows of one object: its
    condition may name tables that no join of the two classes has.
    """
    there: set[Any] = {*relation.parent.tables, *relation.mapper.tables}
    conditions: list[Any] = [relation.primaryjoin]
    if relation.secondary is not None:
        there.update(visitors.iterate(relation.secondary))
        conditions.append(relation.secondaryjoin)
    for condition in conditions:
        for element in _outside_of_queries(condition):
            if isinstance(element, sa.Column) and element.table not in there:
                if isinstance(element.table, sa.Table):
                    return f"its condition names the table {element.table.fullname} as well"
            elif isinstance(element, sa.BindParameter) and element.required:
                return f"its condition needs a value with each query: {element.key}"
    return None


def _outside_of_queries(element: Any) -> Iterator[Any]:
    """The parts of a condition; a query in it brings its own tables along."""
    yield element
    for child in element.get_children():
        if not isinstance(child, sa.SelectBase | sa.ScalarSelect):
            yield from _outside_of_queries(child)


def literal_columns(guard: Iterable[Any], *, one_value: bool = False) -> dict[Any, Any]:
    """Column -> the clause that says which value, or which of some values, it has.

    True and false are left out: they choose among rows, and name no type. With ``one_value``
    these count too, and a choice of values does not.
    """
    found: dict[Any, Any] = {}
    wanted = (operators.eq,) if one_value else (operators.eq, operators.in_op)
    for clause in guard:
        if not isinstance(clause, sa.BinaryExpression) or clause.operator not in wanted:
            continue
        sides = [clause.left, clause.right]
        columns = [side for side in sides if isinstance(side, sa.Column)]
        values = [side.effective_value for side in sides if isinstance(side, sa.BindParameter)]
        if len(columns) == len(values) == 1 and (one_value or not isinstance(values[0], bool)):
            found[columns[0]] = clause
    return found


def columns_in(clauses: Iterable[Any]) -> list[Any]:
    """The columns that occur, each once."""
    return list(
        dict.fromkeys(
            element.table.c[element.key]
            for clause in clauses
            for element in visitors.iterate(clause)
            if isinstance(element, sa.Column)
        )
    )


def adapted(clauses: Iterable[Any], aliases: Mapping[sa.Table, Any]) -> Any:
    """The AND of the clauses, with the columns of aliases in the place of the tables'."""

    def in_alias(element: Any, **kw: Any) -> Any:
        if isinstance(element, sa.Column) and element.table in aliases:
            return aliases[element.table].c[element.key]
        return None

    return sa.and_(
        sa.true(), *(visitors.replacement_traverse(clause, {}, in_alias) for clause in clauses)
    )


def signature(clauses: Iterable[Any]) -> frozenset[Any]:
    """Equal for the same conditions in whatever order."""
    return frozenset(map(_signature, clauses))


def _signature(clause: Any) -> Any:
    try:
        compiled = clause.compile()
    except CompileError:  # something that is for some dialects only
        return tuple(
            (type(each).__name__, str(each) if isinstance(each, sa.Column) else _own(each))
            for each in visitors.iterate(clause)
        )
    return str(compiled), repr(sorted(compiled.params.items()))


def _own(element: Any) -> str:
    """What a part of a condition has beside its own parts."""
    names = ("operator", "text", "name", "value")
    return repr([getattr(element, name, None) for name in names])


def same_conditions(joins: Iterable[StoredJoin], others: Iterable[StoredJoin]) -> bool:
    """Whether the same is asked beside the pairs."""
    found = [[c for j in side for c in (*j.guard, *j.target, *j.both)] for side in (joins, others)]
    return signature(found[0]) == signature(found[1])


def is_declared(join: StoredJoin) -> bool:
    """Whether a foreign key of the models has the same pairs."""
    pairs = set(join.pairs)
    return any(
        {(element.parent, element.column) for element in constraint.elements} == pairs
        for constraint in join.child.foreign_key_constraints
    )
