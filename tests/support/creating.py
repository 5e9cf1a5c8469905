"""A project whose new databases are made from the models, though its revisions need tables."""

from __future__ import annotations

from pathlib import Path

from support.project import ProjectFolder

MODELS = """
from sqlalchemy_manage.declare import Trigger, View


team = table(
    "team",
    key(),
    Column("name", String(20), index=True),
    Column("size", Enum("small", "large", name="size")),
)
member = table(
    "member",
    key(),
    Column("name", String(20), nullable=False),
    Column("grade", String(10), server_default="junior"),
    Column("team_id", ForeignKey("team.id")),
)
seniors = View("seniors", metadata, select(member.c.name).where(member.c.grade == "senior"))
"""
LATER = """op.add_column("member", sa.Column("grade", sa.String(10), server_default="junior"))
op.execute("CREATE VIEW seniors AS SELECT member.name FROM member WHERE member.grade = 'senior'")
"""
CREATE_ALL = '\nNEW_DATABASE = "create_all"\n'


class CreateAllFolder(ProjectFolder):
    """Two revisions: neither creates a table, the second adds to one that must be there."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.write_history()
        self.models(MODELS)
        self.revision("a1", None)
        self.revision("b2", "a1", LATER)
        self.set(CREATE_ALL)

    def set(self, text: str) -> None:
        """Add to the settings."""
        path = self.folder / "staff_settings.py"
        path.write_text(path.read_text() + text)
