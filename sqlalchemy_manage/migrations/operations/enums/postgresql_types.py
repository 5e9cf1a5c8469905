"""Enum types of PostgreSQL as objects: made, dropped and renamed; values added in place."""

from __future__ import annotations

from collections.abc import Sequence

from ..raw_sql import SqlWriter
from .types import Key


def create_type(write: SqlWriter, key: Key, values: Sequence[str]) -> None:
    """Make sure that the type exists with these values; an error where it has others.

    Also with ``--sql``, where nothing can be checked before.
    """
    name, labels = write.name(*key), write.literals(values)
    write.block(
        f"  CREATE TYPE {name} AS ENUM ({labels});\n"
        "EXCEPTION WHEN duplicate_object THEN\n"
        f"  IF ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = "
        f"{write.literal(name)}::regtype ORDER BY enumsortorder) <> ARRAY[{labels}]::text[] THEN\n"
        f"    RAISE EXCEPTION 'the type % exists with other values', {write.literal(name)};\n"
        "  END IF;\n",
    )
    note_made(write, key)


def drop_type(write: SqlWriter, key: Key) -> None:
    """Drop the type unless something still uses it, or it is gone already."""
    write.block(
        f"  DROP TYPE {write.name(*key)};\n"
        "EXCEPTION WHEN dependent_objects_still_exist OR undefined_object THEN NULL;\n",
    )
    note_made(write, key, False)


def rename_type(write: SqlWriter, key: Key, new: str) -> None:
    """``ALTER TYPE ... RENAME TO``: columns, defaults and indexes go along."""
    write.execute(f"ALTER TYPE {write.name(*key)} RENAME TO {write.name(new)}")
    note_made(write, key, False)
    note_made(write, (key[0], new))


def note_made(write: SqlWriter, key: Key, made: bool = True, memo: str = "pg_enum") -> None:
    """CREATE TABLE in SQLAlchemy makes the types of its columns too, but not those noted here.

    ``memo`` is where: ``pg_enum``, ``pg_DOMAIN``.
    """
    context = write.operations.get_context()
    known: set[Key] = context.impl.memo.setdefault(memo, set())
    # With and without the name of the default schema: as the column's type has it.
    for schema in {key[0], key[0] or write.dialect.default_schema_name}:
        (known.add if made else known.discard)((schema, key[1]))


def add_missing(write: SqlWriter, key: Key, values: Sequence[str]) -> None:
    for before, value in zip((None, *values), values, strict=False):
        after = f" AFTER {write.literal(before)}" if before is not None else ""
        write.execute(
            f"ALTER TYPE {write.name(*key)} ADD VALUE IF NOT EXISTS {write.literal(value)}{after}"
        )


def rename_values(write: SqlWriter, key: Key, values: list[str], mapping: dict[str, str]) -> None:
    pairs = [(old, new) for old, new in mapping.items() if old in values]
    for old, new in one_by_one(pairs):
        write.execute(
            f"ALTER TYPE {write.name(*key)} RENAME VALUE {write.literal(old)} "
            f"TO {write.literal(new)}"
        )


def one_by_one(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same replacements in an order that gives what all at once would give."""
    if not {old for old, _ in pairs} & {new for _, new in pairs}:
        return pairs
    # A chain or a swap: through unused names.
    parked = {old: f"{old[:12]}__{n}__" for n, (old, _) in enumerate(pairs)}
    return [*parked.items(), *((parked[old], new) for old, new in pairs)]


def add_values(write: SqlWriter, key: Key, there: list[str], values: list[str]) -> None:
    for index, value in enumerate(values):
        if value in there:
            continue
        if index:
            place = f"AFTER {write.literal(values[index - 1])}"
        else:
            place = f"BEFORE {write.literal(there[0])}"
        write.execute(f"ALTER TYPE {write.name(*key)} ADD VALUE {write.literal(value)} {place}")
