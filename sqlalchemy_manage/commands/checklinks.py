"""checklinks: find broken links between rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .. import output
from ..fitting import count
from ..options import json_option
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project

_NAMED = 20  # broken keys named per link; --json names all


@click.command(cls=OnSeveral)
@click.option(
    "--circles",
    is_flag=True,
    help="Also find rows that refer to themselves, directly or through others.",
)
@json_option("Print JSON: ok, links (name, kind, relationships, links, broken), not_judged.")
@click.pass_obj
def command(project: Project, circles: bool, as_json: bool) -> int:
    """Check every relationship and foreign key for broken links.

    Finds dangling links, half-filled keys, duplicate pairs in a link table, several rows
    where only one is allowed, relationships whose two directions disagree, rows of the
    wrong class or without their part in a subclass's table, foreign keys that the database
    lacks or does not enforce, and more: docs/links.md lists all kinds. A relationship is
    followed under its own condition. Exits with 1 if a link is broken.

    \b
    Example:
      manage.py checklinks
      manage.py checklinks --circles
      manage.py checklinks --json
    """
    from ..verbs.preparing import checked_links

    found = checked_links(project, circles=circles, limit=None if as_json else _NAMED)
    report, left = found.report, found.left
    if as_json:
        output.answer_json(
            {
                "ok": report.ok,
                "links": [
                    {
                        "name": r.link.name,
                        "kind": r.link.kind,
                        "relationships": list(r.link.relationships),
                        "links": r.followed,
                        "broken": [asdict(finding) for finding in r.findings],
                    }
                    for r in report.results
                ],
                "not_judged": [asdict(each) for each in left],
            }
        )
        return 0 if report.ok else 1
    output.table(
        ("link", "kind", "links", "broken"),
        [(r.link.name, r.link.kind, f"{r.followed:,}", f"{r.broken:,}") for r in report.results],
        right=(2, 3),
    )
    for result in report.results:
        for finding in result.findings:
            output.answer(finding.message)
        if result.broken > len(result.findings):
            more = result.broken - len(result.findings)
            output.answer(f"... and {more:,} more of {result.link.name}; --json names all")
    for skipped in left:
        output.answer(f"{skipped.relationship} is not judged: {skipped.reason}")
    if report.ok:
        rest = f", {len(left)} not judged" if left else ""
        checks = count(len(report.results), "check")
        output.answer(f"links ok: {count(report.followed, 'link')}, {checks}{rest}")
    else:
        output.answer(count(report.broken, "broken link"))
    return 0 if report.ok else 1
