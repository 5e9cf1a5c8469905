"""init: manage.py and settings.py for a project that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import advice, output
from ..options import FilePath, json_option

if TYPE_CHECKING:
    from ..adoption.survey import Survey


@click.command()
@click.argument("directory", required=False, default=".", type=FilePath(as_text=True))
@click.option(
    "--config",
    metavar="PATH",
    help="The Alembic configuration: a file, a folder with env.py, or package.module:name.",
)
@click.option("--section", metavar="NAME", help="Its section, as alembic -n (default: alembic).")
@click.option("--dry-run", is_flag=True, help="Print the settings; write nothing.")
@json_option("Print JSON: kind, facts, problems, settings, files.")
def command(
    directory: str, config: str | None, section: str | None, dry_run: bool, as_json: bool
) -> None:
    """Lay manage.py and settings.py over a project.

    Looks for an Alembic configuration in DIRECTORY (default: this folder) and below it, or for
    models; says what it found and what will not hold; and writes the two files, with the
    settings that differ from the defaults. No other file is written, no file is replaced, and
    no database is changed. env.py is run only to see what it passes to Alembic.

    \b
    Example:
      sqlalchemy-manage init
      sqlalchemy-manage init --config db/alembic.ini --section auth
      sqlalchemy-manage init --dry-run
    """
    import os
    from pathlib import Path

    from ..adoption.laying_over import lay_over, survey_folder
    from ..adoption.settings_text import settings_text

    survey = survey_folder(Path(directory).absolute(), config, section, os.environ)
    text = settings_text(survey.draft)
    files = [] if dry_run or survey.kind == "nothing" else lay_over(survey)
    shown = [os.path.relpath(path) for path in files]
    if as_json:
        output.answer_json(
            {
                "kind": survey.kind,
                "facts": survey.facts,
                "problems": [output.redact(each) for each in survey.problems],
                "settings": text,
                "files": shown,
            }
        )
        return
    if survey.kind == "nothing":
        output.say(
            "There is neither an Alembic configuration nor a model here; nothing was written.\n"
            f"A new project is made by: {advice.START_PROJECT(name='NAME')}"
        )
        return
    output.table(("found", ""), [(k, output.redact(v)) for k, v in survey.facts.items()])
    for problem in survey.problems:
        output.warn(problem)
    if dry_run:
        output.answer(text.rstrip(), verbatim=True)
        return
    for path in shown:
        output.answer(path, verbatim=True)
    output.say(f"Next: {_next(survey)}")


def _next(survey: Survey) -> str:
    """The command that goes on from here."""
    if survey.kind == "alembic":
        return str(advice.CHECK_ADOPTED)
    if survey.has_tables:
        return f"{advice.WRITE_FOR_MODELS}, then {advice.RECORD_FIRST}"
    return str(advice.WRITE_FOR_MODELS)
