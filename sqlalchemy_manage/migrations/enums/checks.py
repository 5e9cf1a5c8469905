"""CHECKs of the form ``column IN (literals)``: reading the text a database gives back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>(?:_\w+|[NE])?'(?:[^'\\]|''|\\.|\\)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<quoted>"(?:[^"]|"")*" | `(?:[^`]|``)*`)
      | (?P<cast>::\s*(?:"[^"]+"|\w+)(?:\."[^"]+"|\.\w+|\s+varying)?(?:\s*\(\d+\))?(?:\[\])?)
      | (?P<word>\w+)
      | (?P<sign>[,=.])
      | (?P<bracket>[()\[\]])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_FORMS = (("IN",), ("=", "ANY", "ARRAY"), ("=",))


def in_list(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The column and the literals of ``column IN (...)``; None when the text is anything else.

    PostgreSQL gives it back as ``column::text = ANY (ARRAY['a'::character varying])``, and
    all of them a list of one as ``column = 'a'``.
    """
    try:
        tokens = list(_tokens(text))
    except ValueError:
        return None
    while len(tokens) > 2 and tokens[1] == ("sign", "."):
        tokens = tokens[2:]  # a column with its table's name before it
    if not tokens or tokens[0][0] not in ("word", "quoted"):
        return None
    column = tokens[0][1]
    for form in _FORMS:
        end = 1 + len(form)
        if [t[1].upper() for t in tokens[1:end] if t[0] in ("word", "sign")] == list(form):
            found, commas = tokens[end::2], tokens[end + 1 :: 2]
            if len(found) == len(commas) + 1 and all(c == ("sign", ",") for c in commas):
                values = tuple(value for kind, value in found if kind in ("text", "number"))
                return (column, values) if len(values) == len(found) else None
    return None


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    # Only MariaDB and MySQL quote with backticks, and only they escape with a backslash.
    escapes = "`" in text.partition("'")[0]
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(text)
        place = match.end()
        kind, token = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "text":
            token = token[token.index("'") + 1 : -1].replace("''", "'")
            yield kind, re.sub(r"\\(.)", r"\1", token) if escapes else token
        elif kind == "quoted":
            yield kind, token[1:-1].replace(token[-1] * 2, token[-1])
        elif kind not in ("cast", "bracket"):  # neither says anything in the forms we know
            yield kind, token


def belongs_to_enum(check_text: str, metadata_table: sa.Table, name: str | None = None) -> bool:
    """Whether a CHECK found in the database is the one an Enum or Boolean column brings along.

    It is when it lists literals for a single column that is an Enum or Boolean in the model,
    unless the model has a CHECK written by hand that lists literals for the same column: of
    that name if ``name`` is given, of any name otherwise. On SQLite, where it may have no
    name, also when the column is an Enum no more but a String.
    """
    listed = in_list(check_text)
    if listed is None:
        return False
    column = next((c for c in metadata_table.columns if c.name == listed[0]), None)
    if column is None:
        return False
    kinds = tuple(_kinds(column.type))
    allows_values = any(isinstance(kind, (sa.Enum, sa.Boolean)) for kind in kinds)
    # MariaDB, which quotes with backticks, has no CHECK without a name but within a column.
    leftover = name is None and "`" not in check_text and isinstance(kinds[0], sa.String)
    if not (allows_values or leftover):
        return False
    written = [
        check
        for check in metadata_table.constraints
        if isinstance(check, sa.CheckConstraint) and not getattr(check, "_type_bound", False)
    ]
    if name is not None:
        return not any(check.name == name for check in written)
    return not any((in_list(str(check.sqltext)) or ("",))[0] == listed[0] for check in written)


def _kinds(kind: sa.types.TypeEngine[object]) -> Iterator[object]:
    """``kind`` and what it stands for: what it decorates, and its variants."""
    yield kind
    if isinstance(kind, sa.types.TypeDecorator):
        yield from _kinds(kind.impl_instance)
    for variant in getattr(kind, "_variant_mapping", {}).values():
        yield from _kinds(variant)
