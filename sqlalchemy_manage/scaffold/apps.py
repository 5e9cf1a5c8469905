"""A new app of a project: models, factories, a seed and a test."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..apps import find_package
from ..conf import ENVIRONMENT_VARIABLE, SettingsMissing
from ..errors import UsageError
from ..files import written_whole
from .bases import FoundBase, bases_in
from .installed_apps import with_app
from .names import class_name, require_name
from .new_files import NewFile, filled, with_words
from .placing import NotLaidDown, lay_down, taken

if TYPE_CHECKING:
    from ..conf import Settings
    from ..project import Project


class StartedApp(NamedTuple):
    """Its dotted name and the files made; ``settings``: the file that lists it from now on.

    ``settings`` is None where it has to be listed by hand. ``lacks_session``: conftest.py has
    no fixture ``session``, which the test uses.
    """

    name: str
    files: list[Path]
    settings: Path | None
    lacks_session: bool


def start_app(project: Project, name: str, directory: Path | None, example: str) -> StartedApp:
    """Make an app called ``name`` in a new folder of that name, or in ``directory``.

    Its models have the declarative base of the project's other apps, if these have one, so
    that they can refer to each other. INSTALLED_APPS is added to where that is a plain list.
    Raises UsageError for a name that cannot be used, and NotLaidDown if a file is there already
    or cannot be written: then nothing is made.
    """
    settings = _settings(project)
    root = settings.root if settings else Path.cwd()
    folder = Path(os.path.abspath(name if directory is None else directory))
    # Of a name that is a path the check says what is wrong.
    require_name(name, "app", example, own=[root, folder.parent])
    if folder.name != name:
        raise UsageError(
            f"The folder of an app has the app's name, and {folder} has not.",
            f"For example: {example} {Path(directory or '', name)}",
        )
    dotted = _dotted(folder, root)
    if settings:
        # Its table is called in lower case, and many file systems tell no case apart.
        labels = {app.rpartition(".")[2].lower(): app for app in settings.installed_apps}
        if name.lower() in labels:
            raise UsageError(f"INSTALLED_APPS has an app of that name: {labels[name.lower()]}.")
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise NotLaidDown(f"{folder} exists already, and is not empty.")
    new = _files(settings, name, dotted, folder.relative_to(root).as_posix())
    if there := taken(root, new):
        raise NotLaidDown(f"{root / there[0]} exists already.")
    conftest = root / "tests" / "conftest.py"
    lacks_session = conftest.exists() and not _has_session(conftest)
    made = lay_down(root, new)
    listed = _list(settings.file, dotted) if settings else None
    return StartedApp(dotted, made, listed, lacks_session)


def _settings(project: Project) -> Settings | None:
    """Those of the project; None where the folder has none, and none are named."""
    named = project.settings_name or os.environ.get(ENVIRONMENT_VARIABLE)
    try:
        settings = project.settings
    except SettingsMissing:
        if named and named != "settings":
            raise
        return None
    # A module of that name may come from anywhere.
    return settings if named or Path.cwd().is_relative_to(settings.root) else None


def _dotted(folder: Path, root: Path) -> str:
    try:
        parts = folder.relative_to(root).parts
    except ValueError:
        raise UsageError(
            f"{folder} is outside {root}, where the settings are.",
            "Use a folder below that, from which the app can be imported.",
        ) from None
    for part in parts[:-1]:
        if not part.isidentifier():
            raise UsageError(f"'{part}' of {folder} cannot be the name of a package.")
    return ".".join(parts)


def _files(settings: Settings | None, name: str, dotted: str, place: str) -> list[NewFile]:
    """The files below the project's folder; ``place``: the folder of the app there."""
    base = _base(settings)
    words = {
        "app": name,
        "dotted": dotted,
        "model": f"{class_name(name)}Item",
        "table": f"{name.lower()}_item",
        "base": "" if base else _OWN_BASE,
        "imports": _OWN_IMPORTS,
    }
    if base:
        words["imports"] = with_words(_SHARED_IMPORTS, {"module": base.module, "base": base.name})
    new = []
    for file in filled("app", words):
        inside = file.path.startswith(f"{name}/")
        new.append(file._replace(path=place + file.path[len(name) :]) if inside else file)
    conftest = next(f for f in filled("project", _any(words)) if f.path == "tests/conftest.py")
    root = settings.root if settings else Path.cwd()
    return new if (root / conftest.path).exists() else [*new, conftest]


def _any(words: dict[str, str]) -> dict[str, str]:
    """The words of a project's templates too, which conftest.py has none of."""
    return words | {"project": "", "version": ""}


_SHARED_IMPORTS = """\
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from {{ module }} import {{ base }}"""
_OWN_IMPORTS = """\
from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column"""
_OWN_BASE = '''
class Base(DeclarativeBase):
    """Base of the models; by this convention each constraint gets a name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

'''


def _base(settings: Settings | None) -> FoundBase | None:
    """The one base of the project's apps; None if there is none, or several."""
    found = bases_in(_models(settings.installed_apps)) if settings else []
    return found[0] if len(found) == 1 else None


def _models(apps: Iterable[str]) -> Iterable[tuple[str, Path]]:
    """The models modules of the apps, not imported: a file, or the files of a package."""
    for app in apps:
        folder = find_package(app)
        if folder is None:
            continue
        yield f"{app}.models", folder / "models.py"
        yield f"{app}.models", folder / "models" / "__init__.py"
        for path in sorted((folder / "models").glob("[!_]*.py")):
            yield f"{app}.models.{path.stem}", path


def _has_session(conftest: Path) -> bool:
    try:
        tree = ast.parse(conftest.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return False
    return any(isinstance(n, ast.FunctionDef) and n.name == "session" for n in tree.body)


def _list(file: Path, app: str) -> Path | None:
    """Add ``app`` to INSTALLED_APPS of the file; None if that is not certain to be right."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        new = with_app(text, app)
        if new is None or "\r" in text:
            return None
        with written_whole(file, replace=True, newline="") as target:
            target.write(new)
    except (OSError, ValueError):
        return None
    return file
