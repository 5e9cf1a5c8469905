"""SQL text as tokens: compared by meaning, and identifiers in it renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from ..sqlalchemy_internals import reserved_words

_DASHES, _BLOCK = r"--[^\n]*", r"/\*.*?\*/"
_STANDARD, _ESCAPING = r"'(?:[^']|'')*'", r"'(?:[^'\\]|\\.|'')*'"
_DOUBLE, _BACKTICKS = r'"(?:[^"]|"")*"', r"`(?:[^`]|``)*`"
_ESCAPES = rf"\b[eE]{_ESCAPING}"
_DOLLARS = r"\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$"
# Brackets after a name or another bracket are a subscript or an ARRAY[...].
_NAME_IN_BRACKETS = r"(?<![\w)\]\[\"`])\[[^\W\d][^\[\],]*\]"
_UNKNOWN = {
    "comment": f"{_DASHES}|{_BLOCK}",
    "string": f"{_ESCAPES}|{_STANDARD}|{_DOLLARS}",
    "quoted": f"{_DOUBLE}|{_BACKTICKS}|{_NAME_IN_BRACKETS}",
}
_QUOTING = {
    "sqlite": {
        "comment": f"{_DASHES}|{_BLOCK}",
        "string": _STANDARD,
        "quoted": rf"{_DOUBLE}|{_BACKTICKS}|\[[^\]]*\]",
    },
    "postgresql": {
        "comment": f"{_DASHES}|{_BLOCK}",
        "body": _DOLLARS,
        "string": f"{_ESCAPES}|{_STANDARD}",
        "quoted": _DOUBLE,
    },
    "mysql": {
        "comment": rf"--(?=\s)[^\n]*|\#[^\n]*|{_BLOCK}",
        "string": rf'{_ESCAPING}|"(?:[^"\\]|""|\\.)*"',
        "quoted": _BACKTICKS,
    },
    "unknown": _UNKNOWN,
    "escaping": {**_UNKNOWN, "string": f"{_ESCAPES}|{_ESCAPING}|{_DOLLARS}"},
}
_COMMON = {
    "space": r"\s+",
    "number": r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)",
    "word": r"[^\W\d][\w$]*",
    "symbol": r"\d\w*|::|\#>>|\#>|->>|->|<=>|<>|!~~\*|!~~|!~\*|!~|~~\*|~~|~\*|!=|==|<=|>=|<<|>>|@>"
    r"|<@|\|\||&&|@@|\?\||\?&|.",
}

ID = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|[\w$]+)'
NAME = rf"{ID}(?:\s*\.\s*{ID})*"
"""For patterns: a name, and one with its schema, in the quotes of any database."""


class Token(NamedTuple):
    """A piece of SQL: ``kind`` is a key of the grammars above, ``start`` its place in the text."""

    kind: str
    text: str
    start: int = 0
    escapes: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def name(self) -> str:
        """The identifier without its quotes, as the database has it."""
        if self.kind != "quoted":
            return self.text
        end = self.text[-1]
        return self.text[1:-1].replace(end * 2, end)

    @property
    def value(self) -> str:
        """The value of the string literal."""
        if self.text.startswith("$"):
            tag = self.text.index("$", 1) + 1
            return self.text[tag:-tag]
        start = self.text.index("'")
        text = self.text[start + 1 : -1].replace("''", "'")
        return re.sub(r"\\(.)", r"\1", text) if self.escapes or start else text


NOTHING = Token("end", "")
"""In the place of a token before the first or after the last one."""


def tokens(sql: str, database: str = "") -> list[Token]:
    """``sql`` in pieces that joined give ``sql`` again.

    ``database`` is ``sqlite``, ``postgresql`` or ``mysql``. Where it is not known, so is not
    whether a backslash escapes. It does where names are quoted with backticks, as MariaDB
    and MySQL do, and where otherwise a string would not end.
    """
    if database:
        return _cut(sql, database)
    found = _cut(sql, "unknown")
    if _unfinished(found) or any(t.kind == "quoted" and t.text[0] == "`" for t in found):
        escaping = _cut(sql, "escaping")
        found = found if _unfinished(escaping) else escaping
    return found


@lru_cache(4096)
def words_of(sql: str, database: str = "") -> tuple[Token, ...]:
    """The same without white space and comments."""
    return tuple(t for t in tokens(sql, database) if t.kind not in ("space", "comment"))


class WordReader:
    """A place in a row of words, that moves on as they are read."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.words = words
        self.place = 0

    @property
    def here(self) -> Token:
        return self.words[self.place] if self.place < len(self.words) else NOTHING

    def word(self, ahead: int = 0) -> str:
        """The key word or sign here, in small letters; empty for anything else."""
        place = self.place + ahead
        token = self.words[place] if place < len(self.words) else NOTHING
        return token.text.lower() if token.kind in ("word", "symbol") else ""

    def take(self, *words: str) -> bool:
        """Pass over ``words`` if they come next."""
        if all(self.word(i) == word for i, word in enumerate(words)):
            self.place += len(words)
            return True
        return False


