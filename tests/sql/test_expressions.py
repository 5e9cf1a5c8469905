"""SQL text: identifiers renamed, expressions compared, and the server asked about the rest."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support.comparing import Database

from sqlalchemy_manage.sql.expression_parser import tree
from sqlalchemy_manage.sql.expressions import plain, same
from sqlalchemy_manage.sql.tokens import rename_identifiers, tokens


@pytest.mark.parametrize(
    ("sql", "names", "renamed"),
    [
        ("name > 0", {"name": "full_name"}, "full_name > 0"),
        ("names > 0 AND name_2 > 0", {"name": "x"}, "names > 0 AND name_2 > 0"),
        ("NAME > 0", {"name": "full_name"}, "full_name > 0"),
        ("a < b", {"a": "b", "b": "a"}, "b < a"),
        ("name = 'name'", {"name": "x"}, "x = 'name'"),
        ("n = 'it''s n' AND n > 1", {"n": "x"}, "x = 'it''s n' AND x > 1"),
        (r"`n` = 'it\'s `n`' AND `n`", {"n": "x"}, r"`x` = 'it\'s `n`' AND `x`"),
        (r"`n` = 'a\'n' OR `n` = 'b\'n'", {"n": "x"}, r"`x` = 'a\'n' OR `x` = 'b\'n'"),
        (r"n = E'it\'s n'", {"n": "x"}, r"x = E'it\'s n'"),
        ("n = $$n$$", {"n": "x"}, "x = $$n$$"),
        ('"Name" > 0', {"Name": "x"}, '"x" > 0'),
        ('"name" > 0', {"Name": "x"}, '"name" > 0'),
        ("`name` > 0", {"name": "order"}, "`order` > 0"),
        ("[a b] > 0", {"a b": "c]d"}, "[c]]d] > 0"),
        ("name > 0", {"name": "order"}, '"order" > 0'),
        ("name > 0", {"name": "Full Name"}, '"Full Name" > 0'),
        ("name > `b`", {"name": "Full Name"}, "`Full Name` > `b`"),
        ("name > 0", {"name": 'a"b'}, '"a""b" > 0'),
        ("length(length) > 1", {"length": "size"}, "length(size) > 1"),
        ("CAST(text AS text) = text::text", {"text": "note"}, "CAST(note AS text) = note::text"),
        ("date > date '2020-01-01'", {"date": "day"}, "day > date '2020-01-01'"),
        ("item.name > 0", {"name": "x"}, "item.x > 0"),
        ("a[i] = ANY (ARRAY[a, i])", {"i": "j"}, "a[j] = ANY (ARRAY[a, j])"),
        ("a > 0 -- a\n /* a */", {"a": "b"}, "b > 0 -- a\n /* a */"),
        ("straße > 0", {"straße": "weg"}, "weg > 0"),
        ("a > 0", {"a": "straße"}, '"straße" > 0'),
        ("a IN (1) AND NOT a", {"in": "x", "not": "y"}, "a IN (1) AND NOT a"),
    ],
)
def test_identifiers_are_renamed(sql: str, names: dict[str, str], renamed: str) -> None:
    assert "".join(token.text for token in tokens(sql)) == sql
    assert rename_identifiers(sql, names) == renamed


# What a model says, and what PostgreSQL or MariaDB gives back.
SAME = [
    ("kind IN ('a', 'b')", "kind::text = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])"),
    ("kind IN ('a', 'b')", "`kind` in ('a','b')"),
    ("kind IN ('z')", "kind::text = 'z'::text"),
    ("a NOT IN (7, 8)", "(a <> ALL (ARRAY[7, 8]))"),
    ("NOT a IN (7, 8)", "NOT (a = ANY (ARRAY[7, 8]))"),
    ("a BETWEEN 1 AND 5 OR b LIKE 'x%'", "a >= 1 AND a <= 5 OR b::text ~~ 'x%'::text"),
    ("a NOT BETWEEN 1 AND 4", "a < 1 OR a > 4"),
    ("name NOT LIKE 'b'", "name::text !~~ 'b'::text"),
    ("(a + 1) * 2 > 3 AND NOT (b < 0)", "((a + 1) * 2) > 3 AND NOT b < 0::numeric"),
    ("a * 2 + 1", "((a * 2) + 1)"),
    ("a > -1", "a > '-1'::integer"),
    ("a > -5.5", "a > '-5.5'::numeric"),
    ("a != 1", "a <> 1"),
    ("d > '2020-01-01'", "d > '2020-01-01'::date"),
    ("n = 'it''s' or n is not null", "n::text = 'it''s'::text OR n IS NOT NULL"),
    ("n = 'it''s'", r"`n` = 'it\'s'"),
    ("item.a > 0", "a > 0"),
    ('"a" > 0', "a > 0"),
    ("coalesce(n, 'x') <> ''", "COALESCE(n, 'x'::character varying)::text <> ''::text"),
    ("CASE WHEN a > 1 THEN 2 ELSE 3 END", "\nCASE\n    WHEN a > 1 THEN 2\n    ELSE 3\nEND"),
    ("extract(year from d) > 2000", "EXTRACT(year FROM d) > 2000::numeric"),
    ("a % 2 = 0", "`a` MOD 2 = 0"),
    ("a and b and c", "((a AND b) AND c)"),
    ("CAST(p AS DECIMAL(10, 2)) > 1", "p::numeric(10,2) > 1"),
    ("now()", "CURRENT_TIMESTAMP"),
    ("CURRENT_TIMESTAMP", "current_timestamp()"),
    ("'{}'", "'{}'::jsonb"),
    ("data->>'a' = 'b'", "((data ->> 'a'::text) = 'b'::text)"),
    ("n COLLATE \"C\" > 'a'", "(n::text COLLATE \"C\") > 'a'::text"),
    ("now() at time zone 'UTC'", "(now() AT TIME ZONE 'UTC'::text)"),
]
DIFFERENT = [
    ("a and (b or c)", "a and b or c"),
    ("a and (b or c)", "a and b and c"),
    ("a - (b - c)", "a - b - c"),
    ("a + b * c", "(a + b) * c"),
    ("a > 1", "a >= 1"),
    ("kind IN ('a', 'b')", "kind IN ('a', 'c')"),
    ("name = 'A'", "name = 'a'"),
    ('"Name" > 1', "name > 1"),
    ("CAST(a AS integer) > 5", "a > 5"),
    ("a / b > 1", "a::numeric / b::numeric > 1"),
    ("CAST(a AS DECIMAL(10, 2)) > 1", "CAST(a AS DECIMAL(10, 3)) > 1"),
    ("lower(a) = 'x'", "upper(a) = 'x'"),
    ("a > '1'", "a > 1"),
    ("not (a or b)", "not a or b"),
    ("a is null", "a is not null"),
    ("a < all (b)", "a < any (b)"),
    ("(select 'A')", "(select 'a')"),
    ('"user" = 1', "user = 1"),
]


@pytest.mark.parametrize(("model", "database"), SAME)
def test_the_same_in_other_words(model: str, database: str) -> None:
    assert tree(model)[0] != "words"
    assert same(model, database)
    assert same(plain(database), database)


@pytest.mark.parametrize(("model", "database"), DIFFERENT)
def test_another_meaning_is_never_the_same(model: str, database: str) -> None:
    assert not same(model, database)


@pytest.mark.parametrize(
    ("database", "written"),
    [
        ("kind::text = ANY (ARRAY['a'::text, 'b'::text])", "kind IN ('a', 'b')"),
        ("`a` > 0 and `order` < 5", "(a > 0) AND (`order` < 5)"),
        ("((a)::numeric > (0)::numeric)", "((a)::numeric > (0)::numeric)"),
        ("'2020-01-01'::date", "'2020-01-01'"),
        ("d > '2020-01-01'::date", "d > '2020-01-01'::date"),
        ("nextval('s'::regclass)", "nextval('s'::regclass)"),
        ("'it''s'::character varying", "'it''s'"),
        ("(-1)", "-1"),
        ("0.00", "0.00"),
        ("current_timestamp()", "CURRENT_TIMESTAMP"),
        ("body > 0", "body > 0"),
        ('"user" > "Name"', '"user" > "Name"'),
        ("length(name::text)", "length(name)"),
    ],
)
def test_a_database_s_text_is_written_plainly_where_that_says_the_same(
    database: str, written: str
) -> None:
    assert plain(database) == written


def _probed(database: Database) -> list[str]:
    return [s.split("(")[0].split()[-1] for s in database.statements if "CREATE TEMP" in s]


def test_the_server_is_asked_once_for_a_table_and_only_in_doubt(
    engine: sa.Engine, backend: str
) -> None:
    def define(metadata: sa.MetaData) -> None:
        # Neither database says these as they are written, nor in a way that is read alike.
        checks = ["CAST(a AS DECIMAL(9, 3)) > 0.5 AND NOT (a < 0)", "length(name) < 5"]
        if backend == "postgresql":
            checks = ["CAST(a AS DECIMAL) > 0.5 AND 1 < a", "name SIMILAR TO 'a%'"]
        sa.Table(
            "doubtful",
            metadata,
            sa.Column("a", sa.Integer, server_default=sa.text("(1 + abs(-2))")),
            sa.Column("name", sa.String(9)),
            *(sa.CheckConstraint(text, name=f"ck_{i}") for i, text in enumerate(checks)),
        )
        sa.Table("clear", metadata, sa.Column("a", sa.Integer, sa.CheckConstraint("a > 0")))

    database = Database(engine)
    database.create(define)
    database.execute("INSERT INTO doubtful (a, name) VALUES (3, 'a')")
    assert database.operations(define) == [], database.code[0]
    assert _probed(database) == ([] if backend == "sqlite" else ["doubtful"])
    assert database.temporary_tables == []
    assert database.rows("SELECT a, name FROM doubtful") == [(3, "a")]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_what_the_server_refuses_is_different(engine: sa.Engine) -> None:
    def models(condition: str) -> sa.MetaData:
        metadata = sa.MetaData()
        check = sa.CheckConstraint(condition, name="ck")
        sa.Table("item", metadata, sa.Column("a", sa.Integer), check)
        return metadata

    database = Database(engine)
    database.create(models("a > 0"))
    found = database.operations(models("no_such_function(a) > 0"))
    assert [type(op).__name__ for op in found] == ["DropConstraintOp", "CreateCheckConstraintOp"]
    assert _probed(database) == ["item"]
    assert database.temporary_tables == []
    # The transaction of the comparison goes on after it.
    assert database.operations(models("a > 0")) == []


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_type_that_does_not_exist_yet_does_not_keep_the_server_from_answering(
    engine: sa.Engine,
) -> None:
    def models(*more: str) -> sa.MetaData:
        metadata = sa.MetaData()
        columns = [sa.Column(name, sa.Enum("a", "b", name=f"type_{name}")) for name in more]
        check = sa.CheckConstraint("name SIMILAR TO 'a%'", name="ck")
        sa.Table("item", metadata, sa.Column("name", sa.String(9)), *columns, check)
        return metadata

    database = Database(engine)
    database.create(models("old"))
    found = [type(op).__name__ for op in database.operations(models("old", "new"))]
    assert _probed(database) == ["item"]
    assert "DropConstraintOp" not in found
