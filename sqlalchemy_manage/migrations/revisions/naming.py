"""What a new revision is called, and its file, as the project has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alembic.util import rev_id

from ...errors import SettingsError
from .describe import revision_id, slugify
from .history import History

if TYPE_CHECKING:
    from ...migration_settings import MigrationSettings

_EXTENSION = ".py"


def new_id(history: History, kept: MigrationSettings, parts: Iterable[str]) -> str:
    """The id of the next revision, which does what ``parts`` say.

    Numbered: ``NNNN_slug``. As the template has it: a number, where all of the history are
    plain numbers; else, and ``hex``: 12 hexadecimal digits, as Alembic's own.
    """
    if kept.revision_ids == "numbered":
        return revision_id(history.next_number(), parts)
    ids = list(history.by_id)
    if kept.revision_ids == "template" and ids and all(i.isdecimal() for i in ids):
        width = min(map(len, ids))
        return f"{max(map(int, ids)) + 1:0{width}d}"
    return rev_id()


def file_name(kept: MigrationSettings, new: str, parts: Iterable[str]) -> str:
    """The path of a new revision's file below its folder, by the project's file_template.

    The numbered ones of the tool itself are called as their ids. Raises SettingsError for a
    template or a time zone that cannot be used.
    """
    if kept.revision_ids == "numbered":
        return f"{new}{_EXTENSION}"
    now = _now(kept.timezone)
    slug = "_".join(filter(None, map(slugify, parts)))
    if len(slug) > kept.slug_length:  # as Alembic cuts it
        slug = slug[: kept.slug_length].rsplit("_", 1)[0]
    values = {name: getattr(now, name) for name in _PARTS} | {
        "rev": new,
        "slug": slug,
        "epoch": int(now.timestamp()),
    }
    try:
        name = kept.file_template % values
    except (KeyError, ValueError, TypeError) as error:
        raise SettingsError(
            f"file_template of the Alembic configuration cannot be used: {error}.",
            f"It may have: {', '.join(f'%({known})s' for known in values)}; a percent sign is %%.",
        ) from error
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise SettingsError(f"file_template leads out of the folder of revisions: {name}.")
    return f"{name}{_EXTENSION}"


_PARTS = ("year", "month", "day", "hour", "minute", "second")


def _now(timezone: str | None) -> datetime:
    if timezone is None:
        return datetime.now()
    for name in (timezone, timezone.upper()):
        try:
            return datetime.now(UTC).astimezone(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            continue
    raise SettingsError(f"timezone of the Alembic configuration is unknown: {timezone}.")
