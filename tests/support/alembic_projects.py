"""Projects of strangers: with Alembic as ``alembic init`` makes it, or with models alone."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from support.programs import Result, run

MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"), index=True)
    author: Mapped[Author] = relationship(back_populates="books")
"""


class AlembicFolder:
    """A project in ``folder`` with a package ``library`` and, once asked for, with Alembic."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("library/__init__.py", "")
        self.write("library/models.py", MODELS)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, pattern: str, text: str) -> None:
        """Replace what matches, which has to be there."""
        path = self.folder / name
        new, number = re.subn(pattern, lambda match: text, path.read_text(), flags=re.M)
        assert number, f"{pattern} is not in {name}"
        path.write_text(new)

    def begin(self, template: str = "generic", url: str = "sqlite:///library.db") -> None:
        """``alembic init``, with the models and the URL filled in."""
        done = self.alembic("init", "-t", template, "alembic")
        assert done.code == 0, done
        self.edit("alembic.ini", r"^sqlalchemy\.url = .*$", f"sqlalchemy.url = {url}")
        self.edit("alembic/env.py", r"^target_metadata = None$", "target_metadata = Base.metadata")
        self.edit("alembic/env.py", r"^config = ", "from library.models import Base\n\nconfig = ")

    def revise(self, *args: str, **env: str) -> None:
        done = self.alembic("revision", *args, **env)
        assert done.code == 0, done

    def revision(self, name: str, down: object, body: str = "pass", more: str = "") -> Path:
        """A revision file in alembic/versions."""
        text = (
            "import sqlalchemy as sa\nfrom alembic import op\n\n"
            f"revision = {name!r}\ndown_revision = {down!r}\n{more}\n\n"
            f"def upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n"
        )
        return self.write(f"alembic/versions/{name.replace('.', '_')}_.py", text)

    def alembic(self, *args: str, **env: str) -> Result:
        """Plain ``alembic ARGS``."""
        return run(self.folder, "-m", "alembic", *args, **env)

    def init(self, *args: str, code: int = 0, url: str | None = None, **env: str) -> Result:
        """``init ARGS``, which has to leave every other file as it is."""
        before = self.files()
        done = run(self.folder, "-m", "sqlalchemy_manage", "init", *args, url=url, **env)
        assert done.code == code, done
        assert "Traceback" not in done.stderr
        after = self.files()
        assert {name: after.get(name) for name in before} == before
        new = {name for name in set(after) - set(before) if "__pycache__" not in name}
        assert new <= {"manage.py", "settings.py"}, new
        return done

    def manage(self, *args: str, code: int = 0, url: str | None = None, **env: str) -> Result:
        done = run(self.folder, "manage.py", *args, url=url, **env)
        assert done.code == code, done
        return done

    @property
    def settings(self) -> str:
        return (self.folder / "settings.py").read_text()

    def files(self) -> dict[str, str]:
        """Every file with a checksum."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
