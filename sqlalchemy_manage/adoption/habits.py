"""What the revisions of a history are like: their ids, and the labels of their branches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..migrations.revisions.history import History, is_numbered

_KINDS = (
    ("hex", re.compile(r"[0-9a-f]{10,}")),
    ("numbered", re.compile(r"\d+([_-]\w+)?")),
    ("dotted", re.compile(r"v?\d+(\.\w+)+")),
)


def kind_of(revision_id: str) -> str:
    """``hex``, ``numbered``, ``dotted``, or ``words``."""
    kinds = (kind for kind, pattern in _KINDS if pattern.fullmatch(revision_id))
    return next(kinds, "numbered" if is_numbered(revision_id) else "words")


def habit(ids: Iterable[str]) -> str:
    """Of what kinds the ids are, the most frequent first: ``hex``, ``dotted and hex``."""
    counts = Counter(map(kind_of, ids))
    return " and ".join(kind for kind, _ in counts.most_common())


def revision_ids(history: History, has_template: bool) -> str | None:
    """The setting REVISION_IDS; None for the tool's own habit, as where there is no revision."""
    ids = list(history.by_id)
    if not ids:
        return "template" if has_template else None
    if all(map(is_numbered, ids)):
        return None
    counted = all(id_.isdigit() and kind_of(id_) == "numbered" for id_ in ids)
    return "template" if has_template or counted else "hex"


def labels_of_heads(history: History) -> list[str | None]:
    """For each head the label of the branch that it is the head of, which no other head has."""
    found: list[str | None] = []
    lines = {head: history.lineage(head) for head in history.heads}
    for head, line in lines.items():
        others = set().union(*(other for name, other in lines.items() if name != head))
        own = [r for r in history.revisions if r.id in line - others and r.labels]
        found.append(own[-1].labels[0] if own else None)
    return found
