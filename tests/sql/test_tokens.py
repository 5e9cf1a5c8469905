"""Each database's quoting, in one tokenizer."""

from __future__ import annotations

import pytest

from sqlalchemy_manage.sql.tokens import tokens, words_of

SQL = """'a\\' "b" `c` [d] # e
-- f
--g $$ 'h' $$ /* i */ E'j'"""


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (
            "sqlite",
            ["string 'a\\'", 'quoted "b"', "quoted `c`", "quoted [d]", "symbol #", "word e"],
        ),
        (
            "postgresql",
            ["string 'a\\'", 'quoted "b"', "symbol `", "word c", "symbol `", "symbol ["],
        ),
        (
            "mysql",
            ["string 'a\\' \"b\" `c` [d] # e\n-- f\n--g $$ '", "word h", "string ' $$ /* i */ E'"],
        ),
    ],
)
def test_what_quotes_depends_on_the_database(database: str, expected: list[str]) -> None:
    found = [f"{token.kind} {token.text}" for token in words_of(SQL, database)]
    assert found[: len(expected)] == expected
    assert "".join(token.text for token in tokens(SQL, database)) == SQL


@pytest.mark.parametrize(
    ("database", "sql", "expected"),
    [
        ("postgresql", "$a$ ' $a$ x", ["body", "word"]),
        ("sqlite", "$a$ '", ["symbol", "word", "symbol"]),
        ("mysql", "a -- b\n--c # d\n/* e */", ["word", "symbol", "symbol", "word"]),
        ("sqlite", "a -- b\n--c\n/* d */", ["word"]),
        ("mysql", '2fa 1.5 "it\\"s"', ["symbol", "number", "string"]),
    ],
)
def test_comments_bodies_and_numbers(database: str, sql: str, expected: list[str]) -> None:
    assert [token.kind for token in words_of(sql, database)] == expected
