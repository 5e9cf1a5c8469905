"""The folders in which a project has its revision files, and in which it gets new ones."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...alembic_settings import package_folder
from ...errors import HistoryError
from ...fitting import count
from .history import History, Revision, read_history

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from ...migration_settings import MigrationSettings
    from ...project import Project

BELOW = "/**"
"""What a location ends with whose subfolders count too."""


def project_revisions(project: Project, *more: Path) -> History:
    """The project's history as its files have it, broken or not, with those of other folders."""
    kept = project.migrations
    return history_in([*version_folders_of(kept), *more], kept)


def history_in(folders: Iterable[Path], kept: MigrationSettings) -> History:
    """The history in ``folders``, as the settings say that it should be."""
    # By itself the tool numbers and names its revisions; those of others are as they are.
    strict = kept.revision_ids == "numbered" and kept.config is None and not kept.config_object
    return read_history(*folders, strict=strict, meant=kept.heads)


def project_history(project: Project) -> History:
    """The project's history; raises HistoryError when it is broken."""
    return project_revisions(project).require_sound()


def version_folders_of(kept: MigrationSettings) -> list[Path]:
    """Each folder of revision files once: globs and subfolders are those that are there."""
    found: dict[Path, None] = {}
    for location in locations_of(kept):
        base = location.removesuffix(BELOW)
        places = sorted(glob.glob(base)) if glob.has_magic(base) else [base]
        for place in places:
            if base is location:
                found[Path(place)] = None
            else:
                found |= dict.fromkeys(folders_below(Path(place)))
    if kept.folder in found and (kept.folder / "env.py").exists():
        del found[kept.folder]  # Alembic would run env.py as a revision
    if len(found) < 2:
        return list(found)
    # Alembic warns of a file that it finds by two ways.
    return list({folder.resolve(): folder for folder in reversed(found)}.values())[::-1]


def locations_of(kept: MigrationSettings) -> list[str]:
    """The locations as they are set, those in packages found; ``versions`` without any.

    Raises SettingsError for a package that cannot be found.
    """
    found = []
    for location in kept.locations or (str(kept.folder / "versions"),):
        if ":" in location and not os.path.isabs(location):
            below = BELOW if location.endswith(BELOW) else ""
            location = str(package_folder(location.removesuffix(BELOW), "VERSION_LOCATIONS"))
            location += below
        found.append(location)
    return found


def version_folders(script: ScriptDirectory) -> list[Path]:
    """Where the revision files of a script directory of Alembic are."""
    found: list[Path] = []
    for location in script.version_locations or [str(Path(script.dir) / "versions")]:
        inside = ":" in location and not os.path.isabs(location)
        folder = package_folder(location, "version_locations") if inside else Path(location)
        found += folders_below(folder) if script.recursive_version_locations else [folder]
    return found


def folders_below(folder: Path) -> Iterator[Path]:
    """``folder`` and those in it, as Alembic goes through them with recursive_version_locations."""
    yield folder
    for root, names, _ in os.walk(folder):
        names[:] = sorted(name for name in names if name != "__pycache__")
        yield from (Path(root) / name for name in names)


def versions_folder(project: Project, after: Iterable[Revision] = ()) -> Path:
    """Where a new revision is written that builds on ``after``: in the location of the first
    of them, else in the first location."""
    kept = project.migrations
    bases = [Path(place) for name in locations_of(kept) for place in _places(name)]
    for revision in after:
        homes = [base for base in bases if base in revision.path.parents]
        if homes:
            return max(homes, key=lambda base: len(base.parts))
    return bases[0]


def _places(location: str) -> list[str]:
    base = location.removesuffix(BELOW)
    if not glob.has_magic(base):
        return [base]
    # A glob of nothing yet: the folder is made that the pattern begins with.
    return sorted(glob.glob(base)) or [re.split(r"/[^/]*[*?\[]", base)[0]]


def require_found(project: Project, history: History) -> History:
    """``history``; raises HistoryError where it is empty and revision files are beside it,
    in a subfolder that no location names."""
    if not history.by_id and (found := passed_over(project)):
        raise HistoryError(*where_they_are(project, found))
    return history


def passed_over(project: Project) -> dict[Path, int]:
    """The folders below the project's locations that hold revision files and are not among
    them, with how many."""
    kept = project.migrations
    known = {folder.resolve() for folder in version_folders_of(kept)}
    above = dict.fromkeys(Path(p) for name in locations_of(kept) for p in _places(name))
    found: dict[Path, int] = {}
    for place in [*above, kept.folder]:
        for folder in folders_below(place) if place.is_dir() else ():
            if folder.resolve() not in known and folder not in found:
                number = len(read_history(folder, strict=False).by_id)
                found |= {folder: number} if number else {}
    return found


def going_on_below(project: Project, history: History) -> dict[Path, int]:
    """The folders below the project's locations that are not among them, and whose revision
    files build on ``history``, with how many."""
    kept = project.migrations
    folders = version_folders_of(kept)
    known = {folder.resolve() for folder in folders}
    below = {f for place in folders if place.is_dir() for f in folders_below(place)}
    left = {f: read_history(f, strict=False) for f in sorted(below) if f.resolve() not in known}
    ids, found = set(history.by_id), dict[Path, int]()
    while added := [f for f, more in left.items() if _builds_on(more, ids)]:
        for folder in added:
            more = left.pop(folder)
            found[folder] = len(more)
            ids |= more.by_id.keys()
    return found


def _builds_on(history: History, ids: set[str]) -> bool:
    return any(not ids.isdisjoint(r.down) for r in history.revisions if r.id not in ids)


def what_goes_on(project: Project, found: dict[Path, int]) -> tuple[str, str]:
    """What to say of ``going_on_below``, and what to write."""
    number = sum(found.values())
    one = number == 1
    place = os.path.commonpath([os.path.dirname(folder) for folder in found])
    root = project.settings.root
    shown = os.path.relpath(place, root) if Path(place).is_relative_to(root) else place
    return (
        f"{count(number, 'revision file')} in folders below {shown} "
        f"{'goes' if one else 'go'} on from the revisions here, and {'is' if one else 'are'} "
        "not read, as alembic does not with this configuration.",
        f'If they belong to the history, write in the settings: VERSION_LOCATIONS = ["{shown}'
        f'{BELOW}"]',
    )


def where_they_are(project: Project, found: dict[Path, int]) -> tuple[str, str]:
    """What to say of revision files in folders that no location names, and what to write."""
    root = project.settings.root

    def spelled(folder: Path) -> str:
        return str(folder.relative_to(root) if folder.is_relative_to(root) else folder)

    kind = project.database.url.partition(":")[0]
    found = dict(sorted(found.items(), key=lambda item: not kind.startswith(item[0].name)))
    names = {folder: spelled(folder) for folder in found}
    where = " and ".join(
        f"{count(number, 'revision file')} {'is' if number == 1 else 'are'} in {names[folder]}"
        for folder, number in found.items()
    )
    first, *others = names.values()
    hint = f'Write in the settings: VERSION_LOCATIONS = ["{first}"]'
    if others:
        hint += f', or for all of them ["{os.path.commonpath([first, *others])}{BELOW}"]'
    shown = ", ".join(spelled(Path(name)) for name in locations_of(project.migrations))
    return (
        f"There is no revision in {shown}, but {where}, which VERSION_LOCATIONS does not name.",
        hint,
    )
