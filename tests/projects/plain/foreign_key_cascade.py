"""ON DELETE of a foreign key that is there."""


# %% before
class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


# %% rows
{"author": [{"id": 1}, {"id": 2}], "book": [{"id": 1, "author_id": 2}, {"id": 2, "author_id": 2}]}


# %% after
class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"))
    author: Mapped[Author] = relationship(back_populates="books")


# %% django before
class Author(Model):
    pass


class Book(Model):
    author = ForeignKey(Author, on_delete=RESTRICT)


# %% django after
class Author(Model):
    pass


class Book(Model):
    author = ForeignKey(Author, on_delete=CASCADE)
