"""Random mapped classes with rows whose links are whole, and what would break one of them.

Everything random comes from one ``random.Random``, which Hypothesis can stand in for.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy import and_, func
from sqlalchemy.orm import DeclarativeBase, foreign, relationship, remote

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
KEYS: dict[str, list[type[Any]]] = {
    "number": [sa.Integer],
    "text": [sa.String],
    "uuid": [sa.Uuid],
    "pair": [sa.String, sa.Integer],
}
ODD = ["order", "group", "Key", "with space", "per%cent", "select", "user", "Ähre"]


@dataclass
class Damage:
    """``changes`` break one link; ``kind``, ``table`` and ``key`` are what is to be found."""

    changes: list[Any]
    kind: str
    table: str
    key: dict[str, Any]


@dataclass
class Entity:
    """A mapped class, the names of its key's columns, and the keys of its rows."""

    mapped: Any
    names: list[str]
    kind: str
    keys: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def table(self) -> sa.Table:
        return self.mapped.__table__

    @property
    def columns(self) -> list[sa.Column[Any]]:
        return [self.table.c[name] for name in self.names]

    def named(self, key: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self.names, key, strict=True))

    def at(self, key: tuple[Any, ...]) -> Any:
        """The condition that a row has this key."""
        return and_(*(c == value for c, value in zip(self.columns, key, strict=True)))


