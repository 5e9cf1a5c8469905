"""New revision files: what they are called, and how they come into the folder whole."""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.operations import ops

from ... import advice
from ...databases.error_kinds import blaming, fault_of
from ...errors import HistoryError, MigrationError
from ...files import written_whole
from ...migration_settings import DEFAULT, MigrationSettings
from ..foreign_env.detection import ENVIRONMENT, foreign_env
from ..foreign_env.harvest import harvested_env
from ..foreign_env.own_config import TEMPLATES, own_config
from ..questions import Answers, Closed, Questioner
from .describe import Change, changes, name_parts, prune
from .format import docstring, quoted
from .formatters import line_length
from .history import History, revision_in
from .locations import version_folders_of
from .naming import file_name, new_id

if TYPE_CHECKING:
    from ...project import Project


TEMPLATE = "script.py.mako"


@dataclass
class RevisionRequest:
    """What makemigrations wants of the next revision.

    ``only_looks``: nothing is written, so that a question may stay open. ``changes``,
    ``notices``, ``losses`` and ``file``, what it is to be called, are filled in by Alembic's run.
    """

    name: str | None = None
    empty: bool = False
    answers: Answers = field(default_factory=Answers)
    questioner: Questioner = field(default_factory=Closed)
    only_looks: bool = False
    changes: list[Change] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    file: str = ""


@dataclass(frozen=True)
class Draft:
    """A revision that is not in the folder yet: its path-to-be, its text, what it does."""

    path: Path
    text: str
    changes: tuple[Change, ...]

    @property
    def revision(self) -> str:
        """Its id."""
        found = revision_in(self.text, self.path)
        return found.id if found else self.path.stem

    def write(self) -> Path:
        """Put the file into the folder, whole or not at all; returns its path.

        Raises HistoryError if the name is taken, MigrationError if it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(self.path, replace=False) as file:
                file.write(self.text)
        except FileExistsError as error:
            raise HistoryError(f"{self.path} already exists.") from error
        except OSError as error:
            raise unwritten(self.path, error) from error
        return self.path


def prepare_scripts(
    history: History,
    config: Config,
    request: RevisionRequest | None,
    directives: list[Any],
    kept: MigrationSettings = DEFAULT,
) -> None:
    """Alembic's process_revision_directives: number and name the revision, drop an empty one.

    Plain ``alembic revision`` gets the same: ``-m`` gives the name, ``--rev-id`` wins. ``kept``
    says what ids and files of the project are like.
    """
    if not directives:
        return
    script = directives[0]
    for container in (script.upgrade_ops, script.downgrade_ops):
        leave_indexes_to_their_tables(container)
    found = changes(script.upgrade_ops.ops)
    if request is not None:
        request.changes[:] = found
        name, unwanted = request.name, not found and not request.empty
        if request.empty:
            script.upgrade_ops.ops, script.downgrade_ops.ops = [], []
    else:
        options = config.cmd_opts or Namespace()
        if getattr(options, "rev_id", None):
            return
        name = script.message
        unwanted = not found and getattr(options, "autogenerate", False)
    if unwanted:
        directives[:] = []
        return
    if name is None and not history.by_id:
        name = "initial"
    parts = [name] if name else name_parts(found) or ["empty"]
    # One that a hook of the project's own env.py gave stays.
    script.rev_id = getattr(script, "given_rev_id", None) or new_id(history, kept, parts)
    if request is not None:
        request.file = file_name(kept, script.rev_id, parts)
    width = line_length(Path(config.get_alembic_option("script_location") or "."))
    script.message = quoted(script.message or docstring(name, found, width))


def leave_indexes_to_their_tables(container: ops.OpContainer) -> None:
    """Take out the drops of indexes whose table is dropped in the same revision.

    They go with the table; dropped one by one before it, MariaDB refuses those that a
    foreign key needs (error 1553), and a downgrade stops half-way.
    """
    dropped = {
        (op.schema, op.table_name) for op in container.ops if isinstance(op, ops.DropTableOp)
    }

    def stays(op: Any) -> bool:
        return not (isinstance(op, ops.DropIndexOp) and (op.schema, op.table_name) in dropped)

    prune(container, stays)


def alembic_config(
    project: Project,
    folder: Path | None = None,
    *,
    versions: Iterable[Path] = (),
    **attributes: Any,
) -> Config:
    """Alembic's Config for the project's migrations folder (or another), quiet, without any file.

    ``versions``: where the revision files are, if not where the project has them.
    The URL is not in it: it would pass through string interpolation, and errors there
    print it, password and all. Raises MigrationError for a folder whose env.py is empty.

    Where env.py is another tool's, the Config is the project's own and the env.py ours; what
    theirs passes to Alembic is in ``attributes["harvested_env"]``. Raises MigrationError as
    ``harvested_env`` does.
    """
    own = project.migrations.folder
    if (env := harvested_env(project)) is not None:
        config = own_config(project)
        attributes["harvested_env"] = env
        versions = [*versions] or version_folders_of(project.migrations)
        folder = TEMPLATES if folder in (None, own) else folder
    else:
        config = Config(cmd_opts=Namespace(quiet=True, x=[*project.x] or None))
        require_env(folder or own)
    location = str(folder or own)
    config.set_main_option("script_location", location.replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s")
    config.set_main_option("revision_environment", "true")
    if folder is None and not versions and project.migrations.locations:
        versions = version_folders_of(project.migrations)
    if versions:
        folders = "\n".join(dict.fromkeys(map(str, versions)))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", folders.replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def script_folder(project: Project, temporary: Path) -> Path:
    """A folder with the env.py and the script.py.mako with which a revision is written.

    The project's own, if it has both, else ``temporary`` with what it has of them. What is
    another tool's env.py is never run: ours is there in its place.
    """
    own = project.migrations.folder
    foreign = foreign_env(own) is not None
    names = [name for name in (ENVIRONMENT, TEMPLATE) if (own / name).exists()]
    if ENVIRONMENT in names:
        require_env(own)
    if len(names) == 2 and not foreign:
        return own
    for name in names:
        if not (foreign and name == ENVIRONMENT):
            shutil.copy(own / name, temporary)
    create_folder(temporary)
    return temporary


def template_arguments(project: Project) -> dict[str, Any]:
    """What the project's own env.py gives to script.py.mako."""
    env = harvested_env(project)
    return {} if env is None else dict(env.options.get("template_args", {}))


