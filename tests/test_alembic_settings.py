"""Where an Alembic configuration has its revisions, read without Alembic, beside Alembic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from sqlalchemy_manage.alembic_settings import with_own_config
from sqlalchemy_manage.conf import settings_from
from sqlalchemy_manage.errors import SettingsError
from sqlalchemy_manage.migration_settings import MigrationSettings
from sqlalchemy_manage.migrations.revisions.locations import version_folders_of


def read(root: Path, **names: object) -> MigrationSettings:
    """What a settings module in ``root`` with these names comes to."""
    module = ModuleType("settings")
    module.__file__ = str(root / "settings.py")
    vars(module).update({"DATABASES": {"default": {"URL": "sqlite://"}}, **names})
    return with_own_config(settings_from(module, {}).migrations, root)


def folders(root: Path, **names: object) -> list[str]:
    found = version_folders_of(read(root, **names))
    return [str(folder.relative_to(root)) for folder in found]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("db/versions/old/older", "db/versions/__pycache__", "more/a", "more/b", "x y"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


INI = "[alembic]\nscript_location = %(here)s/db\n"
CASES = {
    "plain": INI,
    "relative": "[alembic]\nscript_location = db\n",
    "interpolated": "[alembic]\nbase = db\nscript_location = %(here)s/%(base)s\n",
    "recursive": INI + "recursive_version_locations = true\n",
    "several": INI + "path_separator = os\nversion_locations = more/a:%(here)s/more/b\n",
    "old name": INI + "version_path_separator = space\nversion_locations = more/a more/b\n",
    "spaces": INI + "version_locations = more/a more/b\n",
    "commas": INI + "version_locations = more/a, more/b\n",
    "lines": INI + "path_separator = newline\nversion_locations =\n  x y\n  more/b\n",
    "both recursive": INI + "path_separator = space\nversion_locations = db/versions more\n"
    "recursive_version_locations = true\n",
    "missing folder": INI + "path_separator = space\nversion_locations = more/a more/c\n",
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_an_ini_is_read_as_alembic_reads_it(root: Path, text: str) -> None:
    (root / "alembic.ini").write_text(text)
    script = ScriptDirectory.from_config(Config("alembic.ini"))
    found = read(root, ALEMBIC="alembic.ini")
    assert found.folder == Path(script.dir).absolute()
    theirs: list[Path] = []
    for place in script.version_locations or [f"{script.dir}/versions"]:
        theirs.append(Path(place).absolute())
        if script.recursive_version_locations:
            theirs += sorted(
                p for p in Path(place).absolute().rglob("*") if p.is_dir() and p.name[0] != "_"
            )
    assert version_folders_of(found) == theirs
    assert found.file_template == script.file_template


def test_a_value_that_is_not_asked_for_may_be_broken(root: Path) -> None:
    (root / "alembic.ini").write_text(INI)
    plain = read(root, ALEMBIC="alembic.ini")
    (root / "alembic.ini").write_text(INI + "sqlalchemy.url = postgresql://me:p%ss@host/name\n")
    assert read(root, ALEMBIC="alembic.ini") == plain


TOML = """\
[tool.alembic]
script_location = "%(here)s/db"
file_template = "%%(year)d_%%(rev)s"
version_locations = ["%(here)s/more/a", "more/b"]
timezone = "UTC"
truncate_slug_length = 12
"""


def test_pyproject_is_read_and_the_ini_comes_before_it(root: Path) -> None:
    (root / "pyproject.toml").write_text(TOML)
    found = read(root, ALEMBIC="pyproject.toml")
    assert (found.folder, found.file_template) == (root / "db", "%(year)d_%(rev)s")
    assert (found.timezone, found.slug_length) == ("UTC", 12)
    assert [p.name for p in version_folders_of(found)] == ["a", "b"]
    (root / "alembic.ini").write_text("[alembic]\nfile_template = %%(rev)s\n")
    for named in ("pyproject.toml", "alembic.ini"):
        both = read(root, ALEMBIC=named)
        assert (both.file_template, both.folder) == ("%(rev)s", root / "db")


def test_settings_come_before_the_configuration(root: Path) -> None:
    (root / "alembic.ini").write_text("[alembic]\nscript_location = {alembic_dir}\n")
    found = read(root, ALEMBIC="alembic.ini", MIGRATIONS_DIR="db")
    assert version_folders_of(found) == [root / "db" / "versions"]
    found = read(root, ALEMBIC="alembic.ini", MIGRATIONS_DIR="db", VERSION_LOCATIONS=["more/*"])
    assert [p.name for p in version_folders_of(found)] == ["a", "b"]


def test_another_section(root: Path) -> None:
    (root / "alembic.ini").write_text(f"{INI}[log]\nscript_location = more\n")
    found = read(root, ALEMBIC={"CONFIG": "alembic.ini", "SECTION": "log"})
    assert found.folder == root / "more"


def test_locations_of_the_settings(root: Path) -> None:
    assert folders(root) == ["migrations/versions"]
    below = ["db/versions", "db/versions/old", "db/versions/old/older"]
    assert folders(root, VERSION_LOCATIONS=["db/versions/**"]) == below
    assert folders(root, VERSION_LOCATIONS=["more/*", "more/a"]) == ["more/a", "more/b"]


def test_a_package(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "found_here" / "db" / "versions").mkdir(parents=True)
    (root / "found_here" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(root)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = found_here:db\n")
    assert folders(root, ALEMBIC="alembic.ini") == ["found_here/db/versions"]
    assert folders(root, VERSION_LOCATIONS=["found_here:db/**"]) == [
        "found_here/db",
        "found_here/db/versions",
    ]


def test_what_the_project_makes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "made_here.py").write_text(
        "from alembic.config import Config\n\n\ndef make():\n    config = Config()\n"
        "    config.set_main_option('script_location', 'db')\n"
        "    config.set_main_option('recursive_version_locations', 'true')\n    return config\n"
    )
    monkeypatch.syspath_prepend(root)
    assert folders(root, ALEMBIC="made_here:make")[1] == "db/versions/old"
    with pytest.raises(SettingsError, match=r"made_here:fake, which cannot be made: Attribute"):
        read(root, ALEMBIC="made_here:fake")


def test_a_relative_folder_is_looked_for_above_the_configuration(root: Path) -> None:
    (root / "more" / "a" / "alembic.ini").write_text("[alembic]\nscript_location = more/a\n")
    assert read(root / "x y", ALEMBIC=str(root / "more/a/alembic.ini")).folder == root / "more/a"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[other]\n[loggers]\n", r"alembic\.ini has no section \[alembic\]\. It has: other\."),
        ("[alembics]\n", r"no section \[alembic\]\. Did you mean 'alembics'\?"),
        ("[alembic]\nx = 1\n", "has no script_location"),
        ("[alembic]\nscript_location = %(nowhere)s/db\n", "script_location cannot be interp"),
        ("[alembic]\nscript_location = 5%\n", "A percent sign is written %%"),
        ("[alembic]\nscript_location = {dir}\n", "which the project's own code fills in"),
        ("[alembic]\nscript_location = gone\n", "there is no folder .*gone"),
        ("[alembic]\nscript_location = no_such:db\n", "there is no package 'no_such'"),
        (f"{INI}path_separator = tab\nversion_locations = a\n", "path_separator is 'tab'"),
        (f"{INI}truncate_slug_length = long\n", "truncate_slug_length is no number"),
        ("script_location = db\n", "cannot be read: File contains no section headers"),
    ],
)
def test_a_configuration_that_cannot_be_used(root: Path, text: str, error: str) -> None:
    (root / "alembic.ini").write_text(text)
    with pytest.raises(SettingsError, match=error):
        read(root, ALEMBIC="alembic.ini")


def test_a_configuration_that_is_not_there(root: Path) -> None:
    with pytest.raises(SettingsError, match=r"ALEMBIC names .*gone\.ini, and there is no such"):
        read(root, ALEMBIC="gone.ini")
    (root / "pyproject.toml").write_text("[tool.other]\n")
    with pytest.raises(SettingsError, match=r"pyproject\.toml has no \[tool\.alembic\]"):
        read(root, ALEMBIC="pyproject.toml")
    (root / "pyproject.toml").write_text("[tool\n")
    with pytest.raises(SettingsError, match=r"pyproject\.toml cannot be read"):
        read(root, ALEMBIC="pyproject.toml")


def test_alembic_is_not_imported(root: Path) -> None:
    (root / "alembic.ini").write_text(INI)
    (root / "settings.py").write_text(
        "DATABASES = {'default': {'URL': 'sqlite://'}}\nALEMBIC = 'alembic.ini'\n"
    )
    code = (
        "import sys\nfrom sqlalchemy_manage.project import Project\n"
        "from sqlalchemy_manage.migrations.revisions.locations import project_history\n"
        "project_history(Project('settings'))\n"
        "print([m for m in ('alembic', 'sqlalchemy') if m in sys.modules])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert (found.stdout, found.stderr) == ("[]\n", "")
