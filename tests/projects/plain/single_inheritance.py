"""Single-table inheritance: a subclass comes with columns of its own."""


# %% before
class Media(Base):
    __tablename__ = "media"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "media"}


# %% rows
{"media": [{"id": 1, "kind": "media"}]}


# %% after
class Media(Base):
    __tablename__ = "media"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "media"}


class Video(Media):
    seconds: Mapped[int | None] = mapped_column(CheckConstraint("seconds > 0"))
    poster_id: Mapped[int | None] = mapped_column(ForeignKey("media.id"), unique=True)
    __mapper_args__ = {"polymorphic_identity": "video"}


# %% django before
class Media(Model):
    kind = CharField(max_length=20)


# %% django after
class Media(Model):
    kind = CharField(max_length=20)
    seconds = IntegerField(null=True)
    poster = OneToOneField("self", on_delete=SET_NULL, null=True)

    class Meta:
        constraints = [CheckConstraint(condition=Q(seconds__gt=0), name="seconds_check")]