def complete_folder(project: Project) -> list[Path]:
    """Make the project's migrations folder, or what is missing of it; the new files.

    Another tool's is left as it is, and one that its own Alembic configuration names. Raises
    MigrationError.
    """
    kept = project.migrations
    if kept.config is not None or kept.config_object is not None or foreign_env(kept.folder):
        return []
    return create_folder(kept.folder, versions=not kept.locations)


def create_folder(folder: Path, *, versions: bool = True) -> list[Path]:
    """Make ``folder`` a migrations folder: versions/, env.py, script.py.mako; the new files.

    ``versions``: with the folder of that name; revisions may be elsewhere. What already
    exists is left as it is. Raises MigrationError if it cannot be written.
    """
    templates = files("sqlalchemy_manage.migrations") / "templates"
    made = []
    target = folder / "versions" if versions else folder
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in (ENVIRONMENT, TEMPLATE):
            target = folder / name
            if not target.exists():
                with written_whole(target, replace=False) as file:
                    file.write((templates / name).read_text(encoding="utf-8"))
                made.append(target)
    except OSError as error:
        raise unwritten(target, error) from error
    return made


def require_env(folder: Path) -> None:
    """Raises MigrationError if the env.py of a migrations folder is missing or empty.

    Alembic would run an empty one, and do nothing. So does it with an empty script.py.mako.
    """
    if folder.is_dir() and not (folder / ENVIRONMENT).exists():
        raise MigrationError(
            f"{folder / ENVIRONMENT} is missing.", f"This writes it again: {advice.WRITE_ENV}"
        )
    for path in (folder / ENVIRONMENT, folder / TEMPLATE):
        if path.exists() and path.stat().st_size == 0:
            raise MigrationError(
                f"{path} is empty. Was the disk full when it was written?",
                f"Restore it; or delete it, and this writes it again: {advice.WRITE_ENV}",
            )


def unwritten(path: Path, error: OSError) -> MigrationError:
    """Why ``path`` could not be written, with whose fault it is."""
    fault = fault_of(error)
    text = blaming(error, f"Cannot write {path}: {error.strerror}.")
    return MigrationError(text, fault.hint() if fault else None)
