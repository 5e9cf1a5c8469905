"""Renames of indexes and of constraints; names that are hard to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy_manage.migrations.questions import quoted
from support.cases.case import Case

OWN = """
table(
    "t",
    key(),
    Column("n", Integer),
    Column("up", Integer),
    Index("old_index", "n"),
    UniqueConstraint("n", "up", name="old_unique"),
    CheckConstraint("n > 0 AND n <> 5", conv("old_check")),
    ForeignKeyConstraint(["up"], ["t.id"], name="old_key", ondelete="CASCADE"),
)
""".replace("conv(", "sa.sql.naming.conv(")
ROWS = {"t": [{"id": 1, "n": 1, "up": None}, {"id": 2, "n": 2, "up": 1}]}


def other(name: str, does: str) -> Case:
    return Case(OWN, ((f"old_{name}", f"new_{name}"),), rows=ROWS, does=(does,))


OWN_NAMES = {
    "an index": other("index", "rename index old_index of t to new_index"),
    "a unique constraint": other("unique", "rename constraint old_unique of t to new_unique"),
    "a check": other("check", "rename constraint old_check of t to new_check"),
    "a foreign key": other("key", "rename constraint old_key of t to new_key"),
    "all of them": Case(OWN, (("old_", "new_"),), rows=ROWS, does=("rename *",) * 4),
    "two indexes swapped": Case(
        'table("t", key(), Column("a", Integer), Column("b", Integer), '
        'Index("one", "a"), Index("two", "b"))',
        (('Index("one", "a"), Index("two", "b")', 'Index("two", "a"), Index("one", "b")'),),
        rows={"t": [{"id": 1, "a": 1, "b": 2}]},
        does=("rename index *",) * 3,
    ),
    "an index and its columns": Case(
        OWN,
        (('Index("old_index", "n")', 'Index("new_index", "n", "up")'),),
        rows=ROWS,
        does=("drop index old_index of t", "create index new_index on t (n, up)"),
    ),
}

HARD = {
    "a reserved word": "order",
    "another reserved word": "select",
    "a quote": 'a"b',
    "an apostrophe": "a'b",
    "a backtick": "a`b",
    "63 characters": "n" * 63,
    "not ASCII": "größe_名前",
    "mixed case": "FullName",
    "another case": "NAME",
    "a space": "full name",
    "a dot": "full.name",
    "an equals sign": "a=b",
    "a percent sign": "50%",
    "a colon": "a:b",
    "braces": "a{b}c",
    "brackets": "a[b]",
    "a backslash": "a\\b",
    "a digit first": "1st",
}


# SQLAlchemy reads the name of such a column with its backticks doubled.
NOT_ON_SERVERS = {"postgresql": (), "mariadb": ("a backtick",)}


def _columns(names: list[str]) -> Case:
    """In tables t0, t1, ... an indexed column gets the names."""
    number = range(len(names))
    old = 'table("t{}", key(), Column({!r}, String(50), index=True))\n'
    return Case(
        "".join(old.format(i, "name") for i in number),
        "".join(old.format(i, names[i]) for i in number),
        rows={f"t{i}": [{"id": 1, "name": "Ann"}, {"id": 2, "name": None}] for i in number},
        flags=tuple(word for i in number for word in ("--rename", f"t{i}.name={quoted(names[i])}")),
        does=("rename column *",) * len(names) + ("rename index *",) * len(names),
        columns={f"t{i}": {"name": names[i]} for i in number},
    )


def _tables(names: list[str]) -> Case:
    """Tables and their columns lose the names."""
    number = range(len(names))
    old = "table({0!r}, key(), Column({1!r}, String(50)))\n"
    flags = (
        word
        for i, name in enumerate(names)
        for word in (
            *("--rename-table", f"{quoted(name)}=t{i}"),
            *("--rename", f"t{i}.{quoted(name)}=name"),
        )
    )
    return Case(
        "".join(old.format(name, name) for name in names),
        "".join(old.format(f"t{i}", "name") for i in number),
        rows={name: [{"id": 1, name: "Ann"}, {"id": 2, name: None}] for name in names},
        flags=tuple(flags),
        does=("rename table *",) * len(names) + ("rename column *",) * len(names),
        tables={name: f"t{i}" for i, name in enumerate(names)},
        columns={name: {name: "name"} for name in names},
    )


def _names() -> Iterator[tuple[str, Case]]:
    """Each name by itself where that costs little, all at once on the servers."""
    for what, name in HARD.items():
        yield f"a column to {what}", replace(_columns([name]), only=("sqlite",))
        yield f"a table from {what}", replace(_tables([name]), only=("sqlite",))
    for backend in ("postgresql", "mariadb"):
        names = [name for what, name in HARD.items() if what not in NOT_ON_SERVERS[backend]]
        yield f"columns to all, {backend}", replace(_columns(names), only=(backend,))
        # Where names are compared without regard to case, one table has both names.
        yield f"tables from all, {backend}", replace(_tables(names), only=(backend,))


HARD_NAMES = dict(_names())
