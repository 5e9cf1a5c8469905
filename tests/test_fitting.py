"""Text in lines of a width: nothing is broken, nothing is lost, what fits stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlalchemy_manage.fitting import cells, count, definitions, fit, table_lines, words

# The machine may be busy with other tests.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
COMMAND = "manage.py migrate 0002_department_employee_link --allow-data-loss"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 5, "short"),
        ("two words", 5, "two\nwords"),
        ("a word_that_is_too_long here", 8, "a\nword_that_is_too_long\nhere"),
        ("blanks at the end   ", 40, "blanks at the end"),
        ("  + add column a.b to c", 14, "  + add column\n    a.b to c"),
        ("    1) a value for it", 14, "    1) a value\n       for it"),
        ("ok   name   what it says is long", 24, "ok   name   what it says\n            is long"),
        ("a_long_name  and what it is", 15, "a_long_name\n    and what it\n    is"),
        (f"Fix it, then: {COMMAND}", 40, f"Fix it, then:\n{COMMAND}"),
        (f"Type {COMMAND} and wait.", 68, f"Type\n{COMMAND}\nand wait."),
        (f"{COMMAND} applies it.", 50, f"{COMMAND}\napplies it."),
        ('x manage.py shell -c "a b c"', 12, 'x\nmanage.py shell -c "a b c"'),
        ("manage.py prepare creates and fills", 20, "manage.py prepare\ncreates and fills"),
        ("is --default a.b=1 or not", 12, "is\n--default a.b=1\nor not"),
        ("\x1b[31mred\x1b[0m and blue", 8, "\x1b[31mred\x1b[0m and\nblue"),
        ("名前 名前 名前", 9, "名前 名前\n名前"),
    ],
)
def test_fit(text: str, width: int, expected: str) -> None:
    assert fit(text, width) == expected


LINES = st.text(st.sampled_from("ab  =-.,\"'名\n") | st.characters(codec="ascii"), max_size=200)


@patient
@given(LINES, st.integers(1, 120))
def test_nothing_is_lost_and_a_line_is_too_long_only_as_one_part(text: str, width: int) -> None:
    fitted = fit(text, width)
    assert fitted.split() == text.split()
    for line in fitted.split("\n"):
        assert line == line.rstrip(" ")
        if cells(line) > width:
            assert len(list(words(line.strip()))) == 1


@patient
@given(LINES, st.integers(1, 120))
def test_what_fits_stays(text: str, width: int) -> None:
    lines = text.split("\n")
    if all(cells(line) <= width for line in lines):
        assert fit(text, width) == "\n".join(line.rstrip(" ") for line in lines)


CELLS = st.lists(st.text(st.sampled_from("abc  _"), max_size=30), min_size=3, max_size=3)


@patient
@given(st.lists(CELLS, max_size=5), st.integers(10, 100))
def test_a_table_fits_or_is_paragraphs(rows: list[list[str]], width: int) -> None:
    head, body = table_lines(("name", "what it is", "n"), rows, (2,), width)
    long = max(
        (cells(w) for row in rows for cell in row for w in [*cell.split(), cell][-1:]), default=0
    )
    for line in [*head, *body]:
        assert line == line.rstrip()
        if head and long <= width:
            assert cells(line) <= width
    got = "".join("".join(body).split())
    for word in (word for row in rows for cell in row for word in cell.split()):
        assert word in got


def test_a_table_is_as_wide_as_it_is_where_there_is_no_width() -> None:
    head, body = table_lines(("a", "rows"), [("x" * 150, "1")], (1,))
    assert head == [f"a{' ' * 149}   rows", "─" * 157]
    assert body == [f"{'x' * 150}      1"]


def test_definitions_of_long_names_stand_below() -> None:
    lines = definitions([("-a", "one two three"), ("--a-long-name", "what")], 20, most=6)
    assert lines == ["  -a  one two three", "  --a-long-name", "      what"]


@pytest.mark.parametrize(
    ("number", "what", "several", "expected"),
    [
        (0, "row", None, "0 rows"),
        (1, "row", None, "1 row"),
        (1200, "broken link", None, "1,200 broken links"),
        (1, "factory", "factories", "1 factory"),
        (2, "factory", "factories", "2 factories"),
    ],
)
def test_count(number: int, what: str, several: str | None, expected: str) -> None:
    assert count(number, what, several) == expected
