"""The part of Project that is about revisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..migrations.actions import repair as repairing
from ..migrations.actions.as_is import run_as_is
from ..migrations.actions.dry_run import draft_sql
from ..migrations.actions.migrate import revision_sql
from ..migrations.actions.preview import Preview
from ..migrations.guards.journal.unfinished import require_finished
from ..migrations.questions import Questioner, parse_answers
from ..migrations.revisions.files import Draft
from ..migrations.revisions.locations import project_history
from ..project import Project
from .ahead import Ahead, MigrateOptions, ahead, backwards
from .calls import verb
from .history import HistoryState, history_state
from .migrating import Migrated, Migration, OnEvent, silent
from .revisions import PutRight, draft, draft_joined, put_right, write


@dataclass(frozen=True)
class MadeRevision:
    """A revision that was drafted. ``path``: where it was, or would be, written.

    ``changes``: what it does, each as a line that begins with ``+``, ``-``, ``~`` or ``!``.
    ``created``: the other files of the migrations folder that were missing, and are written.
    """

    id: str
    path: Path
    text: str
    changes: tuple[str, ...]
    notices: tuple[str, ...]
    written: bool
    created: tuple[Path, ...] = ()


class MigrationVerbs(Project):
    """What Project does with revisions."""

    confirm: str | None = None

    def _asks(self) -> Any:
        """Gives the name of a protected database, where the program has named it."""
        name = self.confirm
        return None if name is None else lambda text: name

    @verb
    def migrate(
        self,
        target: str | None = None,
        *,
        fake: bool = False,
        fake_initial: bool = False,
        from_base: bool = False,
        sync_branch: bool = False,
        allow_data_loss: bool = False,
        no_backup: bool = False,
        no_prove: bool = False,
        allow_loss: Sequence[str] = (),
        on_event: OnEvent = silent,
    ) -> Migrated:
        """Bring the database to ``target``: a revision, ``-1``, ``+1``, ``zero``, or the head.

        Each revision is one transaction; see ``manage.py migrate --help`` for the flags.
        ``on_event`` hears of each that starts and ends. Raises MigrationError where one fails:
        those before it stay applied. Raises Locked, DataLoss, HistoryError, NotPermitted, and
        OpenQuestion where the name of a protected database is missing.
        """
        wanted = MigrateOptions(
            fake,
            fake_initial,
            from_base,
            sync_branch,
            allow_data_loss,
            no_backup,
            no_prove,
            tuple(allow_loss),
        )
        return Migration(self, wanted, on_event, self._asks()).to(target)

    @verb
    def rollback(
        self,
        steps: int = 1,
        *,
        allow_data_loss: bool = False,
        no_backup: bool = False,
        no_prove: bool = False,
        allow_loss: Sequence[str] = (),
        on_event: OnEvent = silent,
    ) -> Migrated:
        """Undo the last ``steps`` revisions; raises as :meth:`migrate` does."""
        wanted = _wanted(allow_data_loss, no_backup, no_prove, allow_loss)
        return Migration(self, wanted, on_event, self._asks()).back(steps)

    @verb
    def redo(
        self,
        steps: int = 1,
        *,
        allow_data_loss: bool = False,
        no_backup: bool = False,
        no_prove: bool = False,
        allow_loss: Sequence[str] = (),
        on_event: OnEvent = silent,
    ) -> Migrated:
        """Undo the last ``steps`` revisions and apply them again."""
        wanted = _wanted(allow_data_loss, no_backup, no_prove, allow_loss)
        return Migration(self, wanted, on_event, self._asks()).again(steps)

    @verb
    def migrate_as_is(self, target: str | None = None) -> None:
        """Have another tool's env.py go to ``target`` by itself, without any promise of ours."""
        run_as_is(self, target)

    @verb
    def pending(self, target: str | None = None) -> tuple[str, ...]:
        """The ids of the revisions that :meth:`migrate` would apply or undo, in that order."""
        with ahead(self, target) as found:
            return _ids(found)

    @verb
    def plan(self, target: str | None = None, *, sync_branch: bool = False) -> tuple[Preview, ...]:
        """What :meth:`migrate` would do to how many rows, and what would be lost."""
        with ahead(self, target, MigrateOptions(sync_branch=sync_branch)) as found:
            return tuple(found.previews(self))

    @verb
    def plan_rollback(self, steps: int = 1) -> tuple[Preview, ...]:
        """The same of :meth:`rollback`."""
        return tuple(backwards(self, steps).previews(self))

    @verb
    def show_migrations(self) -> HistoryState:
        """The revisions in order, which are applied, and what is wrong with them."""
        return history_state(self)

    @verb
    def sql_migrate(self, revision: str, *, backwards: bool = False) -> str:
        """The SQL of a revision, for the kind of database that the settings name."""
        history = project_history(self)
        return revision_sql(self, history, history.resolve(revision), backwards=backwards)

    @verb
    def make_migrations(
        self,
        name: str | None = None,
        *,
        empty: bool = False,
        update: bool = False,
        scratch: bool = False,
        branch: str | None = None,
        write: bool = True,
        questioner: Questioner | None = None,
        rename: Iterable[str] = (),
        rename_table: Iterable[str] = (),
        rename_value: Iterable[str] = (),
        default: Iterable[str] = (),
        server_default: Iterable[str] = (),
        nullable: Iterable[str] = (),
        allow_drop: Iterable[str] = (),
        allow_loss: Iterable[str] = (),
    ) -> MadeRevision | None:
        """Write the revision for the changes of the models; None if there are none.

        The answers are those of ``manage.py makemigrations``: ``rename=["employee.name=full"]``.
        What they leave open is asked of the ``questioner``; without one OpenQuestion is raised,
        whose ``questions`` are all that were open, and nothing is written. With ``write=False``
        nothing is in any case.
        """
        answers = parse_answers(
            rename=rename,
            rename_table=rename_table,
            rename_value=rename_value,
            default=default,
            server_default=server_default,
            nullable=nullable,
            allow_drop=allow_drop,
            allow_loss=allow_loss,
        )
        drafted, notices = draft(
            self,
            name=name,
            empty=empty,
            update=update,
            scratch=scratch,
            branch=branch,
            answers=answers,
            questioner=questioner,
        )
        return self._kept(drafted, notices, write)

    @verb
    def merge(
        self,
        name: str | None = None,
        *,
        anyway: bool = False,
        questioner: Questioner | None = None,
        write: bool = True,
    ) -> MadeRevision | None:
        """Write the revision that merges the heads; None where there is one, or none.

        ``anyway``: also where they change the same things; else OpenQuestion is raised.
        """
        drafted, notices = draft_joined(self, name, questioner, anyway=anyway)
        return self._kept(drafted, notices, write)

    def _kept(
        self, drafted: Draft | None, notices: tuple[str, ...], wanted: bool
    ) -> MadeRevision | None:
        if drafted is None:
            return None
        path, created = write(self, drafted) if wanted else (drafted.path, [])
        changes = tuple(map(str, drafted.changes))
        made = (drafted.revision, path, drafted.text, changes, notices, wanted)
        return MadeRevision(*made, created=tuple(created))

    @verb
    def changes(self, *, scratch: bool = False) -> tuple[str, ...]:
        """How the models differ from the database (``scratch``: from the revisions)."""
        found, _ = draft(self, scratch=scratch, only_looks=True)
        return tuple(map(str, found.changes)) if found is not None else ()

    @verb
    def sql_of(self, revision: MadeRevision) -> str:
        """The SQL of a revision that was drafted and is not written."""
        changes: tuple[Any, ...] = ()
        return draft_sql(self, Draft(revision.path, revision.text, changes))

    @verb
    def repair(self, *revisions: str, reason: str | None = None, restore: bool = False) -> PutRight:
        """Accept files that differ from what was applied, for a ``reason``, or ``restore`` them.

        Nothing is done where they are as they were. Raises OpenQuestion where they are not, and
        neither is given.
        """
        if reason is not None:
            repairing.require_reason(reason)
        now = repairing.problems(self, revisions)
        if not now.findings:
            require_finished(self)
            return PutRight()
        return put_right(self, now, reason=reason, restore=restore)

    @verb
    def prune(self) -> tuple[str, ...]:
        """Remove the ledger's rows of unapplied revisions that have no file; their ids."""
        return tuple(repairing.prune(self))


def _wanted(
    loss: bool, no_backup: bool, no_prove: bool, allow_loss: Sequence[str]
) -> MigrateOptions:
    return MigrateOptions(
        allow_data_loss=loss,
        no_backup=no_backup,
        no_prove=no_prove,
        allow_loss=tuple(allow_loss),
    )


def _ids(found: Ahead) -> tuple[str, ...]:
    return tuple(step.id for plan in found.plans for step in plan.steps)
