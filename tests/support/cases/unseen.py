"""Changes that Alembic does not see, or sees in part."""

from __future__ import annotations

from support.cases.case import Case

PG, MARIADB = ("postgresql",), ("mariadb",)
BOOKING = """
table(
    "booking",
    key(),
    Column("room", Integer),
    Column("day", Integer),
    Column("note", String(20)),
    {}
)
"""
BOOKINGS = {
    "booking": [
        {"id": 1, "room": 1, "day": 3, "note": "it's"},
        {"id": 2, "room": 2, "day": 3, "note": None},
    ]
}
EXCLUDE = 'postgresql.ExcludeConstraint(("room", "="), ("day", "="), using="btree", name="one"{})'


def constraint(before: str, after: str, *does: str, **more: object) -> Case:
    imports = "from sqlalchemy.dialects import mysql, postgresql\n"
    guests = {"guest": [{"id": 1, "room": 1, "day": 3}]} if KEY in before else {}
    given = {"rows": BOOKINGS | guests, "does": does, "only": PG} | more
    return Case(imports + BOOKING.format(before), imports + BOOKING.format(after), **given)  # type: ignore[arg-type]


def typed(before: str, after: str, value: object, **more: object) -> Case:
    imports = "import decimal\nfrom sqlalchemy.dialects import mysql, postgresql\n"
    table = 'table("t", key(), Column("c", {}))'
    given = {"rows": {"t": [{"id": 1, "c": value}, {"id": 2, "c": None}]}} | more
    given |= {"does": ("alter column t.c: *",)}
    return Case(imports + table.format(before), imports + table.format(after), **given)  # type: ignore[arg-type]


UNIQUE = 'UniqueConstraint("room", "day", name="uq"{})'
KEY = """)
table(
    "guest",
    key(),
    Column("room", Integer),
    Column("day", Integer),
    ForeignKeyConstraint(["room", "day"], ["booking.room", "booking.day"], name="fk"),
"""
UNSEEN = {
    "an exclusion constraint that comes": constraint(
        "", EXCLUDE.format(""), "add exclude constraint one to booking"
    ),
    "an exclusion constraint that goes": constraint(
        EXCLUDE.format(', where=text("day > 0")'), "", "drop constraint one of booking"
    ),
    "an exclusion constraint that changes": constraint(
        EXCLUDE.format(""),
        EXCLUDE.format(', where=text("day > 0"), deferrable=True'),
        "drop constraint one of booking",
        "add exclude constraint one to booking",
    ),
    "a UNIQUE that is checked later": constraint(
        UNIQUE.format(""),
        UNIQUE.format(', deferrable=True, initially="DEFERRED"'),
        "drop unique constraint uq of booking",
        "add unique constraint uq to booking",
    ),
    "a UNIQUE that includes a column": constraint(
        UNIQUE.format(""),
        UNIQUE.format(', postgresql_include=["note"]'),
        "drop unique constraint uq of booking",
        "add unique constraint uq to booking",
    ),
    "a UNIQUE in another order": constraint(
        UNIQUE.format(""),
        'UniqueConstraint("day", "room", name="uq")',
        "drop unique constraint uq of booking",
        "add unique constraint uq to booking",
        only=("sqlite", "postgresql", "mariadb"),
    ),
    "a UNIQUE that a key refers to": constraint(
        UNIQUE.format("") + KEY,
        'UniqueConstraint("day", "room", name="uq")' + KEY,
        "drop * constraint *",
        "drop * constraint *",
        "add *",
        "add *",
    ),
    "a length taken away": typed("String(9)", "String", "x", only=PG),
    "a precision taken away": typed(
        "Numeric(6, 2, asdecimal=False)", "Numeric(asdecimal=False)", 1.25, only=PG
    ),
    "an unsigned number": typed("Integer", "mysql.INTEGER(unsigned=True)", 7, only=MARIADB),
    "a set with one more value": typed(
        'mysql.SET("a", "b")', 'mysql.SET("a", "b", "c")', {"a", "b"}, only=MARIADB
    ),
    "an engine and a character set": constraint(
        "",
        'mysql_charset="latin1", mariadb_charset="latin1", mariadb_row_format="COMPACT"',
        "table booking: charset latin1, row_format COMPACT",
        only=MARIADB,
    ),
}
