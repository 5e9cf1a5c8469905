"""Changes of Enum columns on PostgreSQL, where an enum is a type of its own.

A value is added and renamed in place, which touches no row. Such a new value cannot be
used before the transaction ends ("unsafe use of new value"), and a value cannot be taken
away or moved at all: then the type is made anew under its name and every column that has
it is rewritten, under an exclusive lock, but within the revision's transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .enum_steps import Step, Writer
from .enum_types import Key


def create_type(write: Writer, key: Key, values: Sequence[str]) -> None:
    """Make sure that the type exists with these values; an error where it has others.

    Also with ``--sql``, where nobody can look before.
    """
    name, labels = write.name(*key), write.literals(values)
    _block(
        write,
        f"  CREATE TYPE {name} AS ENUM ({labels});\n"
        "EXCEPTION WHEN duplicate_object THEN\n"
        f"  IF ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = "
        f"{write.literal(name)}::regtype ORDER BY enumsortorder) <> ARRAY[{labels}]::text[] THEN\n"
        f"    RAISE EXCEPTION 'the type % exists with other values', {write.literal(name)};\n"
        "  END IF;\n",
    )
    _made(write).add(key)


def drop_type(write: Writer, key: Key) -> None:
    """Drop the type unless something still uses it, or it is gone already."""
    _block(
        write,
        f"  DROP TYPE {write.name(*key)};\n"
        "EXCEPTION WHEN dependent_objects_still_exist OR undefined_object THEN NULL;\n",
    )
    _made(write).discard(key)


def rename_type(write: Writer, key: Key, new: str) -> None:
    """``ALTER TYPE ... RENAME TO``: columns, defaults and indexes go along."""
    write.execute(f"ALTER TYPE {write.name(*key)} RENAME TO {write.name(new)}")
    _made(write).discard(key)
    _made(write).add((key[0], new))


def _block(write: Writer, body: str) -> None:
    tag = "$do$"
    while tag in body:
        tag = f"{tag[:-1]}o$"
    write.execute(f"DO {tag} BEGIN\n{body}END {tag}")


def _made(write: Writer) -> set[Key]:
    # CREATE TABLE in SQLAlchemy makes the types of its columns too, except for those that
    # are noted here by schema and name.
    made: set[Key] = write.operations.get_context().impl.memo.setdefault("pg_enum", set())
    return made


def alter(step: Step) -> None:
    """Bring the column, and with it the type, from the old form to the new one."""
    old, new, write = step.old, step.new, step.write
    if old.native and new.native and old.key == new.key and old.array == new.array:
        assert new.key is not None
        if old.values is None or new.values is None:
            _add_missing(write, new.key, new.values or ())
        elif old.values != new.values:
            _change_values(step, new.key)
        _set_default(step)
        return
    step.refuse_lost_values(text=_TEXT[old.array])
    for name in step.checks():
        write.execute(f"ALTER TABLE {step.table} DROP CONSTRAINT {write.name(name)}")
    if old.native or new.native:
        if new.native:
            assert new.key is not None and new.values is not None
            create_type(write, new.key, new.values)
        columns = [(step.table, step.column, old.array)]
        restores = _put_aside(step, columns, old.key)
        _retype(step, columns)
        for statement in restores:
            write.execute(statement)
        if old.native:
            assert old.key is not None
            drop_type(write, old.key)
    else:
        _alter_text(step)
    _set_default(step)
    if check := step.check():
        write.execute(f"ALTER TABLE {step.table} ADD {check}")


_TEXT = {False: "{}::text", True: "unnest({}::text[])"}


def _alter_text(step: Step) -> None:
    old, new = step.old, step.new
    type_ = f"ALTER TABLE {step.table} ALTER COLUMN {step.column} TYPE {new.sql}"
    grows = old.length is not None and (new.length is None or new.length > old.length)
    if grows:
        step.write.execute(type_)
    step.update_rows()
    if old.sql != new.sql and not grows:
        step.write.execute(type_)


def _set_default(step: Step) -> None:
    default = step.default()
    if default is not False:
        what = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        step.write.execute(f"ALTER TABLE {step.table} ALTER COLUMN {step.column} {what}")


def _add_missing(write: Writer, key: Key, values: Sequence[str]) -> None:
    for before, value in zip((None, *values), values, strict=False):
        after = f" AFTER {write.literal(before)}" if before is not None else ""
        write.execute(
            f"ALTER TYPE {write.name(*key)} ADD VALUE IF NOT EXISTS {write.literal(value)}{after}"
        )


def _change_values(step: Step, key: Key) -> None:
    write, old, new = step.write, list(step.old.values or ()), list(step.new.values or ())
    known = write.operations.get_context().impl.memo.setdefault("enum values", {})
    if known.get(key) == new and not write.offline:
        return  # another column of the type came before this one
    again = known.get(key) == new
    known[key] = new
    renamed = [step.mapping.get(value, value) for value in old]
    in_place = len(set(renamed)) == len(renamed) and not step.op.postgresql_rewrite
    if in_place and [value for value in new if value in renamed] == renamed:
        if not again:
            _rename_values(write, key, old, step.mapping)
            _add_values(write, key, renamed, new)
        return
    _make_anew(step, key, again)


def _rename_values(write: Writer, key: Key, values: list[str], mapping: dict[str, str]) -> None:
    pairs = [(old, new) for old, new in mapping.items() if old in values]
    for old, new in _one_by_one(pairs):
        write.execute(
            f"ALTER TYPE {write.name(*key)} RENAME VALUE {write.literal(old)} "
            f"TO {write.literal(new)}"
        )


def _one_by_one(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same replacements in an order that gives what all at once would give."""
    if not {old for old, _ in pairs} & {new for _, new in pairs}:
        return pairs
    # A chain or a swap: by way of names that nobody has.
    parked = {old: f"{old[:12]}__{n}__" for n, (old, _) in enumerate(pairs)}
    return [*parked.items(), *((parked[old], new) for old, new in pairs)]


