"""Text fitted to a width: lines broken between words, tables, and counts in words.

Knows no terminal, and changes no text that fits. A command that can be copied is one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_MARKER = re.compile(r" *(?:(?:\d+\)|[-+~*]|\[.\]) +)?")
_COLUMN = re.compile(r"[^ ] {2,}(?=[^ ])")
_ARGUMENT = re.compile(r"-|[\"'\[<]|[A-Z][A-Z]|.*[=_/\d]|zero\b|head")
_PROGRAMS = ("manage.py", "pip", "git", "DATABASE_URL=")
_APART = 3  # blanks between two columns of a table


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes; colors take none, East Asian signs two."""
    plain = _ESCAPE.sub("", text)
    if plain.isascii():
        return len(plain)
    from unicodedata import combining, east_asian_width

    wide = sum(east_asian_width(each) in "WF" for each in plain)
    return len(plain) + wide - sum(combining(each) != 0 for each in plain)


def count(number: int, what: str, several: str | None = None) -> str:
    """``1 row``, ``1,200 rows``; ``several`` is the plural if it is not ``what`` with an s."""
    return f"{number:,} {what if number == 1 else several or what + 's'}"


def fit(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` columns, without blanks at their ends.

    Broken at blanks only: a longer word, or a command to copy, has a line of its own. The
    second part of a line goes below the first, indented like it, or below its last column.
    """
    return "\n".join(part for line in text.split("\n") for part in _fit_line(line, width))


def _fit_line(line: str, width: int) -> Iterator[str]:
    line = line.rstrip(" ")
    if cells(line) <= width:
        yield line
        return
    match = _MARKER.match(line)
    indent = " " * (match.end() if match else 0)
    for column in _COLUMN.finditer(line, len(indent)):
        start = cells(line[: column.end()])
        if start <= width * 7 // 10:
            indent = " " * start
        elif cells(line[: column.start() + 1]) <= width:
            # No room beside it: what is said about the first column goes below it.
            first, rest = line[: column.start() + 1], line[column.end() :]
            yield from _fit_line(first, width)
            yield from _fit_line(f"{indent}    {rest}", width)
            return
    now, gap = "", ""
    for word, after in words(line):
        longer = now + gap + word
        if not now.strip() or cells(longer) <= width:
            now = longer
        else:
            yield now
            now = indent + word
            if cells(now) > width:  # below the line's beginning, if not below its last column
                now = min(indent, " " * 4) + word
        gap = after
    yield now


def words(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a line that cannot be broken, each with the blanks after it.

    The blanks before the first belong to it. A command with its arguments is one part, and so
    is an option with its value.
    """
    found = re.findall(r"(^ *[^ ]+|[^ ]+)( *)", line)
    index = 0
    while index < len(found):
        first, gap = found[index]
        index += 1
        part, plain = first, _ESCAPE.sub("", first).strip().lstrip("'\"(`")
        if plain.startswith(_PROGRAMS) and index < len(found) and len(gap) == 1:
            part, gap = part + gap + found[index][0], found[index][1]  # the command's name
            index += 1
        elif not plain.startswith("--"):
            yield part, gap
            continue
        while index < len(found) and len(gap) == 1 and _continues(part, found[index][0]):
            part, gap = part + gap + found[index][0], found[index][1]
            index += 1
        yield part, gap


def _continues(command: str, word: str) -> bool:
    """Whether ``word`` is an argument of ``command``, and not the sentence's next word."""
    if command.count('"') % 2:
        return True
    if command[-1] in ".,;:)":
        return False
    return _ARGUMENT.match(word) is not None


def definitions(rows: Iterable[tuple[str, str]], width: int, *, most: int = 30) -> list[str]:
    """Lines of names and what they mean, in two columns; a long name has a line of its own."""
    rows = list(rows)
    first = max((cells(name) for name, _ in rows if cells(name) <= most), default=most)
    lines = []
    for name, text in rows:
        parts = fit(text, max(width - first - 4, 10)).split("\n") if text else [""]
        beside = cells(name) <= first
        if not beside:
            lines.append(f"  {name}")
        for number, part in enumerate(parts):
            head = name if beside and number == 0 else ""
            lines.append(f"  {head}{' ' * (first - cells(head))}  {part}".rstrip())
    return lines


def table_lines(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    width: int | None = None,
) -> tuple[list[str], list[str]]:
    """The lines of a table: of its head, and of its rows.

    Where ``width`` does not do, the texts are broken between words, and where that is not
    enough, each row is a paragraph, without a head. ``right``: the columns of numbers.
    """
    widths = [max(map(cells, column)) for column in zip(headers, *rows, strict=True)]
    if width is not None and not _narrowed(widths, headers, rows, right, width):
        return [], [line for row in rows for line in _stacked(headers, row, width)]
    head = list(_row(headers, widths, right))
    rule = "─" * (sum(widths) + _APART * (len(widths) - 1))
    return [*head, rule], [line for row in rows for line in _row(row, widths, right)]


def _narrowed(
    widths: list[int],
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int],
    width: int,
) -> bool:
    """Take what is too much from the widest columns of text; False if that cannot be done."""
    least = [
        widths[index]
        if index in right
        else max(cells(word) for cell in column for word in cell.split(" "))
        for index, column in enumerate(zip(headers, *rows, strict=True))
    ]
    # What goes on below is indented.
    pairs = zip(least, widths, strict=True)
    least = [low if low == high else min(low + 2, high) for low, high in pairs]
    room = width - _APART * (len(widths) - 1)
    while sum(widths) > room:
        index = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        if widths[index] <= least[index]:
            return False
        widths[index] -= 1
    return True


def _row(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> Iterator[str]:
    parts = []
    for cell, width in zip(row, widths, strict=True):
        first, *rest = fit(cell, width).split("\n")
        more = fit(" ".join(rest), width - 2).split("\n") if rest else []
        parts.append([first, *(f"  {part}" for part in more)])
    for number in range(max(map(len, parts), default=0)):
        line = ""
        for index, (part, width) in enumerate(zip(parts, widths, strict=True)):
            text = part[number] if number < len(part) else ""
            blanks = " " * (width - cells(text))
            line += (blanks + text if index in right else text + blanks) + " " * _APART
        yield line.rstrip()


def _stacked(headers: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    yield from fit(row[0], width).split("\n")
    pairs = [
        f"{header}: {cell}" if header else cell
        for header, cell in zip(headers[1:], row[1:], strict=True)
        if cell
    ]
    line = ""
    for pair in pairs:
        if line and cells(f"{line}   {pair}") > width:
            yield from fit(line, width).split("\n")
            line = ""
        line = f"{line}   {pair}" if line else f"  {pair}"
    if line:
        yield from fit(line, width).split("\n")
