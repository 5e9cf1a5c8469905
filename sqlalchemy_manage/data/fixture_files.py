"""Fixture files: what a name refers to, and files that are opened, compressed or not."""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO

from .. import advice
from ..databases.error_kinds import blaming
from ..errors import FixtureError, did_you_mean
from ..files import hidden_file, put_in_place, sync, why_no_path, written_whole
from ..interrupts import explaining
from .json_text import shown

FORMATS = (".json", ".jsonl")
COMPRESSIONS = (".gz", ".bz2", ".xz")
SUFFIXES = (*FORMATS, *(f + c for c in COMPRESSIONS for f in FORMATS))
Write = Callable[[str], object]

_KINDS = {
    stat.S_ISDIR: "folder",
    stat.S_ISFIFO: "named pipe",
    stat.S_ISCHR: "device",
    stat.S_ISBLK: "device",
    stat.S_ISSOCK: "socket",
}


@dataclass(frozen=True)
class Fixture:
    """A file to load, or the standard input (``path`` is None)."""

    shown: str
    path: Path | None

    @contextmanager
    def opened(self, stdin: IO[str] | None = None) -> Iterator[IO[str]]:
        """Its text, from the start; raises FixtureError for what is no file or no text."""
        try:
            if self.path is None:
                assert stdin is not None
                stdin.seek(0)
                yield stdin
            else:
                _require_file(self.path, self.shown)
                with (
                    _reading(self.path) as binary,
                    io.TextIOWrapper(binary, encoding="utf-8-sig") as text,
                ):
                    yield text
        except UnicodeDecodeError as error:
            raise FixtureError(f"{self.shown} is not UTF-8 text: {error}.") from error
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or str(error).rstrip(".")
            raise FixtureError(f"{self.shown} cannot be read: {reason}.") from error
        except Exception as error:
            if type(error).__name__ in ("error", "LZMAError"):  # zlib's and lzma's
                raise FixtureError(f"{self.shown} cannot be read: {error}.") from error
            raise


@contextmanager
def repeatable(stdin: TextIO) -> Iterator[IO[str]]:
    """The standard input as a file that can be read twice; raises FixtureError."""
    with tempfile.SpooledTemporaryFile(1 << 20, "w+", encoding="utf-8", newline="") as copy:
        try:
            first = stdin.read(1 << 16).removeprefix("\ufeff")
            copy.write(first)
            while piece := stdin.read(1 << 16):
                copy.write(piece)
        except UnicodeError as error:
            raise FixtureError(f"standard input is not UTF-8 text: {error}.") from error
        yield copy


def _require_file(path: Path, name: str) -> None:
    kind = what(path)
    if kind is not None:
        raise FixtureError(
            f"{name} is a {kind}, not a file.",
            f"Give its text on the standard input: {advice.LOAD_FROM_STDIN}",
        )


def what(path: Path) -> str | None:
    """What a path is, if it exists and is no file: ``folder``, ``named pipe``, ..."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return next((word for test, word in _KINDS.items() if test(mode)), None)


def _reading(path: Path) -> Any:
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path)
    if path.suffix == ".bz2":
        import bz2

        return bz2.open(path)
    if path.suffix == ".xz":
        import lzma

        return lzma.open(path)
    return path.open("rb")


def find_fixtures(names: Sequence[str], folders: Sequence[Path]) -> list[Fixture]:
    """The files that ``names`` refer to, in their order, each once; raises FixtureError.

    ``-`` is the standard input. A path to a file is that file. Any other name is looked
    up in every one of ``folders``, with or without its suffixes, and never outside of them.
    """
    found: dict[Path | None, Fixture] = {}
    for name in names:
        for fixture in _find(name, folders):
            found.setdefault(fixture.path, fixture)
    return list(found.values())


def _find(name: str, folders: Sequence[Path]) -> list[Fixture]:
    if name == "-":
        return [Fixture("standard input", None)]
    if not name or "\0" in name:
        raise FixtureError(f"{shown(name)} is not the name of a fixture.")
    path = Path(name)
    if why := why_no_path(name):
        raise FixtureError(why)
    explicit = path.is_absolute() or "/" in name or os.sep in name or name.endswith(SUFFIXES)
    kind = what(path) if explicit else None
    if kind == "folder":
        raise FixtureError(f"{name} is a folder, not a fixture.", _choices(folders))
    if kind is not None:
        _require_file(path, name)
    if explicit and path.exists():
        return [Fixture(name, path.resolve())]
    if path.is_absolute() or ".." in path.parts:
        raise FixtureError(f"There is no fixture file {name}.", _choices(folders))
    matches, others = [], []
    for folder in folders:
        for suffix in ("", *SUFFIXES):
            file = folder / f"{name}{suffix}"
            if not file.name.endswith(SUFFIXES):
                continue
            if _inside(file, folder):
                matches.append(Fixture(_relative(file), file.resolve()))
            elif what(file) == "folder":
                others.append(FixtureError(f"{_relative(file)} is a folder, not a fixture."))
            elif file.is_symlink():
                others.append(
                    FixtureError(
                        f"{_relative(file)} is a link to {os.readlink(file)}, and not to a file in "
                        f"{_relative(folder)}.",
                        "To load what it leads to, name that file by its path.",
                    )
                )
    if not matches and others:
        raise others[0]
    if not matches:
        raise FixtureError(
            f"There is no fixture '{name}'." + did_you_mean(stem(path), _known(folders)),
            _choices(folders),
        )
    return matches


def named_jsonl(path: Path) -> bool:
    """Whether a file's name, compressed or not, says that it has a record a line."""
    return bool(re.search(r"\.jsonl(\.gz|\.bz2|\.xz)?$", path.name))


