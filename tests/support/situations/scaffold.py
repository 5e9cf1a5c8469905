"""New projects and apps."""

from __future__ import annotations

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
