"""PostgreSQL: an enum type recreated, and all columns that have it rewritten.

Defaults, CHECKs and indexes that mention values of the type are put aside during this, and
restored as they were. Views are not: PostgreSQL refuses to rewrite a column that a view
reads, with the name of the view.
"""

from __future__ import annotations

import re

from ....sql.expressions import plain
from .change import TEXT, EnumChange
from .postgresql_types import drop_type, one_by_one
from .types import Key

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


# What compares the text of the column with constants, which then are values of the type.
_COMPARING = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
  format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (', conrelid::regclass, conname),
  pg_get_expr(conbin, conrelid), ')' || CASE WHEN connoinherit THEN ' NO INHERIT' ELSE '' END
    || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype = 'c' AND c.coninhcount = 0 AND c.conrelid = {0}::regclass
  AND quote_ident(a.attname) = {1}
UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass), regexp_replace(
  replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '), ' WHERE .*', ' WHERE '),
  pg_get_expr(indpred, indrelid), ''
FROM pg_index i WHERE i.indrelid = {0}::regclass AND i.indpred IS NOT NULL AND EXISTS (
  SELECT 1 FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid
    AND a.attnum = d.refobjsubid
  WHERE d.objid = i.indexrelid AND d.classid = 'pg_class'::regclass AND d.refobjid = i.indrelid
    AND quote_ident(a.attname) = {1})
"""


def rewrite(step: EnumChange) -> None:
    """Give the step's column its new type, whatever that is."""
    columns = [(step.table, step.column, step.old.array)]
    restores = _put_aside(step, columns, step.old.key)
    _retype(step, columns)
    for statement in restores:
        step.write.execute(statement)


def make_anew(step: EnumChange, key: Key, again: bool) -> None:
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
            step.refuse_lost_values(some, TEXT[array])
        owner = write.rows(_OWNER.format(name.replace("'", "''"), literal))
        after = [statement for row in owner for statement in row if statement]
    restores = _put_aside(step, columns, key)
    if not again:
        write.execute(f"ALTER TYPE {name} RENAME TO {write.name(spare[1])}")
        write.execute(f"CREATE TYPE {name} AS ENUM ({write.literals(step.new.values or ())})")
    _retype(step, columns)
    drop_type(write, spare)
    for statement in [*after, *restores]:
        write.execute(statement)


def _put_aside(
    step: EnumChange, columns: list[tuple[str, str, bool]], key: Key | None
) -> list[str]:
    """Drop the defaults, CHECKs and indexes that a rewrite cannot take along.

    Returns the statements that restore them on the new type.
    """
    write, drops, restores = step.write, [], []
    for table, column, array in columns:
        for where, default in _defaults(step, table, column):
            drops.append(f"{where} DROP DEFAULT")
            restored = _on_new_type(step, default)
            # A default that is a value no more cannot come back; its own step sets another.
            if array or not _is_lost(step, restored):
                restores.append(f"{where} SET DEFAULT {restored}")
    if key is not None and not write.offline:
        tables = {table for table, _, _ in columns}
        for table, drop, restore in write.rows(_USERS.format(write.literal(write.name(*key)))):
            if table in tables or key == step.new.key:
                drops.append(drop)
                restores.append(_on_new_type(step, restore))
    if key is None and step.new.key is not None and not write.offline:
        literals = (write.literal(step.table), write.literal(step.column))
        for drop, start, condition, end in write.rows(_COMPARING.format(*literals)):
            drops.append(drop)
            restores.append(start + plain(condition) + end)
    for statement in drops:
        write.execute(statement)
    return restores


def _defaults(step: EnumChange, table: str, column: str) -> list[tuple[str, str]]:
    """The defaults of a column, and of its partitions, each with the beginning of its ALTER."""
    if step.write.offline:
        default = step.existing_default()
        return [(f"ALTER TABLE {table} ALTER COLUMN {column}", default)] if default else []
    literals = (step.write.literal(table), step.write.literal(column))
    return [(where, default) for where, default in step.write.rows(_DEFAULTS.format(*literals))]


_ARRAY_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_CONSTANT = r"'((?:[^']|'')*)'"


def _is_lost(step: EnumChange, default: str) -> bool:
    constant = re.fullmatch(_CONSTANT, default)
    return bool(
        constant
        and step.new.native
        and constant[1].replace("''", "'") not in (step.new.values or ())
    )


def _on_new_type(step: EnumChange, sql: str) -> str:
    """SQL with literals of the old type turned into such of the new one, values replaced."""

    def value(literal: str) -> str:
        old = literal.replace("''", "'")
        if old.startswith("{") and old not in (step.old.values or ()):
            return step.write.literal(_ARRAY_ITEM.sub(item, old))
        return step.write.literal(step.mapping.get(old, old))

    def item(match: re.Match[str]) -> str:
        quoted = match[1] is not None
        old = re.sub(r"\\(.)", r"\1", match[1]) if quoted else match[2]
        if old not in step.mapping:
            return match[0]
        return '"' + re.sub(r'(["\\])', r"\\\1", step.mapping[old]) + '"'

    if whole := re.fullmatch(rf"{_CONSTANT}(::[^']*)?", sql):
        return value(whole[1])  # takes the type of its column
    if step.old.key is None:
        return sql
    name = re.escape(step.write.name(step.old.key[1]))
    new = step.write.name(*step.new.key) if step.new.key else step.new.sql

    def constant(match: re.Match[str]) -> str:
        # Beside a text a constant is one without a cast, which would be in the way later.
        cast = f"::{new}{match[2]}" if step.new.key or match[2] else ""
        return value(match[1]) + cast

    return re.sub(rf"{_CONSTANT}::(?:[^\s']+\.)?{name}(?![\w\"])((?:\[\])?)", constant, sql)


def _retype(step: EnumChange, columns: list[tuple[str, str, bool]]) -> None:
    write, new = step.write, step.new
    for table, column, array in columns:
        if array:
            text = f"{column}::text[]"
            for old_value, new_value in one_by_one(list(step.mapping.items())):
                values = write.literals([old_value, new_value])
                text = f"array_replace({text}, {values})"
        else:
            text = step.mapped(f"{column}::text")
        if new.key is not None:
            type_ = write.name(*new.key) + ("[]" if array else "")
            text = f"({text})::{type_}"
        else:
            type_ = new.sql
            # Not to VARCHAR(n): a cast cuts what is too long, an assignment refuses it.
            if not re.match(r"(?:VAR)?CHAR|TEXT", type_):
                text = f"({text})::{type_}"
        write.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {type_} USING {text}")
