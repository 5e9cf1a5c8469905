"""A link table comes between two tables that are there."""


# %% before
class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)


# %% rows
{"post": [{"id": 1, "text": "x"}], "tag": [{"id": 1, "name": "new"}]}

# %% after
post_tag = Table(
    "post_tag",
    Base.metadata,
    Column("post_id", ForeignKey("post.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
)


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    tags: Mapped[list["Tag"]] = relationship(secondary=post_tag)


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)


# %% django before
class Post(Model):
    text = TextField()


class Tag(Model):
    name = CharField(max_length=20, unique=True)


# %% django after
class Tag(Model):
    name = CharField(max_length=20, unique=True)


class Post(Model):
    text = TextField()
    tags = ManyToManyField(Tag)
