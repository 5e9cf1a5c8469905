import sqlalchemy as sa

metadata = sa.MetaData()

shelf = sa.Table(
    "shelf",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("place", sa.String(30), nullable=False),
)
book = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("pages", sa.Integer, sa.CheckConstraint("pages > 0", name="some_pages")),
    sa.Column("shelf_id", sa.ForeignKey("shelf.id"), index=True, nullable=False),
    sa.Column("printed", sa.Date),
)
author = sa.Table(
    "author",
    metadata,
    sa.Column("code", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(60), nullable=False, unique=True),
)
wrote = sa.Table(
    "wrote",
    metadata,
    sa.Column("book_id", sa.ForeignKey("book.id"), primary_key=True),
    sa.Column("author_code", sa.ForeignKey("author.code"), primary_key=True, index=True),
)
log = sa.Table("log", metadata, sa.Column("line", sa.String(200)))
