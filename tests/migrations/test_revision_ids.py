"""New revisions are called as the project calls its own, in every command that writes one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.project import ProjectFolder

from sqlalchemy_manage.migration_settings import DEFAULT
from sqlalchemy_manage.migrations.revisions.naming import file_name

MODELS = 'a = table("a", key())\n'
MORE = MODELS + 'b = table("b", key(), Column("x", Integer))\n'
MAKE = 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))'


@pytest.fixture
def app(tmp_path: Path) -> ProjectFolder:
    """A project with models, of which a revision for ``a`` is written by the test."""
    app = ProjectFolder(tmp_path, f"sqlite:///{tmp_path}/db.sqlite").write_history()
    app.models(MORE)
    return app


def settings(app: ProjectFolder, *lines: str) -> None:
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write("\n".join((*lines, "")))


def configured(app: ProjectFolder, *lines: str) -> None:
    settings(app, 'ALEMBIC = "alembic.ini"')
    text = "\n".join(("[alembic]", "script_location = %(here)s/migrations", *lines, ""))
    (app.folder / "alembic.ini").write_text(text)


def head(app: ProjectFolder) -> str:
    return str(json.loads(app.done("showmigrations", "--json").stdout)[-1]["id"])


def test_hex(app: ProjectFolder) -> None:
    settings(app, 'REVISION_IDS = "hex"')
    app.revision("451aebb31d03", None, MAKE).rename(app.versions / "451aebb31d03_make_a.py")
    app.done("migrate", "451")
    written = app.done("makemigrations")
    assert re.fullmatch(r"migrations/versions/[0-9a-f]{12}_b\.py\n", written.stdout)
    new = head(app)
    assert re.fullmatch("[0-9a-f]{12}", new) and new in written.stdout
    assert written.stderr.startswith(f"{new}:\n")
    app.models(MORE.replace('"x", Integer', '"x", Integer), Column("y", Integer'))
    app.done("makemigrations", "--update")
    assert '"y"' in (app.folder / written.stdout.strip()).read_text()
    app.done("migrate")
    shown = json.loads(app.done("makemigrations", "--empty", "-n", "By hand", "--json").stdout)
    assert shown["path"] == f"migrations/versions/{shown['revision']}_by_hand.py"
    app.done("migrate")
    app.done("rollback")
    assert app.done("showmigrations").stdout.count("[X]") == 2
    assert "Nothing to do" in app.done("migrate", new[:5]).stderr


def test_a_merge(app: ProjectFolder) -> None:
    settings(app, 'REVISION_IDS = "hex"')
    app.models(MODELS)
    app.revision("451aebb31d03", None, MAKE)
    app.revision("0a1", "451aebb31d03")
    app.revision("0a2", "451aebb31d03")
    path = app.done("makemigrations", "--merge", "-n", "both").stdout
    assert re.fullmatch(r"migrations/versions/[0-9a-f]{12}_both\.py\n", path)
    app.done("migrate")
    app.done("makemigrations", "--check")


def test_the_template_of_the_configuration(app: ProjectFolder) -> None:
    configured(
        app,
        "file_template = %%(year)d/%%(month).2d-%%(day).2d_%%(rev)s_%%(slug)s",
        "recursive_version_locations = true",
        "timezone = utc",
    )
    settings(app, 'REVISION_IDS = "template"')
    (app.versions / "2020").mkdir()
    path = app.revision("451aebb31d03", None, MAKE)
    path.rename(app.versions / "2020" / "03-04_451aebb31d03_a.py")
    app.done("migrate")
    written = app.done("makemigrations").stdout
    today = f"{datetime.now(UTC):%Y/%m-%d}"
    assert re.fullmatch(rf"migrations/versions/{today}_[0-9a-f]{{12}}_b\.py\n", written)
    app.done("migrate")
    assert app.done("showmigrations").stdout.count("[X]") == 2


@pytest.mark.parametrize(
    ("ids", "new"), [(["1", "2"], "3"), (["001", "002"], "003"), (["098", "099"], "100")]
)
def test_plain_numbers_go_on(app: ProjectFolder, ids: list[str], new: str) -> None:
    settings(app, 'REVISION_IDS = "template"')
    app.revision(ids[0], None, MAKE)
    app.revision(ids[1], ids[0]).rename(app.versions / f"{ids[1]}_second.py")
    app.done("migrate")
    assert app.done("makemigrations").stdout == f"migrations/versions/{new}_b.py\n"
    app.done("migrate", str(int(new)))
    app.done("migrate", str(int(ids[0])))
    assert app.done("showmigrations").stdout.startswith(f"[X] {ids[0]}")


def test_whatever_ids_there_are(app: ProjectFolder) -> None:
    settings(app, 'REVISION_IDS = "hex"')
    down = None
    ids = ["v0.9.0.a", "1", "20231105-1".replace("-", "_"), "Release 2", "été", "0003_x", "0002_y"]
    for number, name in enumerate(ids):
        path = app.revision(name, down, MAKE if down is None else "pass")
        path.rename(app.versions / f"file{number}.py")
        down = name
    app.done("migrate")
    assert [line[4:].split("  ")[0] for line in app.done("showmigrations").stdout.splitlines()] == (
        ids
    )
    for name in (*reversed(ids), "heads"):
        app.done("migrate", name)
    assert app.alembic("current").code == 0


def test_a_template_that_is_wrong_is_told() -> None:
    kept = DEFAULT._replace(revision_ids="hex", slug_length=8)
    assert file_name(kept, "ab", ["add it to the list"]) == "ab_add_it.py"
    for template, why in (("%(revision)s", "'revision'"), ("%(rev)q", "unsupported")):
        with pytest.raises(Exception, match=why):
            file_name(kept._replace(file_template=template), "ab", [])
    with pytest.raises(Exception, match="leads out of the folder"):
        file_name(kept._replace(file_template="../%(rev)s"), "ab", [])
    with pytest.raises(Exception, match="timezone of the Alembic configuration is unknown: Mars"):
        file_name(kept._replace(timezone="Mars"), "ab", [])


def test_plain_alembic_writes_such_ones_too(app: ProjectFolder) -> None:
    app.for_alembic()
    settings(app, 'REVISION_IDS = "hex"')
    app.revision("451aebb31d03", None, MAKE)
    app.done("migrate")
    assert app.alembic("revision", "--autogenerate", "-m", "more of it").code == 0
    (path,) = app.versions.glob("*_more_of_it.py")
    assert re.fullmatch("[0-9a-f]{12}_more_of_it", path.stem)
    app.done("migrate")
    assert app.heads() == {path.stem[:12]}