def _add_values(write: Writer, key: Key, there: list[str], values: list[str]) -> None:
    for index, value in enumerate(values):
        if value in there:
            continue
        if index:
            place = f"AFTER {write.literal(values[index - 1])}"
        else:
            place = f"BEFORE {write.literal(there[0])}"
        write.execute(f"ALTER TYPE {write.name(*key)} ADD VALUE {write.literal(value)} {place}")


_OWNER = """
SELECT CASE WHEN pg_get_userbyid(typowner) <> current_user
       THEN format('ALTER TYPE {0} OWNER TO %I', pg_get_userbyid(typowner)) END,
       format('COMMENT ON TYPE {0} IS %L', obj_description(oid, 'pg_type'))
FROM pg_type WHERE oid = {1}::regtype
"""
_COLUMNS = """
SELECT a.attrelid::regclass::text, quote_ident(a.attname), a.atttypid = t.typarray
FROM pg_type t JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray)
JOIN pg_class c ON c.oid = a.attrelid
WHERE t.oid = {0}::regtype AND c.relkind IN ('r', 'p')
AND NOT a.attisdropped AND a.attinhcount = 0 ORDER BY 1, 2
"""


_DEFAULTS = """
WITH RECURSIVE family(oid) AS (
  SELECT {0}::regclass::oid
  UNION SELECT i.inhrelid FROM pg_inherits i JOIN family f ON i.inhparent = f.oid
)
SELECT format('ALTER TABLE %s ALTER COLUMN %I', a.attrelid::regclass, a.attname),
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attrelid IN (SELECT oid FROM family) AND quote_ident(a.attname) = {1}
AND a.attgenerated = ''
"""
# Constants of the type in a CHECK or an index keep it in use, and its rewrite from working.
_USERS = """
WITH found AS (
  SELECT d.classid, d.objid FROM pg_type t JOIN pg_depend d ON d.refobjid IN (t.oid, t.typarray)
  WHERE t.oid = {0}::regtype AND d.refclassid = 'pg_type'::regclass
), own AS (SELECT * FROM pg_constraint WHERE contype IN ('c', 'p', 'u', 'x') AND conrelid <> 0)
SELECT conrelid::regclass::text, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass,
  conname), format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
  pg_get_constraintdef(oid))
FROM own WHERE coninhcount = 0 AND (
  oid IN (SELECT objid FROM found WHERE classid = 'pg_constraint'::regclass)
  OR conindid IN (SELECT objid FROM found WHERE classid = 'pg_class'::regclass))
UNION ALL
SELECT indrelid::regclass::text, format('DROP INDEX %s', indexrelid::regclass),
  replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
FROM pg_index WHERE indexrelid IN (SELECT objid FROM found WHERE classid = 'pg_class'::regclass)
AND indexrelid NOT IN (SELECT conindid FROM own)
AND indexrelid NOT IN (SELECT inhrelid FROM pg_inherits)
"""


