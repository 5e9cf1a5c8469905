"""Who added a file to the project, and when: from git if it knows, else from the disk."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# A history is read in a moment; a repository on a sleeping network disk is not worth a wait.
_TIMEOUT = 3.0


@dataclass(frozen=True)
class Added:
    """The date of a file; its author where it is committed."""

    when: datetime
    author: str | None = None

    def __str__(self) -> str:
        who = f"by {self.author}" if self.author else "not committed"
        return f"{self.when:%Y-%m-%d %H:%M}, {who}"


def added(path: Path) -> Added | None:
    """When, and by whom, ``path`` was added; None where neither git nor the disk can tell.

    Never an error: git may be missing, slow, or not used here.
    """
    return _from_git(path) or _from_disk(path)


def _from_git(path: Path) -> Added | None:
    command = ["git", "--literal-pathspecs", "log", "-1", "--diff-filter=A"]
    try:
        done = subprocess.run(
            [*command, "--no-show-signature", "--format=%aI %aN", "--", path.name],
            cwd=path.parent,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
        )
        when, _, author = done.stdout.decode("utf-8", "replace").strip().partition(" ")
        return Added(datetime.fromisoformat(when).astimezone(), author)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _from_disk(path: Path) -> Added | None:
    try:
        return Added(datetime.fromtimestamp(path.stat().st_mtime))
    except (OSError, OverflowError, ValueError):
        return None
