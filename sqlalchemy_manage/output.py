"""Results go to stdout; progress, warnings and errors go to stderr, without passwords."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import click

_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^\s]*@")
_KEY_PASSWORD = re.compile(r"((?:password|passwd|sslpassword|pwd)=)[^&\s'\";]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Reporter = Callable[[tuple[str, str, float]], None]
"""Takes what happened, to which thing, and a number of seconds."""

_secrets: set[str] = set()
_verbosity = 1
_color: bool | None = None


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


def answer(text: str = "", *, nl: bool = True) -> None:
    """Print a result on stdout."""
    click.echo(text, nl=nl, color=_color)


def answer_json(value: Any) -> None:
    """Print a result on stdout as indented JSON; what JSON does not have is written as text."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(text: str, *, level: int = 1, nl: bool = True) -> None:
    """Print a message on stderr, at ``-v level`` and above."""
    if _verbosity >= level:
        click.echo(redact(text), err=True, nl=nl, color=_color)


def warn(text: str) -> None:
    """Print a warning: something is probably a mistake."""
    if _verbosity >= 1:
        click.echo(click.style("Warning: ", fg="yellow") + redact(text), err=True, color=_color)


def error(text: str, hint: str | None = None) -> None:
    """Print what went wrong, and what to type next."""
    title = click.style("Error: ", fg="red", bold=True)
    click.echo(title + redact(text), err=True, color=_color)
    if hint:
        click.echo(redact(hint), err=True)


def leave(text: str, hint: str | None, code: int) -> NoReturn:
    """Print what went wrong, and end the process: where another program's command line runs."""
    error(text, hint)
    raise SystemExit(code)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """Print a table on stdout, never cut to the width of the terminal.

    ``right``: the indexes of the columns to align to the right (numbers).
    """
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, header in enumerate(headers):
        shown.add_column(Text(header), justify="right" if index in right else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    console = Console(file=sys.stdout, no_color=_color is False or None, highlight=False)
    # A pipe has no width, and a cut cell is a wrong answer.
    unlimited = console.options.update(max_width=100_000)
    console.width = max(console.width, Measurement.get(console, unlimited, shown).maximum)
    console.print(shown)
