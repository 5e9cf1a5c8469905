"""The pages that users read, README.md and docs/*.md: the commands in them, run.

Above a block, ``<!-- in shop -->`` names the project that it belongs to, and
``<!-- in shop on mariadb -->`` also the server; what ``<!-- in shop, not shown`` begins is no
part of the page, and ends with ``-->``. ``<!-- in shop at a terminal, typing y, 0 -->`` has
manage.py on a terminal of 80 columns, where these are the answers; without a terminal nothing
is asked, and nothing is wrapped. A block is a file, which its first line names
(``# shop/models.py``), or commands that begin with ``$`` and what they print. In ``sample`` the
project is a copy of the sample; in ``shop`` on a page of docs/ it is what README.md ends with;
others begin with an empty folder. ``shop-2`` is another ``shop`` of the same page. The clone is
``path/to/clone`` there.
"""

from __future__ import annotations

import getpass
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import sqlalchemy as sa

from support.programs import ROOT, run
from support.project import GIT_USER
from support.terminal import on_terminal

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = (README, *DOCS)

_BLOCK = re.compile(
    r"^(?:<!-- in (?P<place>[\w-]+)(?: on (?P<backend>\w+))?"
    r"(?P<terminal> at a terminal(?:, typing (?P<typed>.+?))?)?(?: -->|, not shown)\n)?"
    r"```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.M | re.S,
)
_FILE = re.compile(r"(?:#|<!--) (\S+\.(?:py|toml))\b.*\n")
# What the fork server can run: no pipe, no second command.
_PLAIN = re.compile(r"((?:[A-Z_]+=\S+ )*)(python|alembic) ([^|&;<>$`]*|-c '[^']*'|-c \"[^\"$`]*\")")
# As in setup.cfg; the reader has no such plugins.
_PLUGINS = "-p no:pytest_alembic -p no:alembic-gauntlet"
_SAMPLE = ("manage.py", "settings.py", "pyproject.toml", "hr", "migrations", "fixtures")


@dataclass(frozen=True)
class Block:
    """A file (``name``), or commands and what they print (``name`` is ``$``).

    ``typed``: the answers that are typed at a terminal; None if there is none.
    """

    name: str
    text: str
    typed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Session:
    """What a page does in one project, in its order."""

    page: Path
    place: str
    backend: str | None
    blocks: tuple[Block, ...]

    @property
    def id(self) -> str:
        return f"{self.page.stem}-{self.place}"

    @property
    def begins(self) -> str:
        """What its project begins as."""
        return self.place.partition("-")[0]


def sessions(page: Path) -> list[Session]:
    found: dict[tuple[str, str | None], list[Block]] = {}
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["place"] is None:
            continue
        text = match["text"]
        name = _FILE.match(text)
        assert name or text.startswith("$ "), f"{page.name}: neither a file nor a command: {text}"
        answers = tuple(match["typed"].split(", ")) if match["typed"] else ()
        block = Block(name[1] if name else "$", text, answers if match["terminal"] else None)
        found.setdefault((match["place"], match["backend"]), []).append(block)
    return [Session(page, place, backend, (*blocks,)) for (place, backend), blocks in found.items()]


