"""checklinks: find broken links between rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project

_NAMED = 20  # broken keys named per link; --json names all


@click.command()
@json_option("Print JSON: ok, and a list of name, kind, relationships, links, broken.")
@click.pass_obj
def command(project: Project, as_json: bool) -> int:
    """Check every relationship and foreign key for broken links.

    Finds dangling links, half-filled keys, duplicate pairs in a link table, several rows
    where only one is allowed, and relationships whose two directions disagree. Exits with 1
    if a link is broken.

    \b
    Example:
      manage.py checklinks
      manage.py checklinks --json
    """
    from ..links.check import check_links
    from ..links.declared_links import links_of

    links = links_of(project.mappers, project.tables)
    with project.connect() as connection:
        report = check_links(connection, links, limit=None if as_json else _NAMED)
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
    if report.ok:
        output.answer(f"links ok: {report.followed:,} links, {len(links)} checks")
    else:
        output.answer(f"{report.broken:,} broken link{'s' if report.broken != 1 else ''}")
    return 0 if report.ok else 1
