"""The database URL of an alembic.ini, for settings that do not want to repeat it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .errors import SettingsError

OPTION = "sqlalchemy.url"


def alembic_url(
    path: str | os.PathLike[str], section: str = "alembic", environ: Mapping[str, str] | None = None
) -> str:
    """The ``sqlalchemy.url`` of a section of an ini, its ``%(NAME)s`` filled in.

    From the section, from ``[DEFAULT]``, or else from the environment. Raises SettingsError for
    a file, section or option that is not there, and for a name that is in none of them.
    """
    environ = os.environ if environ is None else environ
    options = ini_options(Path(path), section)
    raw = options.get(OPTION, "")
    if not raw:
        raise SettingsError(f"{path}: [{section}] has no {OPTION}.", _HINT)

    def filled(text: str, seen: tuple[str, ...] = ()) -> str:
        def value(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%"
            name = match[1]
            known = options.get(name.lower())
            if known is not None and name not in seen:
                return filled(known, (*seen, name))
            if name in environ:
                return environ[name]
            raise SettingsError(
                f"{path}: {OPTION} needs {name}, which is neither in the file nor in the "
                "environment.",
                f"Set {name} in the environment. {_HINT}",
            )

        return re.sub(r"%%|%\((\w+)\)s", value, text)

    return filled(raw)


_HINT = "Or DATABASE_URL in the environment names the database."


def ini_options(path: Path, section: str) -> dict[str, str]:
    """The options of a section as they are written, with those of ``[DEFAULT]`` and ``here``.

    Raises SettingsError for a file or section that is not there.
    """
    from configparser import Error, RawConfigParser

    parser = RawConfigParser({"here": path.absolute().parent.as_posix()})
    try:
        if not parser.read([path], encoding="utf-8"):
            raise SettingsError(f"There is no file {path}, from which the URL is to be read.")
        return dict(parser.items(section))
    except (Error, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0]
        raise SettingsError(f"{path} cannot be read: {why}.", _HINT) from error
