"""A session that a function gives (sqlalchemy_session_factory)."""


# %% models
class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "book"
    isbn: Mapped[str] = mapped_column(String(20), primary_key=True)
    title: Mapped[str] = mapped_column(String(80))
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


# %% factories
def current_session():
    return Session()


class AuthorFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Author
        sqlalchemy_session_factory = current_session
        sqlalchemy_session_persistence = "flush"

    name = factory.Faker("name", locale="de_DE")
    book = factory.RelatedFactory("shop.factories.BookFactory", factory_related_name="author")


class BookFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Book
        sqlalchemy_session_factory = current_session
        sqlalchemy_session_persistence = "flush"

    isbn = factory.Sequence(lambda n: f"978-{n:09d}")
    title = factory.Faker("catch_phrase")
    author = factory.SubFactory(AuthorFactory, book=None)


# %% counts
{"AuthorFactory": 4, "BookFactory": 3}


# %% equal
["SELECT isbn FROM book", "SELECT count(*), count(DISTINCT author_id) FROM book"]
