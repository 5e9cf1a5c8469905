"""CONTRIBUTING.md names files that exist, and walks through at most ten of them."""

from __future__ import annotations

import re

from support.programs import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_that_it_names_exists() -> None:
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*|[\w]+\.(?:cfg|py))`", TEXT)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_walk_is_at_most_ten_files_long() -> None:
    walk = TEXT.partition("## One revision, from")[2]
    steps = re.findall(r"(?m)^(\d+)\. `(sqlalchemy_manage/[\w/]+\.py)`", walk)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert 5 <= len(steps) <= 10
    assert all((ROOT / path).is_file() for _, path in steps)
