"""What the text of an env.py tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.adoption.env_source import read_env


@pytest.mark.parametrize(
    ("text", "metadata"),
    [
        ("from a.b import Base\ntarget_metadata = Base.metadata", ("a.b:Base.metadata",)),
        ("from a import b as c\ntarget_metadata = c.Base.metadata", ("a:b.Base.metadata",)),
        ("import a.b\ntarget_metadata = a.b.Base.metadata", ("a.b:Base.metadata",)),
        ("import a.b as m\ntarget_metadata = m.metadata", ("a.b:metadata",)),
        ("from a import x, y\ntarget_metadata = [x, y.metadata]", ("a:x", "a:y.metadata")),
        ("from a.b import get\ntarget_metadata = get()", ("a.b:get",)),
        ("from a.b import get\ntarget_metadata = get(1)", ()),
        (
            "def run():\n    from a.b import M\n    context.configure(target_metadata=M.metadata)",
            ("a.b:M.metadata",),
        ),
        ("target_metadata = None", ()),
        ("target_metadata = get()", ()),
        ("from .b import Base\ntarget_metadata = Base.metadata", ()),
    ],
)
def test_the_names_of_target_metadata(tmp_path: Path, text: str, metadata: tuple[str]) -> None:
    path = tmp_path / "env.py"
    path.write_text(text)
    assert read_env(path).metadata == metadata


def test_options_that_are_constants(tmp_path: Path) -> None:
    path = tmp_path / "env.py"
    path.write_text("context.configure(version_table='v', compare_type=True, connection=c)")
    assert read_env(path).options == {"version_table": "v", "compare_type": True}


def test_what_is_no_python_or_not_there_says_so(tmp_path: Path) -> None:
    path = tmp_path / "env.py"
    assert "env.py" in str(read_env(path).problem)
    path.write_text("a = (\n")
    assert "line 1" in str(read_env(path).problem)
