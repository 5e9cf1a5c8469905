"""The branches of a history: one head, or several where the settings mean them to stay apart."""

from __future__ import annotations

from collections.abc import Sequence

from ... import advice
from ...errors import HistoryError, UsageError, did_you_mean
from .history import History


def branch_heads(history: History) -> dict[str | None, str]:
    """The head of each branch that is meant, by its label; of None if no branch is.

    Empty for an empty history. Raises HistoryError for heads that are not meant to be, and
    for a branch that is not there.
    """
    if not history.meant or not history.by_id:
        return {None: history.heads[0]} if _only(history, history.heads) else {}
    found = {}
    for label in history.meant:
        if label not in history.labels:
            raise HistoryError(
                f"HEADS names '{label}', and no revision has that branch label."
                + did_you_mean(label, history.labels)
            )
        found[label] = heads_of(history, label)
    for heads in found.values():
        _only(history, heads)
    _only(history, [h for h in history.heads if not any(h in heads for heads in found.values())], 0)
    return {label: heads[0] for label, heads in found.items()}


def _only(history: History, heads: Sequence[str], most: int = 1) -> bool:
    """Whether there is one of ``heads``; raises HistoryError if there are too many."""
    if len(heads) > most:
        from .git import added  # a subprocess: not for every migrate that has nothing to do

        lines = [f"{i}: {added(history.by_id[i].path) or 'no file'}" for i in history.heads]
        labels = [label for h in history.heads if (label := label_of(history, h)) is not None]
        apart = ", ".join(f'"{label}"' for label in dict.fromkeys(labels))
        meant = "\nOr, if the branches are meant to stay apart, write in the settings: "
        raise HistoryError(
            f"The history has {len(history.heads)} heads: {' and '.join(history.heads)}. "
            "Usually two branches each added a revision.\n  " + "\n  ".join(lines),
            f"Merge them: {advice.MERGE_HEADS}\n"
            f"Or without a summary: alembic merge {' '.join(heads)} -m merge"
            + (f"{meant}HEADS = [{apart}]" if apart else ""),
        )
    return len(heads) == 1


def heads_of(history: History, label: str) -> tuple[str, ...]:
    """The heads of the branch that begins with the revision of that label."""
    root = next(r.id for r in history.revisions if label in r.labels)
    return tuple(head for head in history.heads if root in history.lineage(head))


def label_of(history: History, revision_id: str) -> str | None:
    """The label of the branch that a revision is on, the nearest one."""
    below = history.lineage(revision_id)
    found = [r.labels[0] for r in history.revisions if r.labels and r.id in below]
    return found[-1] if found else None


def head_on(history: History, branch: str | None) -> str | None:
    """The head that a new revision comes after: of ``branch``, its label or its head.

    None for an empty history. Raises UsageError where there are several and none is named,
    or where there is no such branch.
    """
    heads = branch_heads(history)
    if branch is None:
        if len(heads) > 1:
            raise UsageError(
                f"The history has {len(heads)} branches by design: {', '.join(map(str, heads))}.",
                f"Say onto which one: {advice.WRITE_ON_BRANCH(branch=next(iter(heads)))}",
            )
        return next(iter(heads.values()), None)
    name = branch.removesuffix("@head")
    if name in heads:
        return heads[name]
    known = [str(label) for label in heads if label is not None]
    head = None if name == "head" else history.resolve(name)
    if head is None or head not in heads.values():
        raise UsageError(
            f"'{branch}' is no head of the history." + did_you_mean(name, known),
            f"The heads: {', '.join(heads.values()) or 'none'}.",
        )
    return head


def to_merge(history: History) -> tuple[str, ...]:
    """The heads that are not meant to stay apart: all, or those of one branch."""
    if not history.meant:
        return history.heads
    branches = [heads_of(history, label) for label in history.meant if label in history.labels]
    for heads in branches:
        if len(heads) > 1:
            return heads
    stray = tuple(h for h in history.heads if not any(h in heads for heads in branches))
    return stray if len(stray) > 1 else ()
