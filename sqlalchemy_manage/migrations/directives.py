"""Alembic's process_revision_directives: review the comparison, then number and name the file.

Both entries come through here: manage.py with a Request, and ``alembic revision
--autogenerate`` and ``alembic check``, which have none and cannot ask.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import write_hooks
from alembic.util import CommandError

from .. import advice
from ..errors import ManageError
from ..files import written_whole
from ..models import managed_tables
from .actions.ownership import owned
from .actions.unimported_models import unimported_models
from .autogenerate.context import ComparisonContext
from .autogenerate.resolve import resolve
from .autogenerate.unmakeable import require_makeable
from .questions import Answers, Closed, parse_answers
from .revisions.expected_loss import with_losses
from .revisions.files import prepare_scripts
from .revisions.format import finish
from .revisions.history import History

if TYPE_CHECKING:
    from .runner.run import Run

_FINISH = "sqlalchemy_manage_finish"
_FLAGS = (
    *("rename", "rename_table", "rename_value"),
    *("default", "server_default", "nullable", "allow_drop", "allow_loss"),
)


def _by_alembic() -> str:
    return (
        f"Answer with {advice.ANSWER_THERE}; or pass each flag to alembic with -x, before the "
        "command: alembic -x rename=employee.name=full_name revision --autogenerate"
    )


def directives_hook(
    history: History, config: Config, run: Run
) -> Callable[[MigrationContext, Any, list[Any]], None]:
    """The hook for one run of an Alembic command.

    It raises OpenQuestion when a question is open in the end; ``alembic check`` and a
    Request that only looks get the operations as they would be without an answer.
    """

    def hook(context: MigrationContext, revision: Any, directives: list[Any]) -> None:
        request = run.request
        options = config.cmd_opts or Namespace()
        losses: list[str] = []
        compares = not request.empty if request else _compares(options)
        if directives and compares:
            # The database that was compared with may be of another kind.
            dialect = run.project.engine.dialect
            require_makeable(managed_tables(run.project.metadatas), dialect)
            questioner = request.questioner if request else Closed()
            review = ComparisonContext(
                context,
                run.project.metadatas,
                request.answers if request else run.answers,
                questioner,
                owned=lambda: owned(run.project, history, review.connection),
                unimported=lambda names: unimported_models(run.project, names),
                rows_visible=run.rows_visible,
            )
            script = directives[0]
            resolve(review, script)
            looks = request.only_looks if request else _command(options) == "check"
            unseen = script.upgrade_ops.is_empty()  # what only looks reports the changes
            if isinstance(questioner, Closed) and (unseen or not looks):
                questioner.finish(_by_alembic() if request is None else None)
            if request:
                request.notices[:] = review.notices
                request.losses[:] = review.losses
            losses = review.losses
        prepare_scripts(history, config, request, directives, run.project.migrations)
        if request is None and directives and context.script is not None:
            # Alembic writes the file itself; what it runs on a new file, this first.
            root = str(run.project.settings.root)
            finishing = {"_hook_name": _FINISH, "type": _FINISH, "root": root}
            context.script.hooks.insert(0, finishing | {"losses": "\n".join(losses)})

    return hook


@write_hooks.register(_FINISH)
def _finish(path: str, options: dict[str, str]) -> None:
    """Give a file that plain ``alembic revision`` wrote the form of manage.py's.

    One that cannot be finished is taken away again: it would not run.
    """
    file = Path(path)
    notices: list[str] = []
    try:
        text = with_losses(file.read_text(encoding="utf-8"), options["losses"].splitlines())
        text = finish(text, Path(options["root"]), notices)
    except ManageError as error:
        file.unlink()
        raise CommandError(f"{error.message}\n{error.hint}") from error
    with written_whole(file, replace=True) as whole:
        whole.write(text)
    for notice in notices:
        logging.getLogger("alembic.sqlalchemy_manage").warning(notice)


def answers_of(arguments: Iterable[str]) -> Answers:
    """The answers among the arguments of ``alembic -x``; raises UsageError as the flags do."""
    given: dict[str, list[str]] = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name.replace("-", "_") in _FLAGS:
            given.setdefault(name.replace("-", "_"), []).append(value)
    return parse_answers(**given)


def _command(options: Namespace) -> str:
    """The name of Alembic's command; empty when the Config was not made by its command line."""
    command = getattr(options, "cmd", None)
    return getattr(command[0], "__name__", "") if command else ""


def _compares(options: Namespace) -> bool:
    return bool(getattr(options, "autogenerate", False)) or _command(options) == "check"
