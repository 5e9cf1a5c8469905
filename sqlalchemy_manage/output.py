"""Results go to stdout; progress, warnings and errors go to stderr, without passwords."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, NoReturn

from .fitting import cells, fit, table_lines

_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^\s]*@")
_KEY_PASSWORD = re.compile(r"((?:password|passwd|sslpassword|pwd)=)[^&\s'\";]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Reporter = Callable[[tuple[str, str, float]], None]
"""Takes what happened, to which thing, and a number of seconds."""

_secrets: set[str] = set()
_verbosity = 1
_color: bool | None = None
_USUAL_WIDTH = 80
_begun = 0
"""How much of the terminal's line is written already, on stderr."""
_above: Callable[[str], None] | None = None


def configure(verbosity: int) -> None:
    """Set how much is said on stderr: 0 errors only, 1 normal, 2 and 3 more."""
    global _verbosity
    _verbosity = verbosity


def verbosity() -> int:
    """How much is said on stderr."""
    return _verbosity


def use_color(allowed: bool | None) -> None:
    """False: never, not even on a terminal. None: on a terminal only."""
    global _color
    _color = allowed


def keep_secret(word: str | None) -> None:
    """Remove ``word`` from all messages from now on.

    Words under four characters are left to the URL pattern: striking out every
    "a" would hide the message and not the password.
    """
    if word and len(word) >= 4:
        _secrets.add(word)


def redact(text: str) -> str:
    """``text`` without any known password, and without any in a URL."""
    text = _URL_PASSWORD.sub(r"\1***@", text)
    text = _KEY_PASSWORD.sub(r"\1***", text)
    for secret in sorted(_secrets, key=len, reverse=True):  # one may begin with another
        text = text.replace(secret, "***")
    return text


def clean(value: object) -> str:
    """``value`` as text that cannot steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def width(*, err: bool = False) -> int | None:
    """How many columns the terminal has; None where stdout (or stderr) is no terminal."""
    stream = sys.stderr if err else sys.stdout
    if stream is None or not stream.isatty():
        return None
    # COLUMNS may come from a program that had another terminal.
    named = os.environ.get("COLUMNS", "")
    usual = int(named) if named.isdecimal() and int(named) else _USUAL_WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or usual
    except (OSError, ValueError, AttributeError):
        return usual


def answer(text: str = "", *, nl: bool = True, verbatim: bool = False) -> None:
    """Print a result on stdout; ``verbatim`` is for files, SQL and paths, which no line breaks."""
    room = width()
    _echo(text if verbatim or not nl or room is None else fit(text, room), nl=nl)


def answer_json(value: Any) -> None:
    """Print a result on stdout as indented JSON; what JSON does not have is written as text."""
    import json

    _echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(text: str, *, level: int = 1, nl: bool = True) -> None:
    """Print a message on stderr, at ``-v level`` and above."""
    if _verbosity >= level:
        _message(redact(text), nl=nl)


def warn(text: str) -> None:
    """Print a warning: something is probably a mistake."""
    if _verbosity >= 1:
        _message(_style("Warning: ", fg="yellow") + redact(text))


def error(text: str, hint: str | None = None) -> None:
    """Print what went wrong, and what to type next."""
    _message(_style("Error: ", fg="red", bold=True) + redact(text))
    if hint:
        _message(redact(hint))


def trace(text: str) -> None:
    """Print a traceback on stderr, its lines as they are."""
    _echo(redact(text), err=True, nl=False)


def fitted(text: str) -> str:
    """``text`` as a question on stderr shows it: without passwords, broken between words."""
    text, room = redact(text), width(err=True)
    return text if room is None else fit(text, room)


@contextmanager
def above(write: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile hand lines for stderr to ``write``, which shows them above what is there."""
    global _above
    before, _above = _above, write
    try:
        yield
    finally:
        _above = before


@contextmanager
def captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Meanwhile keep what is printed on stdout and on stderr, whoever prints it."""
    global _above, _begun
    before, _above, _begun = (_above, _begun), None, 0
    kept = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(kept[0]), redirect_stderr(kept[1]):
            yield kept
    finally:
        _above, _begun = before


def _message(text: str, *, nl: bool = True) -> None:
    """Print on stderr, after what of the line is there already."""
    global _begun
    room = width(err=True)
    if room is not None and nl:
        if _begun and _begun + cells(text) > room:
            text = f"\n    {text.strip()}"
        text = text if _begun else fit(text, room)
    _begun = 0 if nl else _begun + cells(text)
    if _above is not None:
        _above(text)
    else:
        _echo(text, err=True, nl=nl)


# Click takes as long to import as Python to start: it is there for colors alone.


def _echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    if "\x1b" in text:
        import click

        click.echo(text, err=err, nl=nl, color=_color)
        return
    stream = sys.stderr if err else sys.stdout
    if stream is not None:
        stream.write(f"{text}\n" if nl else text)
        stream.flush()


def _style(text: str, **how: Any) -> str:
    import click

    return click.style(text, **how)


def leave(text: str, hint: str | None, code: int) -> NoReturn:
    """Print what went wrong, and end the process: where another program's command line runs."""
    error(text, hint)
    raise SystemExit(code)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print a table on stdout: as wide as it is, or as the terminal is. Nothing is cut.

    ``right``: the indexes of the columns to align to the right (numbers).
    """
    texts = [[clean(cell) for cell in row] for row in rows]
    head, body = table_lines(headers, texts, right, width())
    bold = _color is None and bool(os.environ.get("FORCE_COLOR"))
    if head and (bold or width() is not None):
        head = [*(_style(line, bold=True) for line in head[:-1]), head[-1]]
    import click

    click.echo("\n".join([*head, *body]), color=True if bold else _color)