def stem(path: Path) -> str:
    """The name of a fixture without its suffixes."""
    suffix = max((s for s in SUFFIXES if path.name.endswith(s)), key=len, default="")
    return path.name.removesuffix(suffix)


def _inside(file: Path, folder: Path) -> bool:
    try:
        if (kind := what(file)) is not None and kind != "folder":
            _require_file(file, _relative(file))
        return file.is_file() and file.resolve().is_relative_to(folder.resolve())
    except OSError:
        return False


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _known(folders: Sequence[Path]) -> list[str]:
    files = (f for folder in folders if folder.is_dir() for f in folder.iterdir())
    return sorted({stem(file) for file in files if file.name.endswith(SUFFIXES) and file.is_file()})


def _choices(folders: Sequence[Path]) -> str:
    known = _known(folders)
    there = f" Found there: {', '.join(known)}." if known else ""
    return f"Looked in {', '.join(map(_relative, folders)) or 'no folder'}.{there}"


@contextmanager
def replacing(path: Path) -> Iterator[Write]:
    """Write a file that replaces ``path`` completely at the end of the block, or not at all.

    Compressed if its name ends with .gz, .bz2 or .xz. Nobody but the owner may read it (mode
    0600). A device or a named pipe is written to. Raises FixtureError if it cannot be made.
    """
    with explaining("The dump", f"{path} is as it was."):
        yield from _replacing(path)


def _replacing(path: Path) -> Iterator[Write]:
    try:
        kind = what(path)
        if kind == "folder":
            raise FixtureError(f"{path} is a folder.")
        if kind is not None:  # /dev/stdout, a named pipe
            with path.open("w", encoding="utf-8") as device:
                yield device.write
        elif path.suffix in COMPRESSIONS:
            with _replacing_compressed(path.resolve()) as write:
                yield write
        else:
            with written_whole(path.resolve(), replace=True, private=True, newline="\n") as file:
                yield file.write
    except OSError as error:
        raise FixtureError(
            blaming(error, f"{path} cannot be written: {error.strerror}.")
        ) from error


@contextmanager
def _replacing_compressed(path: Path) -> Iterator[Write]:
    with hidden_file(path.parent) as temporary:
        with temporary.open("wb") as raw, closing(_compressing(raw, path.suffix)) as binary:
            text = io.TextIOWrapper(binary, encoding="utf-8", newline="\n")
            yield text.write
            text.flush()
            text.detach()
        sync(temporary)
        put_in_place(temporary, path, replace=True)


def _compressing(raw: IO[bytes], suffix: str) -> Any:
    if suffix == ".gz":
        import gzip

        # Neither time nor the temporary name: equal rows give an equal file.
        return gzip.GzipFile("", "wb", 6, raw, mtime=0)
    if suffix == ".bz2":
        import bz2

        return bz2.open(raw, "wb")
    import lzma

    return lzma.open(raw, "wb")
