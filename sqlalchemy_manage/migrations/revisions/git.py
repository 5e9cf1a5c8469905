"""Revision files in git's objects: other branches, stashes, and what a reflog keeps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...output import clean

# All commits of a large repository; somebody waits for the answer.
_TIMEOUT = 60.0
# A number alone does not say much, and a pattern of one letter finds every file.
_SHORTEST = 2
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_KINDS = ("refs/heads/", "refs/remotes/", "refs/tags/", "refs/stash")


@dataclass(frozen=True)
class _Commit:
    hash: str
    words: str


def from_git(folders: Sequence[Path], ids: list[str]) -> dict[str, Iterable[tuple[str, str]]]:
    """For each id, the texts of files of that name, with branch and commit, newest first.

    Files that lay in one of ``folders`` come before others. Nothing is found, without an error,
    where git is missing or the folder is in no repository.
    """
    place = folders[0]
    while not place.is_dir() and place != place.parent:
        place = place.parent  # git keeps no empty folder: it goes with its last file
    top = _git(place, "rev-parse", "--show-toplevel").strip()
    if not top:
        return {}
    return {i: _texts(Path(top), folders, i) for i in ids if len(i) >= _SHORTEST}


def _texts(top: Path, folders: Sequence[Path], revision_id: str) -> Iterator[tuple[str, str]]:
    seen = set()
    homes = {folder.resolve() for folder in folders}
    # What no branch has any more comes last.
    for where in (["--all"], ["--all", "--reflog"]):
        found = list(_commits(top, revision_id, where))
        found.sort(key=lambda pair: (top / pair[1]).parent not in homes)
        for commit, path in found:
            text = _git(top, "cat-file", "blob", f"{commit.hash}:{path}")
            if text and text not in seen:
                seen.add(text)
                yield text, f"{_branch(top, commit.hash)}, commit {commit.words} ({path})"


def _commits(top: Path, revision_id: str, where: list[str]) -> Iterator[tuple[_Commit, str]]:
    """The commits that added or changed a file with the id in its name, and the file's path."""
    listed = _git(
        top,
        "log",
        *where,
        # Also what a merge left out: the side that came to nothing is else not looked at.
        "--full-history",
        "--no-renames",
        "--no-show-signature",
        "--diff-filter=AM",
        "--name-only",
        "--format=%x01%H %h of %cd by %an",
        "--date=format:%Y-%m-%d",
        "--",
        f":(top,glob)**/*{revision_id}*.py",
    )
    for block in listed.split("\x01")[1:]:
        head, *paths = block.splitlines()
        name, _, words = head.partition(" ")
        commit = _Commit(name, clean(words))
        yield from ((commit, path) for path in paths if path and not path.startswith('"'))


def _branch(top: Path, commit: str) -> str:
    """The branch, or whatever else keeps a commit; local branches first."""
    listed = _git(top, "for-each-ref", f"--contains={commit}", "--format=%(refname)").split()
    for kind in _KINDS:
        for name in listed:
            if name == "refs/stash":
                if kind == name:
                    return "the stash"
            elif name.startswith(kind):
                what = "tag" if kind == "refs/tags/" else "branch"
                return f"{what} {name.removeprefix(kind)}"
    return "on no branch any more"


def _git(place: Path, *arguments: str, timeout: float = _TIMEOUT, errors: str = "strict") -> str:
    """What git prints; nothing if it fails. No pager, no question, no network."""
    # A hook's variables name the repository by a path that holds in its folder alone.
    environment = {k: v for k, v in os.environ.items() if k not in _OF_A_HOOK} | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout.decode("utf-8", errors)
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError):
        return ""


# A history is read in a moment; a repository on a sleeping network disk is not worth a wait.
_AUTHOR_TIMEOUT = 3.0


@dataclass(frozen=True)
class Added:
    """The date of a file; its author where it is committed."""

    when: datetime
    author: str | None = None

    def __str__(self) -> str:
        who = f"by {self.author}" if self.author else "not committed"
        return f"{self.when:%Y-%m-%d %H:%M}, {who}"


def added(path: Path) -> Added | None:
    """When, and by whom, ``path`` was added; None where neither git nor the disk knows.

    Never an error: git may be missing, slow, or not used here.
    """
    return _committed(path) or _on_disk(path)


def _committed(path: Path) -> Added | None:
    options = ("-1", "--diff-filter=A", "--no-show-signature", "--format=%aI %aN")
    command = ("--literal-pathspecs", "log", *options, "--", path.name)
    said = _git(path.parent, *command, timeout=_AUTHOR_TIMEOUT, errors="replace")
    when, _, author = said.strip().partition(" ")
    with suppress(ValueError):
        return Added(datetime.fromisoformat(when).astimezone(), author)
    return None


def _on_disk(path: Path) -> Added | None:
    try:
        return Added(datetime.fromtimestamp(path.stat().st_mtime))
    except (OSError, OverflowError, ValueError):
        return None
