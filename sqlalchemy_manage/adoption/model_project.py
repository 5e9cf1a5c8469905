"""A project that has models and no Alembic: where they are, as settings say it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from ..fitting import count
from .draft import SettingsDraft
from .fresh_process import tables_of
from .sources import SourceModule, modules_in
from .survey import Survey
from .urls import UrlSource, repr_of

ABOUT = "Settings of manage.py; docs/settings.md of sqlalchemy-manage lists every name."


def survey_models(root: Path, environ: Mapping[str, str]) -> Survey:
    """What the files below ``root`` declare; of kind ``nothing`` where that is no model."""
    draft = SettingsDraft(root, ABOUT)
    survey = Survey(root, "models", draft)
    modules = modules_in(root)
    source = root / "src"
    if source.is_dir() and not (source / "__init__.py").exists():
        below = modules_in(source)
        modules = [m for m in modules if not m.path.is_relative_to(source)] + below
        if any(m.models or m.metadata for m in below):
            draft.paths.append(draft.place(source))
    declaring = [m for m in modules if m.models or m.metadata]
    if not declaring:
        survey.kind = "nothing"
        return survey
    apps = sorted({app for m in declaring if (app := _app_of(m))})
    others = [m for m in declaring if not _app_of(m)]
    entries = [_entry(m) for m in others if m.models] or (
        [] if apps else [_entry(m) for m in others]
    )
    if apps:
        draft.values["INSTALLED_APPS"] = apps
        survey.facts["apps"] = ", ".join(apps)
    if entries:
        draft.values["METADATA"] = entries
        survey.facts["metadata"] = ", ".join(entries)
    path = [*(str(place.path) for place in draft.paths), *sys.path]
    imported = tables_of([_entry(m) for m in declaring], root, path)
    survey.facts["models"] = count(len(imported.tables), "table")
    if imported.failed:
        survey.problems.append(f"The models cannot be imported: {imported.failed}")
    _database(draft, survey, modules, environ)
    return survey


def _app_of(module: SourceModule) -> str | None:
    """``shop`` of ``shop.models`` and ``shop.models.orders``; None of any other module."""
    parts = module.name.split(".")
    return ".".join(parts[: parts.index("models")]) if "models" in parts[1:] else None


def _entry(module: SourceModule) -> str:
    """The entry of METADATA that leads to what a module declares."""
    name = module.metadata[0] if module.metadata else f"{module.models[0]}.metadata"
    return f"{module.name}:{name}"


def _database(
    draft: SettingsDraft, survey: Survey, modules: list[SourceModule], environ: Mapping[str, str]
) -> None:
    """The URL that the project's files write out, if it is one; else a file beside manage.py."""
    found = {url for m in modules for url in m.urls if "://" in url and not _has_password(url)}
    if len(found) == 1:
        url = found.pop()
        draft.source = UrlSource(repr_of(url), url, "as create_engine() of the project has it")
    else:
        name = draft.root.name if draft.root.name.isidentifier() else "app"
        url = f"sqlite:///{name}.sqlite"
        expression = f"f\"sqlite:///{{BASE_DIR / '{name}.sqlite'}}\""
        draft.source = UrlSource(expression, url, "a file beside manage.py")
    if environ.get("DATABASE_URL"):
        survey.facts["DATABASE_URL"] = "is set, and takes the place of the URL in the settings"


def _has_password(url: str) -> bool:
    from ..database_settings import passwords

    return bool(passwords(url))
