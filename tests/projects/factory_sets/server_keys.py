"""Keys and times that the server makes."""


# %% models
class new_key(sa.sql.functions.GenericFunction):
    type = String(36)
    inherit_cache = True


@compiles(new_key, "sqlite")
def _(element, compiler, **kw):
    return "(lower(hex(randomblob(16))))"


@compiles(new_key, "postgresql")
def _(element, compiler, **kw):
    return "CAST(gen_random_uuid() AS VARCHAR)"


@compiles(new_key, "mysql", "mariadb")
def _(element, compiler, **kw):
    return "(uuid())"


class Document(Base):
    __tablename__ = "document"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, server_default=new_key())
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(String(10), server_default="draft")
    pages: Mapped[list["Leaf"]] = relationship(back_populates="document")


class Leaf(Base):
    __tablename__ = "leaf"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, server_default=new_key())
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"))
    number: Mapped[int]
    document: Mapped[Document] = relationship(back_populates="pages")


# %% factories
class DocumentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Document
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"doc {n}")


class LeafFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Leaf
        sqlalchemy_session = Session

    document = factory.SubFactory(DocumentFactory)
    number = factory.Sequence(lambda n: n)


# %% own
session.add(Document(name="own", pages=[Leaf(number=-1)]))


# %% counts
{"DocumentFactory": 5, "LeafFactory": 4}


# %% equal
["SELECT state, count(DISTINCT name) FROM document GROUP BY state"]
