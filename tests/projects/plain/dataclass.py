"""Mapped dataclasses, with the defaults of Python."""


# %% before
class Note(MappedAsDataclass, Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    text: Mapped[str] = mapped_column(String(100))
    pinned: Mapped[bool] = mapped_column(default=False)


# %% rows
{"note": [{"id": 1, "text": "x", "pinned": True}]}


# %% after
class Label(MappedAsDataclass, Base):
    __tablename__ = "label"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)


class Note(MappedAsDataclass, Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    text: Mapped[str] = mapped_column(String(100))
    pinned: Mapped[bool] = mapped_column(default=False)
    label: Mapped[Optional[str]] = mapped_column(ForeignKey("label.name"), default=None)


# %% django before
class Note(Model):
    text = CharField(max_length=100)
    pinned = BooleanField(default=False)


# %% django after
class Label(Model):
    name = CharField(max_length=20, primary_key=True)


class Note(Model):
    text = CharField(max_length=100)
    pinned = BooleanField(default=False)
    label = ForeignKey(Label, on_delete=SET_NULL, null=True)
