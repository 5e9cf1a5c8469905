"""Statements in a normal form: two that differ in nothing that counts are then equal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from .create_statements import DEFAULT_SCHEMAS, bare, identifier, language
from .tokens import words_of

# MariaDB distinguishes `Log` from `log` on most servers, so only words of the language are folded.
_WORDS = (
    "create or replace trigger function view if not exists before after insert update delete on "
    "for each row begin end set new old then else elseif case when while do loop leave declare "
    "default returns return deterministic comment select from where and is null in as join left "
    "right inner outer cross using group order by having limit distinct union all values into "
    "int integer bigint varchar char text datetime date time decimal contains reads modifies sql "
    "data no security invoker definer language call signal sqlstate value like between exists "
    "true false interval coalesce ifnull concat now utc_timestamp count sum min max avg"
)
_MYSQL_WORDS = frozenset(_WORDS.split())
_SIMPLE = re.compile(r"[^\W\d][\w$]*")


def normal(statement: str, database: str, schema: str | None = None) -> str:
    """``statement`` with what does not count in one form: equal results mean equal objects.

    Does not count: white space, comments, the case and quoting of names where the database
    does not distinguish them, OR REPLACE, the definer, the dollar tags, and the name of
    ``schema``, the one the connection starts with.
    """
    return " ".join(_normal(bare(statement, database), database, schema))


def _normal(statement: str, database: str, schema: str | None) -> Iterator[str]:
    words = words_of(statement, database)
    is_pg = database == "postgresql"
    home = {schema, DEFAULT_SCHEMAS.get(database)} - {None}
    skip = 0
    for index, token in enumerate(words):
        before = words[index - 1].text.lower() if index else ""
        after = words[index + 1].text if index + 1 < len(words) else ""
        word = token.text.lower()
        if skip:
            skip -= 1
        elif after == "." and identifier(token, database) in home:
            skip = 1
        elif database == "mysql" and word == "definer" and after == "=":
            skip = 4 if words[index + 3].text == "@" else 2
        elif database == "mysql" and word in ("follows", "precedes") and before == "row":
            skip = 1
        elif word == "procedure" and before == "execute":
            yield "function"
        elif token.kind == "body" or (token.kind == "string" and before == "as" and is_pg):
            yield _normal_body(statement, token.value)
        elif token.kind == "string" and before == "language":
            yield token.text.strip("'").lower()
        elif token.kind == "word":
            folds = database != "mysql" or word in _MYSQL_WORDS
            yield word if folds else token.text
        elif token.kind == "quoted":
            yield _normal_name(identifier(token, database), database)
        else:
            yield token.text


def _normal_name(name: str, database: str) -> str:
    name = name.lower() if database == "sqlite" else name
    plain = _SIMPLE.fullmatch(name) and (database != "postgresql" or name == name.lower())
    return name if plain else f'"{name}"'


def _normal_body(statement: str, body: str) -> str:
    if language(statement) in ("sql", "plpgsql"):
        return f"$$ {' '.join(_normal(body, 'postgresql', None))} $$"
    return f"$$ {textwrap.dedent(body).strip()} $$"
