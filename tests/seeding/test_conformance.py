"""What ``seed`` writes is what factory_boy's ``create()`` would have written.

Each of the cases of support/conformance.py is made twice, by ``manage.py seed`` and by
``create_batch`` with a session (tests/projects/shapes/create.py), each in an empty database.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from support.conformance import DRAWN, SHAPES, VALUES, Case, Drawn
from support.programs import PROJECTS, Result, run
from support.twosample import LIMIT, p_value

FOLDER = PROJECTS / "shapes"
APPS = "declared traits nested owned metas columns classes"
NewDatabase = Callable[[str], str]
Rows = list[tuple[Any, ...]]


def create(url: str, counts: Iterable[str], **env: str) -> None:
    """Rows by factory_boy alone; without counts the empty tables."""
    pairs = [pair.replace("=", "Factory=") for pair in counts]
    result = run(FOLDER, "create.py", *pairs, url=url, **env)
    assert result.code == 0, result


def seed(url: str, counts: Iterable[str], *options: str, **env: str) -> Result:
    arguments = ("seed", "--random-seed", "1", *options, *counts)
    return run(FOLDER, "manage.py", *arguments, url=url, **env)


def rows(url: str, query: str) -> Rows:
    """In an order of their own: the key is among the columns where it has to be the same."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).all()
    return sorted((tuple(row) for row in found), key=repr)


def both(
    new_database: NewDatabase, backend: str, counts: Sequence[str], **env: str
) -> tuple[str, str, Result]:
    """The URLs of the databases that ``seed`` and ``create()`` have filled."""
    ours, theirs = new_database(backend), new_database(backend)
    with ThreadPoolExecutor() as pool:
        # A variable of Python's own makes it a process that runs beside the others.
        made = pool.submit(create, theirs, counts, PYTHONHASHSEED="0", **env)
        create(ours, [], **env)
        result = seed(ours, counts, **env)
        made.result()
    return ours, theirs, result


Answers = dict[str, tuple[list[Rows] | Result, list[Rows]]]
_answers: dict[tuple[str, str], Answers | AssertionError] = {}


def answers(new_database: NewDatabase, backend: str, cases: Sequence[Case], apps: str) -> Answers:
    """Case -> its rows by ``seed`` and by ``create()``, of one run for all cases.

    Where that fails each case has a run of its own, and the failure takes the place of
    its rows.
    """
    known = _answers.get((backend, apps))
    if isinstance(known, AssertionError):
        raise known
    if known is not None:
        return known
    counts = [count for case in cases for count in case.counts]
    try:
        ours, theirs, result = both(new_database, backend, counts, APPS=apps)
    except AssertionError as error:
        _answers[backend, apps] = error
        raise
    found: Answers = {}
    for case in cases:
        own, single = ours, result
        if result.code:
            own = new_database(backend)
            create(own, [], APPS=apps)
            single = seed(own, case.counts, APPS=apps)
        expected = [rows(theirs, query) for query in case.asked]
        got = single if single.code else [rows(own, query) for query in case.asked]
        found[case.name] = got, expected
    _answers[backend, apps] = found
    return found


def compare(found: Answers, case: Case) -> None:
    ours, theirs = found[case.name]
    assert all(theirs), "a query finds nothing to compare"
    assert ours == theirs


@pytest.mark.slow(reason="a big table of cases")
@pytest.mark.parametrize("case", VALUES, ids=lambda case: case.name)
def test_the_same_values(case: Case, new_database: NewDatabase) -> None:
    compare(
        answers(
            new_database, "sqlite", VALUES, "declared traits nested owned metas columns classes"
        ),
        case,
    )


@pytest.mark.slow(reason="a big table of cases")
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_the_same_values_of_every_model_shape(backend: str, new_database: NewDatabase) -> None:
    found = answers(new_database, backend, SHAPES, "columns classes")
    wrong = {}
    for case in SHAPES:
        try:
            compare(found, case)
        except AssertionError:
            wrong[case.name] = found[case.name]
    assert not wrong


