"""Whether two SQL expressions mean the same, and an expression written plainly.

A database returns an expression in its own words: PostgreSQL makes casts visible and
writes ``IN`` as ``= ANY (ARRAY[...])``, MariaDB quotes every name, all of them move
parentheses. The trees of both texts are compared; what one of them adds without changing
the meaning does not count. What cannot be read is compared word by word.
"""

from __future__ import annotations

from typing import Any

from .expression_parser import WITHOUT_PARENTHESES, Tree, tree
from .tokens import needs_quotes, quoted, words_of


def same(model: str, database: str) -> bool:
    """Whether what the database gives back is what the model says, written otherwise.

    True is certain; False may be a form that only the server itself could recognise.
    """
    return model == database or _same(tree(model), tree(database))


def _same(model: Any, database: Any) -> bool:
    if model == database:
        return True
    if not isinstance(model, tuple) or not isinstance(database, tuple):
        return False
    if database[0] == "cast" and _implied(database):
        inner = model[1] if model[0] == "cast" and model[2] == database[2] else model
        return _same(inner, database[1])
    return (
        model[0] == database[0]
        and len(model) == len(database)
        and all(_same(a, b) for a, b in zip(model[1:], database[1:], strict=True))
    )


def _implied(cast: Tree) -> bool:
    """Whether PostgreSQL adds such a cast by itself: to a literal, and to text."""
    _, inner, type_ = cast
    return _to_text(type_) or inner[0] in ("text", "number", "array", "null")


def _to_text(type_: str) -> bool:
    return type_.removesuffix("[]") == "text"


class _NotPlain(Exception):
    """The expression is one that not every database understands."""


def plain(sql: str) -> str:
    """``sql`` in the words that every database understands; unchanged where there are none.

    What a database gave back goes into revisions, which run on other databases too.
    """
    read = tree(sql)
    if read[0] == "cast" and read[1][0] == "text":
        read = read[1]  # a whole default: the column has the type
    try:
        text = _written(read, sql)
    except _NotPlain:
        return sql
    return text[1:-1] if text.startswith("(") else text


_INFIX = frozenset(("=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||", "like", "is"))


def _written(node: Tree, sql: str) -> str:
    kind, parts = node[0], node[1:]
    quote = "`" if "`" in sql else '"'

    def inner(tree: Any) -> str:
        return _written(tree, sql)

    if kind == "name":
        name = str(parts[0])
        in_quotes = quoted(name, quote)
        # In quotes only where it was: a key word of one database is not one of another.
        return in_quotes if needs_quotes(name) and in_quotes in sql else name
    if kind == "number":
        return format(parts[0], "f")
    if kind == "text":
        text = str(parts[0])
        if quote == "`":
            text = text.replace("\\", "\\\\")
        return "'" + text.replace("'", "''") + "'"
    if kind == "null" or kind == "boolean":
        return str(parts[0]).upper() if parts else "NULL"
    if kind == "cast" and (_to_text(parts[1]) or parts[0][0] == "number"):
        return inner(parts[0])
    if kind in ("and", "or"):
        return "(" + f" {kind.upper()} ".join(map(inner, parts)) + ")"
    if kind == "not" and parts[0][0] in ("in", "like", "is"):
        word, left, *rest = parts[0]
        no = " IS NOT " if word == "is" else f" NOT {word.upper()} "
        return f"({inner(left)}{no}{_right(word, rest, inner)})"
    if kind == "not":
        return f"(NOT {inner(parts[0])})"
    if (kind in _INFIX and len(parts) == 2) or kind == "in":
        return f"({inner(parts[0])} {kind.upper()} {_right(kind, parts[1:], inner)})"
    if kind == "call" and all(isinstance(part, tuple) for part in parts[1:]):
        if parts[0] in WITHOUT_PARENTHESES and len(parts) == 1:
            return str(parts[0]).upper()
        return f"{parts[0]}({', '.join(map(inner, parts[1:]))})"
    raise _NotPlain


def _right(kind: str, parts: Any, inner: Any) -> str:
    return "(" + ", ".join(map(inner, parts)) + ")" if kind == "in" else str(inner(parts[0]))


def in_list(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The column and the literals of ``column IN (...)``; None when the text is anything else.

    PostgreSQL gives it back as ``column::text = ANY (ARRAY['a'::character varying])``, and
    all of them a list of one as ``column = 'a'``.
    """
    kind, *parts = tree(text)
    if kind not in ("in", "="):
        return None
    column, *values = map(uncast, parts)
    # A column may have the name of a function that is called without parentheses.
    if len(column) != 2 or column[0] not in ("name", "call") or not values:
        return None
    if not all(value[0] in ("text", "number") for value in values):
        return None
    names = (token.name for token in words_of(text) if token.kind in ("word", "quoted"))
    name = next(name for name in names if name.lower() == column[1].lower())
    return name, tuple(v if kind == "text" else format(v, "f") for kind, v in values)


def uncast(read: Tree) -> Tree:
    """``read`` without the casts around it."""
    while read[0] == "cast":
        read = read[1]
    return read