class World:
    """Classes, ``rows`` in the order in which they can be inserted, and ``damages``."""

    def __init__(self, random: Random) -> None:
        self.random = random
        named = CONVENTION if random.random() < 0.4 else None

        class Base(DeclarativeBase):
            metadata = sa.MetaData(naming_convention=named)

        self.base: Any = Base
        self.rows: list[tuple[sa.Table, dict[str, Any]]] = []
        self.damages: list[Damage] = []
        self.entities: list[Entity] = []
        self.conditional = 0
        self._number = 0
        self._classes: list[Any] = []  # a registry does not hold them
        for _ in range(random.randint(2, 3)):
            self.plain()
        for feature in random.choices(FEATURES, k=random.randint(3, 5)):
            feature(self)
        self.base.registry.configure()

    @property
    def metadata(self) -> sa.MetaData:
        metadata: sa.MetaData = self.base.metadata
        return metadata

    @property
    def mappers(self) -> list[Any]:
        return sorted(self.base.registry.mappers, key=lambda m: m.class_.__name__)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def number(self) -> int:
        self._number += 1
        return self._number

    def name(self, prefix: str) -> str:
        """A name that is used once; some have to be quoted."""
        number = self.number()
        return f"{self.random.choice(ODD)}{number}" if self.chance(0.25) else f"{prefix}{number}"

    def column(self, type_: Any, *more: Any, nullable: bool = True, **kw: Any) -> sa.Column[Any]:
        made = type_(20) if type_ is sa.String else type_
        return sa.Column(self.name("c"), made, *more, nullable=nullable, **kw)

    def key(self, kind: str) -> tuple[Any, ...]:
        """The key of no other row."""
        number = self.number()
        values = {
            sa.Integer: number,
            sa.String: f"k{number}",
            sa.Uuid: uuid.UUID(int=self.random.getrandbits(128), version=4),
        }
        return tuple(values[type_] for type_ in KEYS[kind])

    def entity(self, *items: Any, kind: str | None = None, **attributes: Any) -> Entity:
        """A class with a key of its own; ``items`` are more columns and constraints."""
        kind = kind or self.random.choice(["number", "number", *KEYS])
        keys = [
            self.column(type_, nullable=False, primary_key=True, autoincrement=False)
            for type_ in KEYS[kind]
        ]
        names = [column.name for column in keys]
        info = attributes.pop("info", None)
        table = sa.Table(self.name("t"), self.metadata, *keys, *items, info=info or {})
        made = self.mapped(self.base, __table__=table, **attributes)
        return Entity(made, names, kind)

    def mapped(self, above: Any, **attributes: Any) -> Any:
        made = type(f"C{self.number()}", (above,), attributes)
        self._classes.append(made)
        return made

    def add(self, entity: Entity, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
        key = self.key(entity.kind)
        self.rows.append((entity.table, {**entity.named(key), **(values or {})}))
        entity.keys.append(key)
        return key

    def plain(self, kind: str | None = None) -> Entity:
        made = self.entity(self.column(sa.Integer), kind=kind)
        for _ in range(self.random.randint(3, 5)):
            self.add(made)
        self.entities.append(made)
        return made

    def parent(self) -> Entity:
        return self.random.choice(self.entities)

    def link(self, parent: Entity, nullable: bool, declared: bool, key: bool = False) -> list[Any]:
        """Columns for the parent's key, and their foreign key."""
        columns = [
            self.column(type_, nullable=nullable, primary_key=key, autoincrement=False)
            for type_ in KEYS[parent.kind]
        ]
        return [*columns, *([foreign_key(columns, parent)] if declared else [])]

    def change(self, entity: Entity, key: tuple[Any, ...], values: dict[str, Any]) -> Any:
        changed = {entity.table.c[name]: value for name, value in values.items()}
        return entity.table.update().where(entity.at(key)).values(changed)

    def breaks(
        self, kind: str, entity: Entity, key: tuple[Any, ...], values: dict[str, Any]
    ) -> None:
        """A damage of one row, which is named by its key and the values that are set."""
        found = {**entity.named(key), **values}
        self.damages.append(
            Damage([self.change(entity, key, values)], kind, entity.table.fullname, found)
        )


def foreign_key(columns: list[Any], parent: Entity) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([c.name for c in columns], parent.columns)


def equal(columns: list[Any], parent: Entity, mark: Callable[[Any], Any] = foreign) -> list[Any]:
    return [mark(c) == p for c, p in zip(columns, parent.columns, strict=True)]


def reference(w: World) -> None:
    """To one row, by a key of one column or two, declared or not; sometimes one-to-one."""
    parent, nullable, declared = w.parent(), w.chance(0.6), w.chance(0.7)
    items = w.link(parent, nullable, declared)
    columns = [c for c in items if isinstance(c, sa.Column)]
    names = [c.name for c in columns]
    child = w.entity(*items)
    single = w.chance(0.3)
    if not declared or single or w.chance(0.7):
        join = and_(*equal(columns, parent))
        back = f"back{w.number()}" if single or w.chance(0.5) else None
        child.mapped.up = relationship(parent.mapped, primaryjoin=join, back_populates=back)
        if back:
            down = relationship(
                child.mapped, primaryjoin=join, back_populates="up", uselist=not single
            )
            setattr(parent.mapped, back, down)
    referred = w.random.sample(parent.keys, min(3, len(parent.keys)))
    for each in referred:
        none = nullable and w.chance(0.3)
        values = dict.fromkeys(names) if none else dict(zip(names, each, strict=True))
        w.add(child, values)
    row, other = child.keys[:2]
    w.breaks("dangling", child, row, dict(zip(names, w.key(parent.kind), strict=True)))
    if nullable and len(names) > 1:
        w.breaks("half link", child, row, dict(zip(names, (referred[0][0], None), strict=True)))
    if single:
        values = dict(zip(names, referred[-1], strict=True))
        both = [w.change(child, key, values) for key in (row, other)]
        # The third may refer to it too; it does not matter how often the row occurs.
        w.damages.append(Damage(both, "several rows", child.table.fullname, values))
    w.entities.append(child)


def by_code(w: World) -> None:
    """By a column that is not unique, without a foreign key."""
    code, mine = w.column(sa.String), w.column(sa.String)
    parent, child = w.entity(code), w.entity(mine)
    child.mapped.up = relationship(parent.mapped, primaryjoin=foreign(mine) == code)
    codes = [f"code{w.number()}" for _ in range(3)]
    for value in (*codes, codes[2], None):
        w.add(parent, {code.name: value})
    for value in (codes[0], codes[0], codes[1], None):
        w.add(child, {mine.name: value})
    w.breaks("dangling", child, child.keys[0], {mine.name: "gone"})
    w.damages.append(
        Damage(
            [w.change(parent, parent.keys[2], {code.name: codes[0]})],
            "several targets",
            parent.table.fullname,
            {code.name: codes[0]},
        )
    )


def condition(w: World, flag: Any, kind: Any, rank: Any) -> tuple[Any, dict[str, Any], Any]:
    """One of several conditions, values that meet it, and values that do not."""
    yes = {flag.name: True, kind.name: "Home", rank.name: 3}
    no = {flag.name: False, kind.name: "work", rank.name: 9}
    found = w.random.choice(
        [
            flag == sa.true(),
            flag.is_(True),
            kind == "Home",
            kind.in_(["Home", "House"]),
            rank.between(1, 5),
            func.lower(kind) == "home",
            rank + 1 < sa.bindparam(None, 6, sa.Integer),
            sa.not_(sa.or_(kind == "work", rank > 8)),
        ]
    )
    return found, yes, no


def conditional(w: World) -> None:
    """The current one of several: to one row, under a condition; another to all of them."""
    parent = w.parent()
    items = w.link(parent, True, w.chance(0.7))
    columns = [c for c in items if isinstance(c, sa.Column)]
    names = [c.name for c in columns]
    flag, kind, rank = w.column(sa.Boolean), w.column(sa.String), w.column(sa.Integer)
    child = w.entity(*items, flag, kind, rank)
    holds, yes, no = condition(w, flag, kind, rank)
    one, all_ = f"one{w.number()}", f"all{w.number()}"
    mark = w.random.choice([foreign, lambda column: remote(foreign(column))])
    setattr(parent.mapped, one, relationship(
        child.mapped, primaryjoin=and_(*equal(columns, parent, mark), holds), uselist=False,
        overlaps=all_ + ",up"))  # fmt: skip
    setattr(parent.mapped, all_, relationship(
        child.mapped, primaryjoin=and_(*equal(columns, parent)), overlaps=one + ",up",
        back_populates="up"))  # fmt: skip
    child.mapped.up = relationship(
        parent.mapped, primaryjoin=and_(*equal(columns, parent)), overlaps=one, back_populates=all_
    )
    for each in parent.keys[:2]:
        for values in (yes, no, no):
            w.add(child, {**dict(zip(names, each, strict=True)), **values})
    w.add(child, {**dict.fromkeys(names), **yes})
    values = dict(zip(names, parent.keys[0], strict=True))
    w.damages.append(
        Damage([w.change(child, child.keys[1], yes)], "several rows", child.table.fullname, values)
    )
    w.breaks("dangling", child, child.keys[0], dict(zip(names, w.key(parent.kind), strict=True)))
    w.conditional += 1


def many_to_many(w: World) -> None:
    """A link table: with a key, an id or neither; with foreign keys or not; with kinds or not."""
    sides = [w.parent(), w.parent()]
    style, declared = w.random.choice(["key", "id", "none"]), w.chance(0.7)
    parts = [w.link(side, style != "key", declared, style == "key") for side in sides]
    columns = [[c for c in part if isinstance(c, sa.Column)] for part in parts]
    names = [[c.name for c in part] for part in columns]
    own = [w.column(sa.Integer, primary_key=True, nullable=False)] if style == "id" else []
    with_kind = w.chance(0.5)
    kind = [w.column(sa.String, primary_key=style == "key", nullable=False)] if with_kind else []
    table = sa.Table(w.name("m"), w.metadata, *own, *parts[0], *parts[1], *kind)
    kinds = ["like", "save"] if kind else [None]
    made = [f"many{w.number()}" for _ in kinds]
    for name, value in zip(made, kinds, strict=True):
        first, second = [and_(*equal(c, s)) for c, s in zip(columns, sides, strict=True)]
        if value and w.chance(0.5):
            first = and_(first, kind[0] == value)
        elif value:
            second = and_(second, kind[0] == value)
        setattr(sides[0].mapped, name, relationship(
            sides[1].mapped, secondary=table, primaryjoin=first, secondaryjoin=second,
            overlaps=",".join(made)))  # fmt: skip
    w.conditional += bool(kind)
    rows: list[dict[str, Any]] = []
    for one, two in zip(sides[0].keys[:3], sides[1].keys[:3], strict=False):
        for value in kinds:
            row = dict(zip([*names[0], *names[1]], [*one, *two], strict=True))
            rows.append(row | ({kind[0].name: value} if kind else {}))
    for number, row in enumerate(rows):
        w.rows.append((table, row | ({own[0].name: number + 1} if own else {})))
    where = and_(*(table.c[name] == value for name, value in rows[0].items()))
    key = {c.name: rows[0].get(c.name, 1) for c in table.primary_key}
    gone = dict(zip(names[1], w.key(sides[1].kind), strict=True))
    w.damages.append(
        Damage([table.update().where(where).values({table.c[n]: v for n, v in gone.items()})],
               "dangling", table.fullname, {**key, **gone}))  # fmt: skip
    if style != "key":
        again = rows[0] | ({own[0].name: 99} if own else {})
        twice = {name: rows[0][name] for name in (*names[0], *names[1])}
        w.damages.append(
            Damage([table.insert().values({table.c[n]: v for n, v in again.items()})],
                   "duplicate", table.fullname, twice))  # fmt: skip
        half = twice | dict.fromkeys(names[1])
        w.damages.append(
            Damage([table.update().where(where).values(dict.fromkeys(columns[1]))],
                   "half link", table.fullname, {**key, **half}))  # fmt: skip


def self_reference(w: World) -> None:
    kind = w.random.choice(list(KEYS))
    columns = [w.column(type_) for type_ in KEYS[kind]]
    names = [c.name for c in columns]
    made = w.entity(*columns, kind=kind)
    declared = w.chance(0.6)
    if declared:
        made.table.append_constraint(foreign_key(columns, made))
    back = w.chance(0.6)
    if not declared or w.chance(0.7):
        there = [foreign(c) == remote(p) for c, p in zip(columns, made.columns, strict=True)]
        made.mapped.up = relationship(
            made.mapped, primaryjoin=and_(*there), back_populates="down" if back else None
        )
        if back:
            here = [p == remote(foreign(c)) for c, p in zip(columns, made.columns, strict=True)]
            made.mapped.down = relationship(
                made.mapped, primaryjoin=and_(*here), back_populates="up", order_by=columns[0]
            )
    for _ in range(4):
        before = w.random.choice(made.keys) if made.keys else (None,) * len(names)
        w.add(made, dict(zip(names, before, strict=True)))
    row = made.keys[0]
    w.breaks("dangling", made, made.keys[3], dict(zip(names, w.key(kind), strict=True)))
    # Every other row is below the first one.
    values = dict(zip(names, row, strict=True))
    w.damages.append(
        Damage([w.change(made, row, values)], "circle", made.table.fullname, made.named(row))
    )


def inheritance(w: World) -> None:
    """A root, two classes with tables of their own, one below the first, one without; a link."""
    numbers = w.chance(0.3)
    said: Any = [1, 2, 3, 4, 5] if numbers else ["root", "one", "two", "deep", "single"]
    told = w.column(sa.Integer if numbers else sa.String)
    abstract = w.chance(0.3)
    options: dict[str, Any] = {"polymorphic_on": told}
    options |= {"polymorphic_abstract": True} if abstract else {"polymorphic_identity": said[0]}
    root = w.entity(told, __mapper_args__=options)

    def below(above: Entity, identity: Any) -> Entity:
        columns = w.link(above, False, True, key=True)
        table = sa.Table(w.name("s"), w.metadata, *columns)
        names = [c.name for c in columns if isinstance(c, sa.Column)]
        same = [table.c[n] == c for n, c in zip(names, above.columns, strict=True)]
        options = {"polymorphic_identity": identity, "inherit_condition": and_(*same)}
        made = w.mapped(above.mapped, __table__=table, __mapper_args__=options)
        return Entity(made, names, above.kind)

    one, two = below(root, said[1]), below(root, said[2])
    deep = below(one, said[3])
    single = w.mapped(root.mapped, __mapper_args__={"polymorphic_identity": said[4]})

    def add(identity: Any, *parts: Entity) -> tuple[Any, ...]:
        key = w.add(root, {told.name: identity})
        for part in parts:
            w.rows.append((part.table, part.named(key)))
        return key

    if not abstract:
        add(said[0])
    keys = {"one": add(said[1], one), "two": add(said[2], two), "deep": add(said[3], one, deep),
            "single": add(said[4]), "spare": add(said[4])}  # fmt: skip
    leads = w.random.choice(["one", "single"])
    items = w.link(root, True, w.chance(0.7))
    columns = [c for c in items if isinstance(c, sa.Column)]
    child = w.entity(*items)
    child.mapped.up = relationship(
        one.mapped if leads == "one" else single, primaryjoin=and_(*equal(columns, root))
    )
    names = [c.name for c in columns]
    w.add(child, dict(zip(names, keys[leads], strict=True)))
    if leads == "one":
        w.add(child, dict(zip(names, keys["deep"], strict=True)))
    w.breaks("other class", child, child.keys[0], dict(zip(names, keys["two"], strict=True)))
    w.breaks("dangling", child, child.keys[0], dict(zip(names, w.key(root.kind), strict=True)))
    unknown: Any = 77 if numbers else w.random.choice(["alien", "One", ""])
    w.breaks("unknown discriminator", root, keys["two"], {told.name: unknown})
    w.breaks("wrong discriminator", root, keys["two"], {told.name: said[1]})
    w.breaks("wrong discriminator", root, keys["two"], {told.name: said[4]})
    w.breaks("missing subclass row", root, keys["spare"], {told.name: said[2]})
    for part, name, identity in ((two, "two", said[2]), (deep, "deep", said[3])):
        w.damages.append(
            Damage([part.table.delete().where(part.at(keys[name]))], "missing subclass row",
                   root.table.fullname, root.named(keys[name]) | {told.name: identity})
        )  # fmt: skip


def generic(w: World) -> None:
    """A link to rows of several tables, by a type and an id; as in SQLAlchemy's examples."""
    kind = w.random.choice(["number", "text", "uuid"])
    targets = [w.plain(kind) for _ in range(w.random.randint(2, 3))]
    numbers = w.chance(0.3)
    type_, id_ = w.column(sa.Integer if numbers else sa.String), w.column(KEYS[kind][0])
    child = w.entity(type_, id_)
    types: list[Any] = [n if numbers else f"type{n}" for n in range(len(targets))]
    style = w.random.choice(["child", "parent", "backref"])
    attributes = [f"to{n}" for n in range(len(targets))]
    overlaps = ",".join([*attributes, "notes"])
    for value, target, name in zip(types, targets, attributes, strict=True):
        guard = type_ == value if w.chance(0.7) else type_.in_([value])
        key = target.columns[0]
        if style == "child":
            setattr(child.mapped, name, relationship(
                target.mapped, primaryjoin=and_(foreign(id_) == key, guard),
                overlaps=overlaps))  # fmt: skip
        else:
            back = sa.orm.backref(name, primaryjoin=remote(key) == foreign(id_), overlaps=overlaps)
            target.mapped.notes = relationship(
                child.mapped, primaryjoin=and_(key == foreign(remote(id_)), guard),
                backref=back if style == "backref" else None, overlaps=overlaps)  # fmt: skip
    for value, target in zip(types, targets, strict=True):
        for each in target.keys[:2]:
            w.add(child, {type_.name: value, id_.name: each[0]})
    w.add(child, {type_.name: None, id_.name: None})
    row, there = child.keys[0], targets[0].keys[0][0]
    w.breaks("dangling", child, row, {id_.name: w.random.choice(targets[1].keys)[0]})
    w.breaks("unknown type", child, row,
             {type_.name: 99 if numbers else "ghost", id_.name: there})  # fmt: skip
    w.conditional += 1


def soft_deleted(w: World) -> None:
    gone = w.column(sa.Boolean) if w.chance(0.5) else w.column(sa.DateTime)
    parent = w.entity(gone, info={"soft_deleted": gone.name})
    items = w.link(parent, True, True)
    names = [c.name for c in items if isinstance(c, sa.Column)]
    child = w.entity(*items)
    value = True if isinstance(gone.type, sa.Boolean) else sa.func.current_timestamp()
    w.add(parent, {gone.name: False if value is True else None})
    w.add(parent, {gone.name: None})
    w.rows.append((parent.table, {**parent.named(dead := w.key(parent.kind)), gone.name: value}))
    w.add(child, dict(zip(names, parent.keys[0], strict=True)))
    w.breaks("soft-deleted", child, child.keys[0], dict(zip(names, dead, strict=True)))


FEATURES: list[Callable[[World], None]] = [
    reference, reference, by_code, conditional, conditional, many_to_many, many_to_many,
    self_reference, inheritance, generic, soft_deleted,
]  # fmt: skip


def worlds(first: int, count: int) -> Iterator[tuple[int, World]]:
    for seed in range(first, first + count):
        yield seed, World(Random(seed))
