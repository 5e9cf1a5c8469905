"""A blog: posts with tags, and comments that answer comments."""

# %% models
post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(200), unique=True)
    body: Mapped[str] = mapped_column(Text)
    published: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    tags: Mapped[list[Tag]] = relationship(secondary=post_tags, backref="posts")
    comments: Mapped[list["Comment"]] = relationship(back_populates="post")


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey("comments.id"))
    text: Mapped[str] = mapped_column(Text)
    post: Mapped[Post] = relationship(back_populates="comments")
    parent: Mapped[Optional["Comment"]] = relationship(remote_side=[id], backref="replies")


# %% factories
class TagFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Tag
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"tag{n}")


class PostFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Post
        sqlalchemy_session = Session

    title = factory.Faker("sentence", nb_words=4)
    slug = factory.Sequence(lambda n: f"post-{n}")
    body = factory.Faker("text")
    published = factory.Iterator([True, False])

    @factory.post_generation
    def tags(self, create, extracted, **kwargs):
        if not create:
            return
        self.tags.extend(extracted or TagFactory.create_batch(2))


class CommentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Comment
        sqlalchemy_session = Session

    class Params:
        reply = factory.Trait(
            parent=factory.SubFactory(
                "shop.factories.CommentFactory", post=factory.SelfAttribute("..post")
            )
        )

    post = factory.SubFactory(PostFactory)
    text = factory.Faker("paragraph")
    parent = None


class ThreadFactory(CommentFactory):
    reply = True


# %% counts
{"PostFactory": 4, "CommentFactory": 5, "ThreadFactory": 3}


# %% equal
[
    "SELECT slug, published FROM posts",
    "SELECT name FROM tags",
    "SELECT count(*), count(parent_id) FROM comments",
]


# %% never
["SELECT c.id FROM comments c JOIN comments p ON p.id = c.parent_id WHERE p.post_id <> c.post_id"]
