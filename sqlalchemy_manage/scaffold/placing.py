"""New files of a folder, laid down all or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import ManageError
from .new_files import NewFile


class NotLaidDown(ManageError):
    """New files cannot be made; none of them stays."""


def taken(root: Path, new: Iterable[NewFile]) -> list[str]:
    """Those of the paths that exist below ``root`` already."""
    return [file.path for file in new if os.path.lexists(root / file.path)]


def lay_down(root: Path, new: Iterable[NewFile]) -> list[Path]:
    """Make the files below ``root``, which need not exist; returns their paths.

    They are written beside their places, and get their names when all are written. Raises
    NotLaidDown if there is one of them, or it cannot be written; then none of them stays.
    """
    new = list(new)
    base = root
    while not os.path.lexists(base):
        base = base.parent
    if not base.is_dir():
        raise NotLaidDown(f"{base} is a file, and no folder.")
    made: list[Path] = []
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=base))
        for file in new:
            _write(temporary / (root / file.path).relative_to(base), file)
        for unit in _units(temporary, base):
            target = base / unit.relative_to(temporary)
            if unit.is_dir():
                os.rename(unit, target)
            else:
                os.link(unit, target)  # a rename would take the place of a file
            made.append(target)
    except BaseException as error:
        for target in made:
            _remove(target)
        if isinstance(error, OSError):
            raise _why(error, temporary, base) from error
        raise
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return [root / file.path for file in new]


def _write(path: Path, file: NewFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(file.text)
    if file.executable:
        # For whoever may read it: the umask has been asked already.
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)


def _units(temporary: Path, base: Path) -> list[Path]:
    """What is given its place at once: a folder where ``base`` has none, else a file."""
    found = []
    waiting = [temporary]
    while waiting:
        for each in sorted(waiting.pop().iterdir()):
            target = base / each.relative_to(temporary)
            if each.is_dir() and os.path.lexists(target):
                waiting.append(each)
            else:
                found.append(each)
    return found


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _why(error: OSError, temporary: Path | None, base: Path) -> NotLaidDown:
    from ..databases.error_kinds import blaming, fault_of

    where = str(error.filename2 or error.filename or base)
    if temporary is not None:
        where = where.replace(f"{temporary}{os.sep}", f"{base}{os.sep}")
    fault = fault_of(error)
    text = blaming(error, f"{where} cannot be written: {error.strerror}. Nothing was made.")
    return NotLaidDown(text, fault.hint() if fault else None)
