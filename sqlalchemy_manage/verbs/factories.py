"""Factories for the models that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..migrations.revisions.format import lay_out
from ..seeding.scaffolding.files import FactoryFile, factory_files

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True)
class LaidOutFactories:
    """The files, not written yet. ``skipped``: model -> why it gets no factory."""

    files: tuple[FactoryFile, ...]
    skipped: dict[str, str]
    notices: tuple[str, ...] = ()


def lay_out_factories(
    project: Project, names: Sequence[str] = (), *, joined: bool = True
) -> LaidOutFactories:
    """Factories for the models of these apps and models, by default all, that have none.

    Not ``joined``: the new factories alone where a file cannot take them.
    """
    notices: list[str] = []
    finish = partial(lay_out, root=project.settings.root, notices=notices)
    models = _models(project, names) if names else None
    files, invention = factory_files(project, models, finish, joined=joined)
    return LaidOutFactories(tuple(files), dict(invention.skipped), tuple(dict.fromkeys(notices)))


def _models(project: Project, names: Sequence[str]) -> list[type]:
    """The models of the apps and models that are named."""
    labels = {app.label.lower() for app in project.homes}
    found = []
    for name in names:
        if name.lower() in labels:
            found += [m.class_ for m in project.mappers if project.label_of(m) == name.lower()]
        else:
            found.append(project.find_model(name).class_)
    return found
