"""Questions that a comparison raises, who answers them, and the flags that answer beforehand.

Logic only asks; the caller passes the questioner: one that prompts, or the closed one, which
collects what is open and names the flags.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import OpenQuestion, UsageError
from ..fitting import count as counted


@dataclass(frozen=True)
class Option:
    """One possible answer: its word, what it means, and the flags that give it.

    ``value`` says what has to be typed with it, None for an answer without a value;
    ``check`` raises UsageError for a value that will not do, so that it can be asked again.
    """

    answer: str
    words: str
    flags: tuple[str, ...] = ()
    value: str | None = None
    check: Callable[[str], object] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Question:
    """``text`` in plain words; ``default`` is the answer that loses nothing.

    ``remark`` says why an answer that one might expect is not among the options.
    """

    kind: str
    subject: str
    text: str
    options: tuple[Option, ...]
    default: str
    remark: str = ""


@dataclass(frozen=True)
class Answer:
    """The word of an option and, where the option takes one, a value.

    ``open``: nobody gave it, and it only stands for the answer that is still to come.
    """

    answer: str
    value: str | None = None
    open: bool = False


class Questioner(Protocol):
    """Whoever can be asked."""

    def ask(self, question: Question) -> Answer: ...


class Closed:
    """Nobody can be asked: every question gets its default for now, and stays open.

    ``finish`` raises OpenQuestion for what was asked, so that nothing is written.
    """

    def __init__(self) -> None:
        self.open: list[Question] = []

    def ask(self, question: Question) -> Answer:
        if question not in self.open:
            self.open.append(question)
        return Answer(question.default, open=True)

    def finish(self, hint: str | None = None) -> None:
        """``hint`` says how to answer, if not by repeating the command with the flags."""
        if self.open:
            count = len(self.open)
            raise OpenQuestion(
                f"{count} question{'s need' if count > 1 else ' needs'} an answer, and there is no "
                "terminal to ask on; nothing was written.\n"
                + "\n".join(map(_with_flags, self.open)),
                hint or "Repeat the command with one of the answers to each, or on a terminal.",
                questions=tuple(self.open),
            )


def _with_flags(question: Question) -> str:
    lines = [f"  {line}" for line in question.text.splitlines()]
    width = max(len(option.words) for option in question.options) + 1
    for option in question.options:
        flags = " ".join(option.flags) or "(change the model)"
        lines.append(f"    {option.words + ':':<{width}} {flags}")
    if question.remark:
        lines.append(f"    {question.remark}")
    return "\n".join(lines)


@dataclass
class Answers:
    """What the flags say: names as they are in the database and in the models, unquoted.

    Keys are ``table`` or ``table.column`` (``schema.table...`` outside the default
    schema). ``unused`` names the flags that answered nothing.
    """

    rename_tables: dict[str, str] = field(default_factory=dict)
    rename_columns: dict[str, dict[str, str]] = field(default_factory=dict)
    rename_values: dict[str, dict[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    server_defaults: dict[str, str] = field(default_factory=dict)
    nullable: set[str] = field(default_factory=set)
    allow_drop: set[str] = field(default_factory=set)
    allow_loss: set[str] = field(default_factory=set)
    used: set[tuple[str, str]] = field(default_factory=set)

    def drop_allowed(self, key: str) -> bool:
        """Whether ``--allow-drop key`` was given; counts as used."""
        self.used.add(("--allow-drop", key))
        return key in self.allow_drop

    def loss_allowed(self, key: str) -> bool:
        """Whether ``--allow-loss key`` was given; counts as used."""
        self.used.add(("--allow-loss", key))
        return key in self.allow_loss

    def unused(self) -> list[str]:
        """The flags, as typed, that no question was about."""
        given = [
            *(("--default", k) for k in self.defaults),
            *(("--server-default", k) for k in self.server_defaults),
            *(("--nullable", k) for k in sorted(self.nullable)),
            *(("--allow-drop", k) for k in sorted(self.allow_drop)),
            *(("--allow-loss", k) for k in sorted(self.allow_loss)),
        ]
        return [f"{flag} {key}" for flag, key in given if (flag, key) not in self.used]


def parse_answers(
    *,
    rename: Iterable[str] = (),
    rename_table: Iterable[str] = (),
    rename_value: Iterable[str] = (),
    default: Iterable[str] = (),
    server_default: Iterable[str] = (),
    nullable: Iterable[str] = (),
    allow_drop: Iterable[str] = (),
    allow_loss: Iterable[str] = (),
) -> Answers:
    """The flags of one command line; raises UsageError for one that is not well formed.

    A name with a dot, an equals sign or a quote is written in double quotes, as in SQL:
    ``--rename '"odd.table".name=full_name'``.
    """
    answers = Answers()
    for text in rename_table:
        old, new = _pair("--rename-table", text, "OLD=NEW")
        _put("--rename-table", answers.rename_tables, _key(old), _key(new))
    for text in rename:
        old, new = _pair("--rename", text, "TABLE.OLD=NEW")
        parts, target = split_name(old), split_name(new)
        if len(parts) < 2 or len(target) != 1:
            raise UsageError(
                f"--rename {text}: '{old}' is not TABLE.COLUMN."
                if len(target) == 1
                else f"--rename {text}: the new name is only the column's, without its table.",
                "To rename a column: --rename employee.name=full_name; "
                "a table: --rename-table employee=person",
            )
        columns = answers.rename_columns.setdefault(".".join(parts[:-1]), {})
        _put("--rename", columns, parts[-1], target[0], shown=".".join(parts[:-1]) + ".")
    for text in rename_value:
        where, colon, pair = text.partition(":")
        old, new = _pair("--rename-value", pair, "TABLE.COLUMN:OLD=NEW") if colon else ("", "")
        if not colon or len(split_name(where)) < 2:
            raise UsageError(
                f"--rename-value {text}: write TABLE.COLUMN:OLD=NEW.",
                "For example: --rename-value employee.grade:junior=starter",
            )
        values = answers.rename_values.setdefault(_key(where), {})
        _put("--rename-value", values, _unquote(old), _unquote(new), shown=f"{_key(where)}:")
    for flag, given, into in (
        ("--default", default, answers.defaults),
        ("--server-default", server_default, answers.server_defaults),
    ):
        for text in given:
            where, value = _pair(flag, text, "TABLE.COLUMN=VALUE")
            if len(split_name(where)) < 2:
                raise UsageError(f"{flag} {text}: '{where}' is not TABLE.COLUMN.")
            _put(flag, into, _key(where), value)
    answers.nullable.update(_key(text) for text in nullable)
    answers.allow_loss.update(_key(text) for text in allow_loss)
    for text in allow_drop:
        where, colon, value = text.partition(":")
        answers.allow_drop.add(_key(where) + (colon + _unquote(value) if colon else ""))
    return answers


def _put(flag: str, into: dict[str, str], key: str, value: str, shown: str = "") -> None:
    if into.get(key, value) != value:
        raise UsageError(f"{flag} is given twice for {shown}{key}: {into[key]} and {value}.")
    taken = [k for k, v in into.items() if v == value and k != key]
    if taken and flag in ("--rename", "--rename-table"):
        raise UsageError(
            f"{flag}: {shown}{taken[0]} and {shown}{key} cannot both become {value}.",
            "Give one of them another name.",
        )
    into[key] = value


def _pair(flag: str, text: str, form: str) -> tuple[str, str]:
    match = re.fullmatch(r'((?:[^"=]|"(?:[^"]|"")*")+)=(.+)', text, re.DOTALL)
    if match is None:
        raise UsageError(f"{flag} {text}: write {form}.")
    return match[1], match[2]


def split_name(text: str) -> list[str]:
    """``a."b.c"`` -> ``["a", "b.c"]``; raises UsageError for an empty part or an open quote."""
    part = r'"(?:[^"]|"")+"|[^".]+'
    if not re.fullmatch(rf"(?:{part})(?:\.(?:{part}))*", text):
        raise UsageError(
            f"'{text}' is not a name: a part is empty, or a quote is not closed.",
            "Write a name with a dot, an equals sign or a quote in double quotes.",
        )
    return [_unquote(found) for found in re.findall(part, text)]


def _unquote(part: str) -> str:
    if len(part) > 1 and part.startswith('"') and part.endswith('"'):
        return part[1:-1].replace('""', '"')
    return part


def _key(text: str) -> str:
    return ".".join(split_name(text))


def quoted(*parts: str | None) -> str:
    """The inverse of split_name, ready for a shell's command line apart from its quoting."""
    return ".".join(
        part if re.fullmatch(r"\w+", part) else '"' + part.replace('"', '""') + '"'
        for part in parts
        if part
    )


def flag(name: str, value: str) -> str:
    """``--name value`` as it can be pasted into a shell."""
    return f"{name} {shlex.quote(value)}"


Key = tuple[str | None, str]
"""Schema (None for the default one) and name of a table."""


def dotted(schema: str | None, *names: str) -> str:
    """``schema.table.column``, as the answers name it."""
    return ".".join(name for name in (schema, *names) if name)


def many(count: int | None, what: str) -> str:
    """``3 rows``, ``1 row``, ``uncounted rows``."""
    return f"uncounted {what}s" if count is None else counted(count, what)
