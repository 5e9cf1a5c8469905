"""CHECKs worked out without a database, as each database works them out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sqlalchemy_manage.sql.evaluation import NotEvaluated, holds
from sqlalchemy_manage.sql.expression_parser import tree

HOLDS: list[tuple[str, dict[str, Any], bool]] = [
    ("x > 0", {"x": 3}, True),
    ("x > 0", {"x": 0}, False),
    ("x > 0", {"x": None}, True),
    ("x BETWEEN 1 AND 5", {"x": 6}, False),
    ("x NOT BETWEEN 1 AND 5", {"x": 6}, True),
    ("x IN ('a', 'b')", {"x": "c"}, False),
    ("x NOT IN ('a', 'b')", {"x": "c"}, True),
    ("length(x) >= 3", {"x": "ab"}, False),
    ("x = upper(x)", {"x": "aB"}, False),
    ("x LIKE 'A_%'", {"x": "A"}, False),
    ("x LIKE '%@%'", {"x": "a@b"}, True),
    ("x NOT LIKE '% %'", {"x": "a b"}, False),
    ("x ~ '^[a-z]+$'", {"x": "abc"}, True),
    ("x <> ''", {"x": ""}, False),
    ("x IS NOT NULL OR y IS NOT NULL", {"x": None, "y": None}, False),
    ("(x IS NULL) <> (y IS NULL)", {"x": 1, "y": None}, True),
    ("(x IS NULL) <> (y IS NULL)", {"x": 1, "y": 2}, False),
    ("(x IS NOT NULL)::int + (y IS NOT NULL)::int = 1", {"x": 1, "y": None}, True),
    ("num_nonnulls(x, y) = 1", {"x": 1, "y": 2}, False),
    ("x < y", {"x": dt.date(2020, 1, 1), "y": dt.date(2020, 1, 2)}, True),
    ("x >= '2020-01-01'", {"x": dt.date(2019, 1, 1)}, False),
    ("x >= DATE '2020-01-01'", {"x": dt.datetime(2020, 1, 1, 5)}, True),
    ("x % 2 = 0", {"x": 3}, False),
    ("x * y < 100", {"x": 2.5, "y": 30}, True),
    ("CASE WHEN x = 'a' THEN y > 0 ELSE y = 0 END", {"x": "b", "y": 1}, False),
    ("coalesce(x, 0) + y = 10", {"x": None, "y": 10}, True),
    ("NOT (x AND y)", {"x": True, "y": True}, False),
    ("X > 1", {"x": 2}, True),
]


@pytest.mark.parametrize(("sql", "row", "expected"), HOLDS)
def test_a_row_passes_or_not(sql: str, row: dict[str, Any], expected: bool) -> None:
    assert holds(tree(sql), row) is expected


@pytest.mark.parametrize(
    ("sql", "row"),
    [("is_valid(x)", {"x": 1}), ("x > 0", {}), ("x > 'a'", {"x": 1}), ("ST_Area(x) > 1", {"x": 1})],
)
def test_what_only_the_database_knows(sql: str, row: dict[str, Any]) -> None:
    with pytest.raises(NotEvaluated):
        holds(tree(sql), row)
