"""Fix what the tamper check found: accept files as they are, restore files, prune."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ... import advice
from ...databases.engines import connecting
from ...databases.locks import migration_lock
from ...errors import DatabaseMissing, HistoryError, UsageError
from ...files import written_whole
from ..questions import Option, Question
from ..revisions.history import revision_in
from ..revisions.locations import project_history, project_revisions, versions_folder
from ..revisions.naming import file_name
from ..runner.engine import migration_engine
from ..runner.ledger import create_ledger, forget, kept_source, record
from ..runner.run import Run
from ..runner.status import HistoryStatus, RevisionProblem, applied_ids, gone, status_on

if TYPE_CHECKING:
    from ...project import Project


@contextmanager
def writing(project: Project, wait: float | None = None) -> Iterator[sa.Connection]:
    """A connection on which the ledger can be written, while the migration lock is held.

    Raises Locked if that is not possible within ``wait`` seconds (else LOCK_WAIT).
    """
    wait = project.settings.lock_wait if wait is None else wait
    run = Run(project, project.database)
    engine = migration_engine(project.database, project.settings.root, run)
    try:
        with connecting(engine) as connection:
            run.state.writes = True
            with migration_lock(engine, wait, lambda who: None, connection):
                yield connection
    finally:
        engine.dispose()


def require_ledger(project: Project) -> None:
    """Raises HistoryError where the settings want none."""
    if project.database.bookkeeping.ledger is False:
        raise HistoryError(
            "The settings have LEDGER = False: what was applied is not recorded, and the files "
            "cannot be compared with it.",
            'Take the setting out, or name a schema for the tool\'s own tables: LEDGER = "manage"',
        )


def problems(project: Project, names: Sequence[str] = ()) -> HistoryStatus:
    """What there is to repair in the revisions ``names``, else in all.

    Here a revision without a file counts although the database is at it, or only at what
    was built on it. Raises
    UsageError for a name with nothing wrong.
    """
    require_ledger(project)
    history = project_revisions(project)
    try:
        with project.connect() as connection:
            now = status_on(connection, history)
    except DatabaseMissing:
        now = HistoryStatus(history)
    found = list(now.findings)
    known = history.by_id.keys() | {finding.revision for finding in found}
    for missing in sorted(applied_ids(history, now.ledger, now.heads) - known):
        if missing in now.ledger:  # the head, and what only files that are gone build on
            found.append(gone(missing, str(now.ledger[missing]), head=missing in now.heads))
    if names:
        wanted = {_matching(name, found) for name in names}
        found = [finding for finding in found if finding.revision in wanted]
    return HistoryStatus(history, now.heads, now.ledger, tuple(found))


def _matching(name: str, found: Iterable[RevisionProblem]) -> str:
    ids = {f.revision for f in found if f.revision == name}
    ids = ids or {f.revision for f in found if f.revision.startswith(name)}
    if len(ids) == 1:
        return ids.pop()
    if ids:
        raise UsageError(f"'{name}' matches {' and '.join(sorted(ids))}.")
    raise UsageError(
        f"There is nothing to repair in '{name}'.", "Without a name, all revisions are checked."
    )


def difference(project: Project, now: HistoryStatus, finding: RevisionProblem) -> str:
    """A unified diff from what was applied, as the ledger kept it, to the file; may be empty."""
    if finding.kind == "duplicated":
        first, second = finding.files
        old, new = (path.read_text(encoding="utf-8") for path in (first, second))
        return _diff(old, new, str(first), str(second))
    with project.connect() as connection:
        kept = kept_source(connection, finding.revision)
    if kept is None:
        return ""
    revision = now.history.by_id.get(finding.revision)
    label = f"{finding.revision} as it was applied"
    if revision is None:
        return _diff(kept, "", label, "no file")
    return _diff(kept, revision.source, label, str(revision.path))


def _diff(old: str, new: str, old_name: str, new_name: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), old_name, new_name, lineterm=""
    )
    return "\n".join(lines)


def question(found: Sequence[RevisionProblem]) -> Question:
    """What to do about them: nothing, restore the files, or accept them with a reason.

    Raises HistoryError if only an editor can help.
    """
    ids = ", ".join(dict.fromkeys(finding.revision for finding in found))
    options = [Option("leave", "leave everything as it is", ("(nothing to type)",))]
    if not any(finding.kind == "duplicated" for finding in found):
        options.append(Option("restore", "restore the files as they were applied", ("--restore",)))
    if all(finding.acceptable for finding in found):
        words = "accept them as they are; the reason is kept in the ledger"
        flags = ("--reason TEXT",)
        options.append(Option("accept", words, flags, "the reason", require_reason))
    if len(options) == 1:
        _require_acceptable(found)
    return Question(
        "repair", ids, f"{ids}: are the files correct as they are now?", tuple(options), "leave"
    )


def require_reason(text: str) -> None:
    """Raises UsageError for an empty reason."""
    if not text.strip():
        raise UsageError("The reason is empty.", "Say why the files are correct as they are.")


def accept(project: Project, found: Sequence[RevisionProblem], reason: str) -> list[str]:
    """Accept the files as they are now as applied; returns the ids of the revisions.

    Nothing is written if one of ``found`` cannot be accepted, or if something changed
    since they were found.
    """
    require_reason(reason)
    _require_acceptable(found)
    ids = list(dict.fromkeys(finding.revision for finding in found))
    with writing(project) as connection:
        history = project_revisions(project)
        with connection.begin():
            create_ledger(connection)
        with connection.begin():
            if not set(found) <= set(status_on(connection, history).findings):
                raise HistoryError(
                    "The files or the database have changed in the meantime; nothing was written.",
                    f"Check again: {advice.REPAIR_AGAIN}",
                )
            here = [r for r in history.revisions if r.id in ids]
            record(connection, "repair", here, applied=True, reason=reason)
            away = [i for i in ids if i not in history.by_id]
            record(connection, "repair", away, applied=False, reason=reason)
    return ids


def _require_acceptable(found: Iterable[RevisionProblem]) -> None:
    wrong = [finding for finding in found if not finding.acceptable]
    if wrong:
        raise HistoryError(
            "This cannot be accepted; the files must be fixed:\n  "
            + "\n  ".join(finding.message for finding in wrong),
            f"To restore a deleted or edited file: {advice.RESTORE_FILES}\n"
            f"Of two files, delete or change one, then: {advice.CHECK_HISTORY}",
        )


def restore(project: Project, now: HistoryStatus) -> list[Path]:
    """Write the files of the findings as the ledger kept them; returns their paths.

    Raises HistoryError, with nothing written, for one of which it has no text, or of which
    there are two.
    """
    texts: dict[Path, str] = {}
    with project.connect() as connection:
        for finding in now.findings:
            kept = kept_source(connection, finding.revision)
            if finding.kind == "duplicated" or kept is None:
                raise HistoryError(
                    f"The ledger cannot fix this: {finding.message}",
                    f"Delete or change one of the files, then: {advice.CHECK_HISTORY}"
                    if finding.kind == "duplicated"
                    else "It does not have the file's text; look for it in your version control.",
                )
            revision = now.history.by_id.get(finding.revision)
            folder = versions_folder(project)
            path = revision.path if revision else folder / _name(project, finding.revision, kept)
            texts[path] = kept
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path, replace=True) as file:
            file.write(text)
    return list(texts)


def _name(project: Project, revision_id: str, text: str) -> str:
    found = revision_in(text, Path(revision_id))
    return file_name(project.migrations, revision_id, [found.doc.rstrip(".")] if found else [])


def prune(project: Project) -> list[str]:
    """Remove the ledger's rows of revisions that have no file and are not applied; their ids."""
    require_ledger(project)
    history = project_history(project)
    try:
        with writing(project) as connection, connection.begin():
            now = status_on(connection, history)
            known = applied_ids(history, now.ledger, now.heads) | history.by_id.keys()
            ids = sorted(now.ledger.keys() - known)
            forget(connection, ids)
            return ids
    except DatabaseMissing:
        return []
