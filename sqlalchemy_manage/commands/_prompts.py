"""The questioner that asks on the terminal, one question at a time."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from .. import output
from ..errors import ManageError, UsageError

if TYPE_CHECKING:
    from ..databases.protection import Ask
    from ..migrations.questions import Answer, Option, Question, Questioner
    from ..project import Project

NOTHING_DONE = "Nothing was changed."


class StoppedAtQuestion(ManageError):
    """Nobody answered: Ctrl-C, the end of the input, or the choice to quit."""


@contextmanager
def asking(state: str = NOTHING_DONE) -> Iterator[None]:
    """Meanwhile Ctrl-C ends the question, whoever listens for it else.

    Raises StoppedAtQuestion, which says ``state``: what was done before it. The exit code is
    130 for Ctrl-C, and 3 where the input ended: then the question is as open as before.
    """
    interrupted = False

    def interrupt(number: int, frame: Any) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if main else None
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        output.say("", level=0)  # leave the line of the question
        error = StoppedAtQuestion(f"{'Interrupted' if interrupted else 'No answer'}. {state}")
        error.exit_code = 130 if interrupted else 3
        raise error from None
    finally:
        if main:
            signal.signal(signal.SIGINT, before)


def confirm(text: str, state: str = NOTHING_DONE, *, default: bool = False) -> bool:
    """Whether the answer is yes; raises StoppedAtQuestion where there is none, or it is to quit."""
    choices = "[Y/n]:" if default else "[y/N]:"
    # Room for the letter that is typed, so that no line breaks inside the choices.
    shown = output.fitted(f"{text} {choices}__").removesuffix("__")
    while True:
        with asking(state):
            typed: str = click.prompt(
                shown, default="", show_default=False, prompt_suffix=" ", err=True
            )
        match typed.strip().lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case "q" | "quit":
                raise _stopped(state)
        output.error(f"'{output.clean(typed)}' is no answer: y for yes, n for no, q to quit.")


def _stopped(state: str) -> StoppedAtQuestion:
    """The choice to quit; the question is as open as before."""
    error = StoppedAtQuestion(f"Stopped at the question. {state}")
    error.exit_code = 3
    return error


def _question(text: str, after: str) -> str:
    """``text`` as it fits the terminal with what Click writes after it."""
    return output.fitted(f"{text} {after}").removesuffix(after).rstrip()


def can_ask(project: Project) -> bool:
    """Whether somebody is there to answer: not with ``--no-input``, nor without a terminal."""
    return project.interactive and sys.stdin.isatty()


def questioner_for(project: Project) -> Questioner:
    """One that prompts; with ``--no-input`` or without a terminal, one that cannot be asked."""
    from ..migrations.questions import Closed

    return Prompting() if can_ask(project) else Closed()


class Prompting:
    """Asks on stderr, so that stdout has only the command's result."""

    def ask(self, question: Question) -> Answer:
        """Raises StoppedAtQuestion where there is no answer."""
        from ..migrations.questions import Answer

        output.say("")
        if {option.answer for option in question.options} == {"yes", "no"}:
            return Answer("yes" if confirm(question.text, "Nothing was written.") else "no")
        output.say(question.text)
        for number, option in enumerate(question.options, start=1):
            output.say(f"  {number}) {option.words}")
        output.say("  q) quit: write nothing")
        if question.remark:
            output.say(question.remark)
        chosen = self._chosen(question)
        return Answer(chosen.answer, _value(chosen) if chosen.value else None)

    def _chosen(self, question: Question) -> Option:
        answers = [option.answer for option in question.options]
        numbers = [str(number) for number in range(1, len(answers) + 1)]
        with asking("Nothing was written."):
            typed: str = click.prompt(
                "Select an option",
                type=click.Choice([*numbers, "q"], case_sensitive=False),
                default=numbers[answers.index(question.default)],
                show_choices=False,
                err=True,
            )
        if typed == "q":
            raise _stopped("Nothing was written.")
        return question.options[int(typed) - 1]


def _value(option: Option) -> str:
    while True:
        with asking("Nothing was written."):
            value: str = click.prompt(_question(f"Type {option.value}", ":"), err=True)
        try:
            if option.check is not None:
                option.check(value)
        except UsageError as error:
            output.error(error.message, error.hint)
        else:
            return value


def name_asker(project: Project) -> Ask | None:
    """Asks for the name of the database; None with ``--no-input`` or without a terminal."""
    if not can_ask(project):
        return None

    def ask(text: str) -> str:
        with asking():
            typed: str = click.prompt(
                _question(text, ":"), default="", show_default=False, err=True
            )
        return typed

    return ask
