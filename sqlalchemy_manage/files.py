"""Files that are written completely or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


def why_no_path(path: str, *, as_text: bool = False) -> str:
    """Why there can be no file of this name, as a sentence; empty where there can.

    ``as_text``: it has to be UTF-8 too, as for a library that takes a text.
    """
    shown = path if path.isprintable() else ascii(path)
    shown = shown if len(shown) < 100 else f"{shown[:40]}...{shown[-40:]}"
    try:
        if as_text:
            path.encode()
        os.lstat(path)
    except UnicodeEncodeError:
        return f"{shown} is not a possible file name: it cannot be written in UTF-8."
    except ValueError:
        return f"{shown} is not a possible file name: it has a NUL character."
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            return f"{shown} is not a possible file name: {error.strerror}."
    return ""


@contextmanager
def hidden_file(folder: Path, suffix: str = ".tmp", mode: int = 0o600) -> Iterator[Path]:
    """An empty hidden file in ``folder``, gone at the end of the block unless it was renamed."""
    path = folder / f".{secrets.token_hex(8)}{suffix}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def put_in_place(temporary: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name, for good; raises FileExistsError if the name is taken."""
    if replace:
        os.replace(temporary, target)
    else:
        # link, not rename: a rename would silently take the place of a file.
        os.link(temporary, target)
        temporary.unlink()
    with suppress(OSError):  # not every system lets a folder be synced
        sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def written_whole(
    target: Path, *, replace: bool, private: bool = False, newline: str | None = None
) -> Iterator[IO[str]]:
    """A text file that gets its name, and replaces another, at the end of the block.

    If the block raises, nothing has changed. A ``private`` file is for its owner alone; else it
    has the mode of the file that it replaces. Raises FileExistsError unless it may ``replace``.
    """
    with hidden_file(target.parent, mode=0o600 if private else 0o666) as temporary:
        with temporary.open("w", encoding="utf-8", newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace and not private and target.exists():
            shutil.copymode(target, temporary)
        put_in_place(temporary, target, replace=replace)
