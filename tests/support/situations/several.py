"""A command on several databases."""

from __future__ import annotations

from support.situations.table import Advised, leads_out


@leads_out("REPEAT_FAILED")
def one_of_several_fails(app: Advised) -> None:
    app.items()
    files = [app.folder / f"{name}.sqlite" for name in ("a", "b")]
    entries = {path.stem: {"URL": f"sqlite:///{path}"} for path in files}
    (app.folder / "staff_settings.py").write_text(
        f'DATABASES = { ({"default": {"URL": app.url}} | entries)!r}\nINSTALLED_APPS = ["staff"]\n'
    )
    files[1].write_text("no database at all")
    app.told("migrate", "--all", code=1)
    assert app.command == "manage.py --database b migrate"
    files[1].unlink()
    app.follow()
    assert files[1].read_bytes()[:6] == b"SQLite"