def text_of(found: Iterable[Token]) -> str:
    """The text that the tokens were cut from."""
    return "".join(token.text for token in found)


def _cut(sql: str, grammar: str) -> list[Token]:
    escapes = grammar in ("mysql", "escaping")
    found = _grammar(grammar).finditer(sql)
    return [Token(str(m.lastgroup), m.group(), m.start(), escapes) for m in found]


@cache
def _grammar(name: str) -> re.Pattern[str]:
    parts = {**_QUOTING[name], **_COMMON}
    return re.compile("|".join(f"(?P<{kind}>{part})" for kind, part in parts.items()), re.DOTALL)


def _unfinished(found: list[Token]) -> bool:
    return any(token.text == "'" for token in found)


def rename_identifiers(sql: str, names: Mapping[str, str]) -> str:
    """``sql`` with every identifier that is a key of ``names`` replaced by its value.

    All at once, so that two names may be swapped. Never inside string literals and
    comments; names of functions, of types in a cast and bare key words are none. The new
    name keeps the old one's quotes, and gets some where it needs them.
    """
    found = words_of(sql)
    folded = {old.casefold(): new for old, new in names.items()}
    quote = next((t.text[0] for t in found if t.kind == "quoted"), '"')
    made: list[tuple[Token, str]] = []
    for before, token, after in zip((NOTHING, *found), found, (*found[1:], NOTHING), strict=False):
        if token.kind == "quoted":
            new = names.get(token.name)
            if new is not None:
                made.append((token, quoted(new, token.text[0])))
        elif token.kind == "word" and not _is_syntax(token, before, after):
            new = names.get(token.text, folded.get(token.text.casefold()))
            if new is not None:
                made.append((token, quoted_if_needed(new, quote)))
    return replaced(sql, made)


def replaced(sql: str, changes: Sequence[tuple[Token, str]]) -> str:
    """``sql`` with other texts in the place of some of its tokens, which are in order."""
    for token, text in reversed(changes):
        sql = sql[: token.start] + text + sql[token.end :]
    return sql


def _is_syntax(word: Token, before: Token, after: Token) -> bool:
    if after.text == "(" or after.kind == "string":
        return True  # a function, IN (...); date '2020-01-01'
    if before.text == "::" or before.text.lower() in ("as", "collate"):
        return True  # the type of a cast
    return word.text.lower() in _KEY_WORDS


_KEY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "and any array as between case cast collate else end escape exists false from ilike in is "
        "isnull like not notnull null or select similar some then true when where",
    )
)


def needs_quotes(name: str) -> bool:
    """Whether some database reads ``name`` without quotes as something else."""
    return not re.fullmatch(r"[a-z_][a-z0-9_]*", name) or name in reserved_words()


def quoted(name: str, quote: str) -> str:
    """``name`` between quotes of that kind."""
    end = {"[": "]"}.get(quote, quote)
    return quote + name.replace(end, end * 2) + end


def quoted_if_needed(name: str, quote: str) -> str:
    """``name`` as it can stand in SQL, between quotes only where it needs them."""
    return quoted(name, quote) if needs_quotes(name) else name


def split(found: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens up to the parenthesis that closes them, parted at the commas outside of others."""
    depth = 0
    part: list[Token] = []
    for token in found:
        if token.text == ")" and depth == 0:
            break
        if token.text == "," and depth == 0:
            yield part
            part = []
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        part.append(token)
    yield part
