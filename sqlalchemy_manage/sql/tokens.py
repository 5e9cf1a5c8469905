"""SQL text as tokens: compared by meaning, and identifiers in it renamed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..sqlalchemy_internals import reserved_words

_TOKEN = r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<space>   \s+ )
  | (?P<string>  \b[eE]'(?:[^'\\]|\\.|'')*'        # PostgreSQL's escapes
               | {plain}
               | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )  # PostgreSQL's dollar quotes
  | (?P<quoted>  "(?:[^"]|"")*" | `(?:[^`]|``)*`
               | (?<![\w)\]\["`])\[[^\W\d][^\[\],]*\] )  # not a subscript or an ARRAY[...]
  | (?P<number>  (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w) )
  | (?P<word>    [^\W\d][\w$]* )
  | (?P<symbol>  ::|\#>>|\#>|->>|->|<=>|<>|!~~\*|!~~|!~\*|!~|~~\*|~~|~\*|!=|==|<=|>=|<<|>>|@>|<@
               | \|\||&&|@@|\?\||\?&|. )
"""
_BRACKETED = r"""(?<![\w)\]\["`])\[[^\W\d][^\[\],]*\]"""
_STANDARD = re.compile(_TOKEN.format(plain="'(?:[^']|'')*'"), re.VERBOSE | re.DOTALL)
_SQLITE = re.compile(
    _TOKEN.format(plain="'(?:[^']|'')*'").replace(_BRACKETED, r"\[[^\]]*\]"),
    re.VERBOSE | re.DOTALL,
)
_BACKSLASH = re.compile(_TOKEN.format(plain=r"'(?:[^'\\]|\\.|'')*'"), re.VERBOSE | re.DOTALL)


@dataclass(frozen=True)
class Token:
    """A piece of SQL: ``kind`` is the name of a group of the pattern above."""

    kind: str
    text: str
    escapes: bool = False

    @property
    def name(self) -> str:
        """The identifier without its quotes, as the database has it."""
        if self.kind != "quoted":
            return self.text
        end = self.text[-1]
        return self.text[1:-1].replace(end * 2, end)

    @property
    def value(self) -> str:
        """What the string literal stands for."""
        if self.text.startswith("$"):
            return self.text[self.text.index("$", 1) + 1 : -self.text.index("$", 1) - 1]
        start = self.text.index("'")
        text = self.text[start + 1 : -1].replace("''", "'")
        return re.sub(r"\\(.)", r"\1", text) if self.escapes or start else text


def tokens(sql: str) -> list[Token]:
    """``sql`` in pieces that joined give ``sql`` again.

    Whether a backslash escapes depends on the database. It does where names are quoted
    with backticks, as MariaDB and MySQL do, and where otherwise a string would not end.
    """
    first, second = (True, False) if "`" in sql else (False, True)
    found = _split(sql, escapes=first)
    if any(token.text == "'" for token in found):
        found = _split(sql, escapes=second)
    return found


def sqlite_tokens(sql: str) -> list[Token]:
    """The same for SQLite: a backslash is nothing special, and any name may be in brackets."""
    return [Token(str(m.lastgroup), m.group()) for m in _SQLITE.finditer(sql)]


def _split(sql: str, escapes: bool) -> list[Token]:
    pattern = _BACKSLASH if escapes else _STANDARD
    return [Token(str(m.lastgroup), m.group(), escapes) for m in pattern.finditer(sql)]


def rename_identifiers(sql: str, names: Mapping[str, str]) -> str:
    """``sql`` with every identifier that is a key of ``names`` replaced by its value.

    All at once, so that two names may be swapped. Never inside string literals and
    comments; names of functions, of types in a cast and bare key words are none. The new
    name keeps the old one's quotes, and gets some where it needs them.
    """
    found = tokens(sql)
    folded = {old.casefold(): new for old, new in names.items()}
    quote = next((t.text[0] for t in found if t.kind == "quoted"), '"')
    significant = [i for i, t in enumerate(found) if t.kind not in ("space", "comment")]
    made = [token.text for token in found]
    for position, index in enumerate(significant):
        token = found[index]
        before = found[significant[position - 1]] if position else None
        after = found[significant[position + 1]] if position + 1 < len(significant) else None
        if token.kind == "quoted":
            new = names.get(token.name)
            if new is not None:
                made[index] = quoted(new, token.text[0])
        elif token.kind == "word" and not _is_syntax(token, before, after):
            new = names.get(token.text, folded.get(token.text.casefold()))
            if new is not None:
                made[index] = quoted(new, quote) if needs_quotes(new) else new
    return "".join(made)


def _is_syntax(word: Token, before: Token | None, after: Token | None) -> bool:
    if after is not None and (after.text == "(" or after.kind == "string"):
        return True  # a function, IN (...); date '2020-01-01'
    if before is not None and (before.text == "::" or before.text.lower() in ("as", "collate")):
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


def split(found: list[Token]) -> Iterator[list[Token]]:
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
