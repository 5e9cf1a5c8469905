"""The questioner that asks on the terminal, one question at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .. import output
from ..errors import UsageError

if TYPE_CHECKING:
    from ..databases.protection import Ask
    from ..migrations.questions import Answer, Option, Question, Questioner
    from ..project import Project


def questioner_for(project: Project) -> Questioner:
    """One that prompts; with ``--no-input``or without a terminal, one that cannot be asked."""
    from ..migrations.questions import Closed

    return Prompting() if project.interactive and sys.stdin.isatty() else Closed()


class Prompting:
    """Asks on stderr, so that stdout has only the command's result."""

    def ask(self, question: Question) -> Answer:
        from ..migrations.questions import Answer

        output.say("")
        if {option.answer for option in question.options} == {"yes", "no"}:
            yes = click.confirm(output.redact(question.text), default=False, err=True)
            return Answer("yes" if yes else "no")
        output.say(question.text)
        for number, option in enumerate(question.options, start=1):
            output.say(f"  {number}) {option.words}")
        default = [option.answer for option in question.options].index(question.default) + 1
        number = click.prompt(
            "Select an option",
            type=click.IntRange(1, len(question.options)),
            default=default,
            err=True,
        )
        chosen = question.options[number - 1]
        return Answer(chosen.answer, _value(chosen) if chosen.value else None)


def _value(option: Option) -> str:
    while True:
        value: str = click.prompt(f"Type {option.value}", err=True)
        try:
            if option.check is not None:
                option.check(value)
        except UsageError as error:
            output.error(error.message, error.hint)
        else:
            return value


def name_asker(project: Project) -> Ask | None:
    """Asks for the name of the database; None with ``--no-input`` or without a terminal."""
    if not (project.interactive and sys.stdin.isatty()):
        return None

    def ask(text: str) -> str:
        typed: str = click.prompt(output.redact(text), default="", show_default=False, err=True)
        return typed

    return ask
