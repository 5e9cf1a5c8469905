"""What new revisions are called in a project that has some."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.adoption.habits import revision_ids
from sqlalchemy_manage.migrations.revisions.history import read_history


@pytest.mark.parametrize(
    ("ids", "setting"),
    [
        (("0001", "0002"), "template"),
        (("059", "060"), "template"),
        (("0001_a", "0002_b"), None),
        (("1a2b3c4d5e6f", "123456789012"), "hex"),
        (("1.0", "1.1"), "hex"),
    ],
)
def test_plain_numbers_are_counted_on(
    tmp_path: Path, ids: tuple[str, str], setting: str | None
) -> None:
    for down, id_ in zip((None, ids[0]), ids, strict=True):
        (tmp_path / f"{id_}.py").write_text(f"revision = {id_!r}\ndown_revision = {down!r}\n")
    found = read_history(tmp_path, strict=False)
    assert len(found) == 2
    assert revision_ids(found, has_template=False) == setting