@pytest.mark.slow(reason="a big table of cases")
@pytest.mark.parametrize("drawn", DRAWN, ids=lambda drawn: drawn.model)
def test_the_same_distribution(drawn: Drawn, new_database: NewDatabase) -> None:
    ours, theirs, result = both(new_database, "sqlite", drawn.counts, APPS="drawn")
    assert result.code == 0, result
    source = drawn.source or f"t_{drawn.model.lower()}"
    query = f"SELECT {', '.join(drawn.columns)} FROM {source}"
    samples = [list(zip(*rows(url, query), strict=True)) for url in (ours, theirs)]
    chances = {c: p_value(*pair) for c, *pair in zip(drawn.columns, *samples, strict=True)}
    assert {column: p for column, p in chances.items() if p < LIMIT} == {}


def test_factory_boy_makes_what_cannot_be_evaluated_by_column(new_database: NewDatabase) -> None:
    """Reads ``factories`` of ``seed --dry-run --json``: factory, count, how, why."""
    url = new_database("sqlite")
    create(url, [])
    named = [*VALUES, *DRAWN]
    result = seed(url, [c for each in named for c in each.counts], "--dry-run", "--json")
    if "No such option" in result.stderr:
        pytest.skip("seed has no --dry-run")
    assert result.code == 0, result
    told = {each["factory"]: each for each in json.loads(result.stdout)["factories"]}
    expected = {f"{each.counts[-1].split('=')[0]}Factory": each.how for each in named if each.how}
    assert {name: told[name]["how"] for name in expected} == expected
    for name, how in expected.items():
        assert bool(told[name]["why"]) == (how != "columns"), told[name]


def test_the_table_is_as_large_as_promised() -> None:
    assert len({case.name for case in VALUES}) == len(VALUES) >= 45
    assert {"columns", "objects", "factory_boy"} <= {case.how for case in VALUES}


N = 4000


def sample(weights: dict[Any, float], number: int) -> list[Any]:
    return random.Random(number).choices([*weights], [*weights.values()], k=N)


def test_samples_of_one_distribution_are_found_alike() -> None:
    weights = {f"name {n}": 1 / (n + 1) for n in range(1000)}
    chances = [p_value(sample(weights, n), sample(weights, n + 1)) for n in range(0, 60, 2)]
    assert min(chances) > 1e-3
    assert p_value([7] * N, [7] * N) == 1.0
    assert p_value([None] * N, [None] * N) == 1.0


SIMILAR: dict[str, tuple[dict[Any, float], dict[Any, float]]] = {
    "a weight of 0.42 for 0.5": ({"a": 0.5, "b": 0.5}, {"a": 0.42, "b": 0.58}),
    "a rare category is missing": (
        {"a": 0.45, "b": 0.33, "c": 0.2, "d": 0.02},
        {"a": 0.46, "b": 0.34, "c": 0.2},
    ),
    "one of many is missing": (
        {n: 1 / 100 for n in range(100)},
        {n: 1 / 99 for n in range(99)},
    ),
    "the last number of a range is never drawn": (
        dict.fromkeys(range(1, 101), 1),
        dict.fromkeys(range(1, 100), 1),
    ),
    "weights are left out": (
        {f"{n}": 1 / (n + 5) for n in range(100)},
        {f"{n}": 1 for n in range(100)},
    ),
    "a little later each time": (
        {f"2024-01-01 00:{n:04}": 1 for n in range(1000)},
        {f"2024-01-01 00:{n:04}": 1 for n in range(60, 1060)},
    ),
    "None now and then": ({"a": 1}, {"a": 99, None: 1}),
    "always the same": ({1: 1, 2: 1}, {1: 1}),
}


@pytest.mark.parametrize("name", SIMILAR)
def test_samples_of_similar_distributions_are_told_apart(name: str) -> None:
    first, second = SIMILAR[name]
    assert p_value(sample(first, 1), sample(second, 2)) < LIMIT
    assert p_value(sample(second, 3), sample(first, 4)) < LIMIT
    assert p_value(sample(first, 5), sample(first, 6)) > LIMIT
