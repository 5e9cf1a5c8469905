"""New projects and apps."""

from __future__ import annotations

from support.alembic_projects import AlembicFolder
from support.programs import run
from support.situations.table import Advised, leads_out


@leads_out("START_PROJECT")
def a_project_has_no_name(app: Advised) -> None:
    app.told("startproject", "", code=2)
    app.follow()
    assert (app.folder / "shop" / "manage.py").exists()


@leads_out("START_APP")
def an_app_is_called_by_its_path(app: Advised) -> None:
    app.models("")
    app.told("startapp", "../billing", code=2)
    app.follow()
    assert (app.folder / "billing" / "models.py").exists()


@leads_out("PREPARE_NEW")
def a_project_is_started(app: Advised) -> None:
    app.told("startproject", "shop", code=0)
    program, *words = app.command.split()
    done = run(app.folder / "shop", program, *words)
    assert done.code == 0 and "links ok" in done.stdout, done
    app.followed = True


@leads_out("WRITE_FOR_APP")
def an_app_is_started(app: Advised) -> None:
    app.begin('table("a", key())\n')
    app.told("startapp", "billing", code=0)
    app.follow()
    assert 'create_table(\n        "billing_item"' in app.newest()


@leads_out("LAY_OVER")
def a_project_is_started_over_another(app: Advised) -> None:
    app.models('table("a", key())\n')
    (app.folder / "new" / "manage.py").parent.mkdir()
    (app.folder / "new" / "manage.py").touch()
    app.told("startproject", "shop", "new", code=1)
    (app.folder / "new" / "manage.py").unlink()
    app.follow()


@leads_out("LAY_OVER_FOLDER")
def there_is_a_manage_py(app: Advised) -> None:
    app.models('table("a", key())\n')
    app.told("init", code=1)
    (app.folder / "manage").mkdir()
    app.follow()


@leads_out("LAY_OVER_CONFIG")
def there_are_two_configurations(app: Advised) -> None:
    app.models('table("a", key())\n')
    (app.folder / "manage.py").unlink()
    for name in ("one", "two"):
        (app.folder / name).mkdir()
        (app.folder / name / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
        (app.folder / name / "env.py").write_text("from alembic import context\n")
    app.told("init", code=2)
    app.follow()
    assert "two/alembic.ini" in (app.folder / "settings.py").read_text()


@leads_out("LAY_OVER_SECTION")
def an_ini_has_two_sections(app: Advised) -> None:
    app.models('table("a", key())\n')
    (app.folder / "manage.py").unlink()
    text = "[one]\nscript_location = .\n\n[two]\nscript_location = .\n"
    (app.folder / "alembic.ini").write_text(text)
    app.told("init", code=2)
    app.follow()
    assert '"SECTION": "one"' in (app.folder / "settings.py").read_text()


@leads_out("CHECK_ADOPTED")
def an_alembic_project_is_laid_over(app: Advised) -> None:
    project = AlembicFolder(app.folder / "theirs")
    project.begin()
    project.revise("--autogenerate", "-m", "first")
    assert project.alembic("upgrade", "head").code == 0
    app.check(project.init(), code=0)
    project.manage(*app.command.split()[1:])
    app.followed = True


@leads_out("WRITE_FOR_MODELS")
def models_are_laid_over(app: Advised) -> None:
    project = AlembicFolder(app.folder / "theirs")
    app.check(project.init(), code=0)
    project.manage(*app.command.split()[1:])
    project.manage("migrate")
    app.followed = True


@leads_out("RECORD_FIRST")
def models_with_tables_are_laid_over(app: Advised) -> None:
    project = AlembicFolder(app.folder / "theirs")
    code = "from sqlalchemy import create_engine; from library.models import Base; "
    url = f"sqlite:///{project.folder}/theirs.sqlite"
    code += f"Base.metadata.create_all(create_engine({url!r}))"
    assert run(project.folder, "-c", code).code == 0
    app.check(project.init(), code=0)
    project.manage("makemigrations", "--no-input")
    project.manage(*app.command.split()[1:])
    project.manage("check")
    app.followed = True
