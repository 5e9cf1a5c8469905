"""makemigrations: write the revision that makes the database match the models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .. import output
from ..errors import Interrupted, OpenQuestion, UsageError
from ..options import answer_options, json_option, x_option
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..migrations.questions import Question
    from ..migrations.revisions.files import Draft
    from ..project import Project


@click.command(cls=OnSeveral, writes=True)
@click.option("-n", "--name", help="Name of the revision (default: made from its content).")
@click.option("--empty", is_flag=True, help="Write an empty revision, to fill in yourself.")
@click.option("--update", is_flag=True, help="Add to the newest revision if it is not applied.")
@click.option("--head", "branch", metavar="LABEL", help="The branch, where HEADS names several.")
@click.option("--merge", is_flag=True, help="Merge several heads into one revision.")
@click.option(
    "--merge-anyway", is_flag=True, help="Merge heads even if they change the same things."
)
@click.option(
    "--check", is_flag=True, help="Exit with 1 if the models have changed; write nothing."
)
@click.option("--dry-run", is_flag=True, help="Print the file that would be written, and its SQL.")
@click.option(
    "--scratch",
    is_flag=True,
    help="Compare with a scratch database built from the revisions, not with the database.",
)
@answer_options
@json_option("Print JSON: revision, path, operations, notices; with --dry-run file and sql.")
@x_option
@click.pass_obj
def command(
    project: Project,
    /,
    name: str | None,
    empty: bool,
    update: bool,
    merge: bool,
    merge_anyway: bool,
    branch: str | None,
    check: bool,
    dry_run: bool,
    scratch: bool,
    as_json: bool,
    **answers: Any,
) -> int:
    """Create a revision for the changes in the models.

    Compares the models with the database. The whole project has one history, as in Alembic.
    Only the path of the new file goes to stdout. The first call also creates the migrations
    folder. Asks before data could be lost; every answer also has an option, for use without
    a terminal.

    \b
    Example:
      manage.py makemigrations
      manage.py makemigrations --rename employee.name=full_name
      manage.py makemigrations --default employee.grade='"junior"'
      manage.py makemigrations --check       for CI: 1 if one is missing
    """
    from ..migrations.questions import parse_answers
    from ..verbs.revisions import draft as drafted
    from ..verbs.revisions import draft_joined
    from ._prompts import questioner_for

    _not_together(update=update, merge=merge or merge_anyway, empty=empty)
    questioner = questioner_for(project) if not check else None
    try:
        if merge or merge_anyway:
            draft, notices = draft_joined(
                project, name, questioner, anyway=merge_anyway, on_line=output.say
            )
        else:
            draft, notices = drafted(
                project,
                name=name,
                empty=empty,
                update=update,
                scratch=scratch,
                branch=branch,
                answers=parse_answers(**answers),
                questioner=questioner,
                only_looks=check,
            )
    except Interrupted as error:
        raise error.only_looked() from None
    except OpenQuestion as error:
        if as_json:
            output.answer_json({"questions": [_open(question) for question in error.questions]})
        raise
    for notice in notices:
        output.say(f"Note: {notice}")
    sql = None
    if draft is not None or not (merge or merge_anyway):
        sql = _show(project, draft, dry_run=dry_run)
    if draft is not None and not (dry_run or check):
        _write(project, draft, quiet=as_json)
    if as_json:
        output.answer_json(_as_json(draft, notices, sql, written=not (check or dry_run)))
    elif draft is not None and sql is not None:
        output.answer(draft.text, nl=False)
        output.answer(f"\n-- SQL for {project.alias}:\n{sql}", nl=False)
    return 1 if check and draft else 0


def _not_together(**flags: bool) -> None:
    given = [f"--{name}" for name, value in flags.items() if value]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} cannot be used together.")


def _show(project: Project, draft: Draft | None, *, dry_run: bool) -> str | None:
    """Say what the revision does; with ``dry_run`` returns its SQL."""
    if draft is None:
        output.say("No changes detected.")
        return None
    output.say(f"{draft.revision}:")
    for change in draft.changes:
        output.say(f"  {change}")
    if not dry_run:
        return None
    from ..migrations.actions.dry_run import draft_sql

    return draft_sql(project, draft)


def _write(project: Project, draft: Draft, *, quiet: bool) -> None:
    from ..verbs.revisions import write

    path, created = write(project, draft)
    for each in created:
        output.say(f"Created {os.path.relpath(each)}")
    if not quiet:
        output.answer(os.path.relpath(path), verbatim=True)


def _open(question: Question) -> dict[str, Any]:
    answers = [{"words": o.words, "flags": list(o.flags)} for o in question.options]
    return {"kind": question.kind, "subject": question.subject, "text": question.text} | {
        "answers": answers
    }


def _as_json(
    draft: Draft | None, notices: tuple[str, ...], sql: str | None, *, written: bool
) -> dict[str, Any]:
    operations = [
        {"symbol": change.symbol, "words": change.words, "table": change.table}
        for change in (draft.changes if draft else ())
    ]
    return {
        "revision": draft.revision if draft else None,
        "path": os.path.relpath(draft.path) if draft and written else None,
        "operations": operations,
        "notices": list(notices),
        "file": draft.text if draft and sql is not None else None,
        "sql": sql,
    }
