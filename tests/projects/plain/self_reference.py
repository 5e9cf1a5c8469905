"""A table that refers to itself."""


# %% before
class Folder(Base):
    __tablename__ = "folder"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))


# %% rows
{"folder": [{"id": 1, "name": "root"}, {"id": 2, "name": "home"}]}


# %% after
class Folder(Base):
    __tablename__ = "folder"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id", ondelete="SET NULL"))
    children: Mapped[list["Folder"]] = relationship()


# %% django before
class Folder(Model):
    name = CharField(max_length=30)


# %% django after
class Folder(Model):
    name = CharField(max_length=30)
    parent = ForeignKey("self", on_delete=SET_NULL, null=True)