class Reader:
    """Somebody who types what a page shows, in ``folder``.

    ``url`` is an empty database there, ``variables`` are set.
    """

    def __init__(self, folder: Path, url: str | None = None, **variables: str) -> None:
        self.folder = folder
        self.url = url
        self.variables = variables
        self.programs = folder.parent / "bin"
        self.programs.mkdir(exist_ok=True)
        for name in ("python", "alembic"):
            script = self.programs / name
            module = "" if name == "python" else "-m alembic "
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
            script.chmod(0o755)

    def follow(
        self, session: Session, check: Callable[[str, str, str], None] | None = None
    ) -> None:
        """Write the files and type the commands.

        ``check`` gets each command with what the page says and what was printed.
        """
        for block in session.blocks:
            if block.name != "$":
                path = self.folder / block.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
                continue
            for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
                command, expected = split(part)
                if block.typed is None:
                    printed = self.type(command)
                else:
                    printed = self.type_at_terminal(command, expected, block.typed)
                if check is not None:
                    check(command, expected, printed)

    def type(self, command: str) -> str:
        """What a command prints, on both streams."""
        env = {"COLUMNS": "80", "PYTEST_ADDOPTS": _PLUGINS} | GIT_USER | self.variables
        if self.url:
            env["DATABASE_URL"] = self.url
        plain = _PLAIN.fullmatch(command)
        if plain:
            variables, program, arguments = plain.groups()
            env |= dict(word.split("=", 1) for word in shlex.split(variables))
            argv = [*(["-m", "alembic"] if program == "alembic" else []), *shlex.split(arguments)]
            return run(self.folder, *argv, merged=True, **env).stdout
        from os import environ

        kept = {k: v for k, v in environ.items() if not k.startswith(("DATABASE_", "MANAGE_"))}
        env |= {
            "PATH": f"{self.programs}:{environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=kept | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.stdout

    def type_at_terminal(self, command: str, expected: str, typed: tuple[str, ...]) -> str:
        """What is then seen on a terminal; a prompt is what the page has before an answer."""
        lines, answers = iter(expected.splitlines()), []
        for answer in typed:
            prompt = next((line for line in lines if line.endswith(f": {answer}")), None)
            if prompt is not None:
                answers.append((prompt.removesuffix(f" {answer}"), f"{answer}\n"))
        words = shlex.split(command)
        assert words[:2] == ["python", "manage.py"], command
        screen = on_terminal(self.folder, *words[2:], answers=answers, url=self.url, **GIT_USER)
        return "\n".join(screen.screen)

    def shown(self, text: str) -> str:
        """``text`` as a page shows it."""
        text = text.replace(str(self.folder), f"/home/me/{self.folder.name}")
        if self.url:
            url = sa.make_url(self.url)
            for place in (f"{url.host}:{url.port}", url.host or ""):
                text = text.replace(f"@{place}/{url.database}", f"@localhost/{self.folder.name}")
            text = text.replace(url.database or "", self.folder.name)
        text = text.replace(f"{getpass.getuser()}@{socket.gethostname()}", "me@laptop")
        return "\n".join(line.rstrip() for line in text.rstrip().splitlines())

    def normal(self, text: str) -> str:
        """``text`` without what differs from run to run: times, rates, the folder, spaces at
        line ends, numbers of processes and commits, ids of Alembic's revisions."""
        text = self.shown(text)
        text = re.sub(r"\d+\.\d\d ?s\b", "N s", text)
        text = re.sub(r"[\d,]+ rows/s", "N rows/s", text)
        text = re.sub(r"\b\d{8}T\d{6}Z(-\d+)?", "TIME", text)
        text = re.sub(r"\b20\d\d-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "TIME", text)
        text = re.sub(r"\bin \d+ ms\b", "in N ms", text)
        text = re.sub(r"\bcommit [0-9a-f]{7,}", "commit N", text)
        text = re.sub(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])", "ID", text)
        return text


def split(part: str) -> tuple[str, str]:
    """A command, which a backslash or an open quote continues, and what it prints."""
    lines = part.splitlines(keepends=True)
    for end in range(1, len(lines) + 1):
        command = "".join(lines[:end]).rstrip("\n")
        try:
            shlex.split(command)
        except ValueError:
            continue  # an open quote, or a backslash at the end
        if not command.endswith("\\"):
            return command, "".join(lines[end:])
    raise AssertionError(f"an open quote: {part}")


@contextmanager
def home() -> Iterator[Path]:
    """A folder for projects whose path is as long as /home/me, so that lines are wrapped alike."""
    while True:
        folder = Path("/tmp").resolve() / "".join(secrets.choice(ascii_lowercase) for _ in range(3))
        with suppress(FileExistsError):
            folder.mkdir()
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def begin(kind: str, parent: Path, shop: Path | None) -> Path:
    """A project in a new folder of ``parent``; ``shop`` is the one that README.md ends with."""
    target = parent / kind
    if shop is not None:
        shutil.copytree(shop, target, ignore=shutil.ignore_patterns("path"))
        return target
    target.mkdir(parents=True)
    if kind == "shop":
        (target / "path" / "to").mkdir(parents=True)
        (target / "path" / "to" / "clone").symlink_to(ROOT)
    for name in _SAMPLE if kind == "sample" else ():
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, target)
    return target


def renewed(
    page: Path, command: str, expected: str, printed: str, reader: Reader, whole: bool
) -> str:
    """``expected`` with what was printed, in the page too: its numbers, or the ``whole`` text.

    Times and rates are left as they are.
    """
    if reader.normal(printed) == reader.normal(expected):
        return expected
    lines, found = expected.rstrip().splitlines(), reader.shown(printed).splitlines()
    same = [re.sub(r" *[\d,]+", " N", "\n".join(each)) for each in (lines, found)]
    if same[0] == same[1]:
        pairs = zip(lines, found, strict=True)
        found = [
            old if reader.normal(old) == reader.normal(new) else _timed_as(old, new)
            for old, new in pairs
        ]
    elif not whole:
        return expected
    text = "".join(f"{line}\n" for line in found)
    before = page.read_text(encoding="utf-8")
    after = before.replace(f"$ {command}\n{expected}", f"$ {command}\n{text}", 1)
    page.write_text(after, encoding="utf-8")
    return text


def _timed_as(old: str, new: str) -> str:
    """``new`` with the times and rates of ``old``."""
    timed = re.compile(r"[\d,]+ rows/s|\d+\.\d\d s\b")
    kept = iter(timed.findall(old))
    return timed.sub(lambda match: next(kept, match[0]), new.rstrip())