def _make_anew(step: Step, key: Key, again: bool) -> None:
    """Take the type's name for a new type, and rewrite every column that has the old one."""
    write, name = step.write, step.write.name(*key)
    literal = write.literal(name)
    spare = (key[0], f"{key[1][:58]}__old")
    columns = [(step.table, step.column, step.old.array)]
    after: list[str] = []
    if not write.offline:
        columns = [tuple(row) for row in write.rows(_COLUMNS.format(literal))]
        for array in (False, True):
            some = [(table, column) for table, column, is_array in columns if is_array == array]
            step.refuse_lost_values(some, _TEXT[array])
        owner = write.rows(_OWNER.format(name.replace("'", "''"), literal))
        after = [statement for row in owner for statement in row if statement]
    restores = _put_aside(step, columns, key)
    if not again:
        write.execute(f"ALTER TYPE {name} RENAME TO {write.name(spare[1])}")
        write.execute(f"CREATE TYPE {name} AS ENUM ({write.literals(step.new.values or ())})")
    _retype(step, columns)
    drop_type(write, spare)
    _made(write).add(key)
    for statement in [*after, *restores]:
        write.execute(statement)


def _put_aside(step: Step, columns: list[tuple[str, str, bool]], key: Key | None) -> list[str]:
    """Drop the defaults, CHECKs and indexes that a rewrite cannot take along.

    Returns the statements that restore them on the new type.
    """
    write, drops, restores = step.write, [], []
    if write.offline:
        default = step.existing_default()
        if default:
            found = [(f"ALTER TABLE {step.table} ALTER COLUMN {step.column}", default)]
        else:
            found = []
    else:
        found = [
            tuple(row)
            for table, column, _ in columns
            for row in write.rows(_DEFAULTS.format(write.literal(table), write.literal(column)))
        ]
    for column, default in found:
        drops.append(f"{column} DROP DEFAULT")
        restored = _on_new_type(step, default)
        # A default that is a value no more cannot come back; its own step sets another.
        if not _is_lost(step, restored):
            restores.append(f"{column} SET DEFAULT {restored}")
    if key is not None and not write.offline:
        tables = {table for table, _, _ in columns}
        for table, drop, restore in write.rows(_USERS.format(write.literal(write.name(*key)))):
            if table in tables or key == step.new.key:
                drops.append(drop)
                restores.append(_on_new_type(step, restore))
    for statement in drops:
        write.execute(statement)
    return restores


_CONSTANT = r"'((?:[^']|'')*)'"


def _is_lost(step: Step, default: str) -> bool:
    constant = re.fullmatch(_CONSTANT, default)
    return bool(
        constant
        and step.new.native
        and not step.new.array
        and constant[1].replace("''", "'") not in (step.new.values or ())
    )


def _on_new_type(step: Step, sql: str) -> str:
    """SQL with literals of the old type turned into such of the new one, values replaced."""

    def value(literal: str) -> str:
        old = literal.replace("''", "'")
        return step.write.literal(step.mapping.get(old, old))

    if whole := re.fullmatch(rf"{_CONSTANT}(::[^']*)?", sql):
        return value(whole[1])  # takes the type of its column
    if step.old.key is None:
        return sql
    name = re.escape(step.write.name(step.old.key[1]))
    new = step.write.name(*step.new.key) if step.new.key else step.new.sql
    return re.sub(
        rf"{_CONSTANT}::(?:[^\s']+\.)?{name}(?![\w\"])",
        lambda match: f"{value(match[1])}::{new}",
        sql,
    )


def _retype(step: Step, columns: list[tuple[str, str, bool]]) -> None:
    write, new = step.write, step.new
    for table, column, array in columns:
        if array:
            text = f"{column}::text[]"
            for old_value, new_value in _one_by_one(list(step.mapping.items())):
                values = write.literals([old_value, new_value])
                text = f"array_replace({text}, {values})"
        else:
            text = step.mapped(f"{column}::text")
        if new.key is not None:
            type_ = write.name(*new.key) + ("[]" if array else "")
            text = f"({text})::{type_}"
        else:
            # Not cast: a cast to VARCHAR(n) cuts what is too long, an assignment refuses it.
            type_ = new.sql
        write.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {type_} USING {text}")
