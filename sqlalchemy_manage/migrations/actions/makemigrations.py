"""Compare the models with a database; draft the revision for the difference."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.util import CommandError

from ... import advice
from ...binds import DEFAULT, tables_of
from ...databases.scratch_file import scratch_sqlite
from ...errors import HistoryError, MigrationError, SettingsError
from ..foreign_env.harvest import harvested_env
from ..questions import Answers, Closed, Questioner
from ..revisions.amend import amend, amendable
from ..revisions.branches import branch_heads, head_on
from ..revisions.expected_loss import with_losses
from ..revisions.files import (
    Draft,
    RevisionRequest,
    alembic_config,
    script_folder,
)
from ..revisions.format import finish, finish_in_own_style
from ..revisions.history import History, project_heads
from ..revisions.locations import version_folders_of, versions_folder
from ..revisions.plan import NotHere
from ..runner.run import Run
from ..runner.status import sound_history
from .compared_database import ComparedDatabase, comparison_database
from .new_database import makes_all
from .trial import require_downgrade

if TYPE_CHECKING:
    from ...project import Project


def draft_revision(
    project: Project,
    *,
    name: str | None = None,
    empty: bool = False,
    answers: Answers | None = None,
    questioner: Questioner | None = None,
    only_looks: bool = False,
    scratch: bool = False,
    branch: str | None = None,
) -> tuple[Draft | None, tuple[str, ...]]:
    """The next revision, not written yet, and notices for the user.

    None when the models equal the database. ``name`` takes the place of the name made
    from the operations; ``scratch`` compares with the replayed history; ``branch`` is the
    label or the head that the revision comes after, where HEADS names several. The database
    is only read. Raises OpenQuestion when a question is left that nobody answered (not with
    ``only_looks``), UsageError for an answer that fits nothing, HistoryError for several
    heads or when revisions are still to be applied.
    """
    history = sound_history(project)
    if only_looks and branch is None:
        branch = next(iter(branch_heads(history).values()), None)
    head = head_on(history, branch)
    if not empty:
        harvested_env(project)  # it may know the models
        require_models(project)
        require_own_history(project)
    request = RevisionRequest(
        name=name,
        empty=empty,
        answers=answers or Answers(),
        questioner=questioner or Closed(),
        only_looks=only_looks,
    )
    with _base(project, history, empty=empty, scratch=scratch) as base:
        text = _render(project, request, base, head)
    notices = [*([base.note] if base.note else []), *request.notices]
    if text is None:
        return None, tuple(notices)
    path, source = text
    finishing = finish_in_own_style if harvested_env(project) else finish
    finished = finishing(with_losses(source, request.losses), project.settings.root, notices)
    draft = Draft(_folder(project, history, head) / path, finished, tuple(request.changes))
    if not only_looks:
        require_downgrade(project, history, draft)
    return draft, tuple(notices)


def _folder(project: Project, history: History, head: str | None) -> Path:
    return versions_folder(project, [history.by_id[head]] if head else [])


def require_own_history(project: Project) -> None:
    """Raises SettingsError where another alias has other models, and the same history."""
    if not project.is_divided:
        return
    settings, own = project.settings, tables_of(project.all_metadatas, project.alias)

    def history(alias: str) -> tuple[object, ...]:
        found = settings.migrations_of(alias)
        return found.folder, found.locations, found.config, found.section

    for alias in settings.databases:
        if history(alias) != history(project.alias):
            continue
        others = tables_of(project.all_metadatas, alias)
        if own and others and own != others:
            other = alias if alias != DEFAULT else project.alias
            raise SettingsError(
                f"The databases '{project.alias}' and '{alias}' have different models, and one "
                f"history in {project.migrations.folder}.",
                "Give each a history of its own: "
                f'DATABASES[{other!r}]["MIGRATIONS_DIR"] = "migrations_{other}"',
            )


def require_models(project: Project) -> None:
    """Raises MigrationError where no app has models, AppError for a METADATA without tables."""
    if project.metadata_entries:
        from ...metadata_setting import require_content

        require_content(project.metadata_entries, project.settings.file)
    if not project.metadatas:
        raise MigrationError(
            "No models were found in "
            + (", ".join(a.name for a in project.apps) or "any app")
            + ".",
            f"INSTALLED_APPS in {project.settings.file} names the packages; "
            "each has its models in models.py. METADATA names a MetaData that is elsewhere.",
        )


def draft_update(
    project: Project,
    *,
    answers: Answers | None = None,
    questioner: Questioner | None = None,
    only_looks: bool = False,
    branch: str | None = None,
) -> tuple[Draft | None, tuple[str, ...]]:
    """The newest revision with the models' further changes, not written yet, and notices.

    None when nothing is missing from it. The models are compared with the history
    replayed, this revision included. Raises HistoryError when it is applied already.
    """
    revision = amendable(sound_history(project), project_heads(project), branch)
    draft, notices = draft_revision(
        project,
        answers=answers,
        questioner=questioner,
        only_looks=only_looks,
        scratch=True,
        branch=branch,
    )
    if draft is None:
        return None, notices
    return amend(revision, draft, project.settings.root), notices


@contextmanager
def _base(
    project: Project, history: History, *, empty: bool, scratch: bool
) -> Iterator[ComparedDatabase]:
    with ExitStack() as stack:
        if empty:
            # Nothing is compared, so no database is needed.
            empty_file = stack.enter_context(scratch_sqlite(project.alias))
            yield ComparedDatabase(empty_file, rows_visible=False)
            return
        base = stack.enter_context(comparison_database(project, scratch=scratch))
        if base.database is project.database:
            _require_applied(project, history)
        yield base


def _render(
    project: Project, request: RevisionRequest, base: ComparedDatabase, head: str | None
) -> tuple[str, str] | None:
    """The name and the text of the new file as Alembic writes it; None for an empty one."""
    with tempfile.TemporaryDirectory() as temporary:
        # The file is made in a folder of its own: one that cannot be rendered, or a
        # command interrupted, leaves nothing in the history.
        new = Path(temporary) / "versions"
        config = alembic_config(
            project,
            script_folder(project, Path(temporary)),
            versions=[*version_folders_of(project.migrations), new],
            run=Run(
                project,
                base.database,
                request=request,
                read_only=True,
                rows_visible=base.rows_visible,
            ),
        )
        try:
            command.revision(
                config,
                autogenerate=not request.empty,
                head=head or "head",
                version_path=str(new),
            )
        except SyntaxError:
            pass  # Alembic loads what it has written; finish() names the line at fault
        except CommandError as error:
            raise MigrationError(str(error)) from error
        made = list(new.glob("*.py"))
        return (request.file, made[0].read_text(encoding="utf-8")) if made else None


def _require_applied(project: Project, history: History) -> None:
    current = project_heads(project)
    if unknown := tuple(i for i in current if i not in history.by_id):
        raise NotHere(unknown)
    heads = tuple(branch_heads(history).values())
    if heads and not current and makes_all(project):
        raise HistoryError(
            "The models are compared with the database, and it has no revision. Made now from the "
            'models (NEW_DATABASE = "create_all") it would equal them, and no revision would have '
            "what was changed since the newest.",
            f"Make it from the models as they were then (git stash): {advice.MAKE_DATABASE}\n"
            f"Or compare with the revisions alone: {advice.WRITE_FROM_SCRATCH}",
        )
    if not history.ancestors(current).issuperset(heads):
        raise HistoryError(
            f"The models are compared with the database, and it is not at {' and '.join(heads)} "
            f"(applied: {', '.join(current) or 'nothing'}).",
            f"{advice.APPLY_PENDING}, then repeat the command; or compare with the revisions "
            f"alone: {advice.WRITE_FROM_SCRATCH}",
        )
