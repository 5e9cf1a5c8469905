"""The table of situations: for each entry of ``sqlalchemy_manage.advice`` one that prints it.

A situation is a function in a module beside this one::

    @leads_out("AFTER_FIX")
    def a_revision_fails(app: Advised) -> None:
        app.items()
        app.step("0002_step", FAIL)
        app.told("migrate", code=1)      # must print the entry's command
        app.step("0002_step")            # what the message says is to be done by hand
        app.follow()                     # runs the command that was printed
        assert app.version == "0002_step"

It has to end with what was the problem gone, and with the command followed. Where the
advice depends on the database, ``leads_out("AFTER_LOCK", backend="postgresql")``. What the
reader fills in is given by its name: ``app.told("migrate", "-1", code=2, REVISION="0002_a")``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from sqlalchemy_manage import advice
from sqlalchemy_manage.advice import Advice
from support.items import BASE
from support.programs import Result, run
from support.project import ProjectFolder

FAIL = 'op.execute("INSERT INTO nowhere VALUES (1)")'
ADD = 'op.add_column("item", sa.Column("{0}", sa.Integer))'


class Advised(ProjectFolder):
    """A project in which a command prints advice, which is then followed."""

    def __init__(self, folder: Path, url: str, entry: str) -> None:
        super().__init__(folder, url)
        self.entry: Advice = getattr(advice, entry)
        self.command = ""
        self.followed = False

    def items(self) -> None:
        """A history without models: its first revision makes a table of two items; applied."""
        self.write_history()
        self.step("0001_base", *BASE)
        self.done("migrate")

    @property
    def version(self) -> str | None:
        """Where the database is."""
        return next(iter(self.heads()), None)

    @property
    def columns(self) -> set[str]:
        return {column["name"] for column in sa.inspect(self.engine).get_columns("item")}

    def check(self, result: Result, code: int, **filled: str) -> Result:
        """``result`` has to name the command; ``filled``: what stands for a word in capitals."""
        assert result.code == code, result
        program = re.escape(self.entry.program or "manage.py")
        command = re.search(rf"{program} (--\w+ \S+ )*{_pattern(self.entry.command)}", said(result))
        assert command, f"'{self.entry.command}' is not advised: {result}"
        self.command = command[0]
        for word, value in filled.items():
            assert word in self.command
            self.command = self.command.replace(word, value)
        return result

    def told(self, *arguments: object, code: int, **filled: str) -> Result:
        """Run a command that has to end with ``code`` and to advise the entry itself."""
        lines: list[str] = []
        original = Advice.__call__

        def recorded(entry: Advice, **values: object) -> str:
            line = original(entry, **values)
            if entry is self.entry:
                lines.append(line)
            return line

        with mock.patch.object(Advice, "__call__", recorded):
            result = self.check(self.manage(*arguments), code, **filled)
        found = [line for line in lines if line in said(result)]
        assert found, result
        self.command = found[-1]
        for word, value in filled.items():
            self.command = self.command.replace(word, value)
        return result

    def told_spawned(self, *arguments: object, code: int, **filled: str) -> Result:
        """The same in a process of its own: for what keeps factories, or ends by a signal."""
        return self.check(self.spawn(*arguments), code, **filled)

    def follow(
        self, *more: object, code: int = 0, spawned: bool = False, stdin: str | None = None
    ) -> Result:
        """Run what was advised, which has to end with ``code``."""
        program, *words = shlex.split(self.command)
        assert program == (self.entry.program or "manage.py")
        if spawned or stdin is not None:
            result = run(self.folder, "manage.py", *words, *more, stdin=stdin)
        else:
            result = self.manage(*words, *more)
        assert result.code == code, (self.command, result)
        self.followed = True
        return result


def said(result: Result) -> str:
    return f"{result.stdout}\n{result.stderr}"


def _pattern(command: str) -> str:
    """What a command looks like where it was printed."""
    found = re.escape(command)
    for name, shape in {
        "again": "migrate[^\n;,]*",
        "typed": r"[^\n;]+?",
        "flags": r"[^\n]+",
    }.items():
        found = found.replace(re.escape(f"{{{name}}}"), shape)
    return re.sub(r"\\\{\w+\\\}", r"\\S+", found) + r"(?=[ \n;,.]|$)"


@dataclass(frozen=True)
class Situation:
    """``bring_about`` does what its name says, is told the entry's command, and follows it."""

    entry: str
    backend: str
    bring_about: Callable[[Advised], None]

    def __str__(self) -> str:
        return f"{self.entry}-{self.bring_about.__name__}"


SITUATIONS: list[Situation] = []


def leads_out(entry: str, backend: str = "sqlite") -> Callable[[Any], Any]:
    """A function is a situation in which the entry is printed."""

    def register(function: Callable[[Advised], None]) -> Callable[[Advised], None]:
        SITUATIONS.append(Situation(entry, backend, function))
        return function

    return register


def environment(**variables: str) -> Any:
    """Meanwhile with these variables of the environment."""
    return mock.patch.dict(os.environ, variables)
