"""Sequences that begin where _setup_next_sequence() says."""


# %% models
class Badge(Base):
    __tablename__ = "badge"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)


class Locker(Base):
    __tablename__ = "locker"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    badge_id: Mapped[int] = mapped_column(ForeignKey("badge.id"), unique=True)
    badge: Mapped[Badge] = relationship()


# %% factories
class BadgeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Badge
        sqlalchemy_session = Session

    number = factory.Sequence(lambda n: n)

    @classmethod
    def _setup_next_sequence(cls):
        return (Session.query(func.max(Badge.number)).scalar() or 4999) + 1


class LockerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Locker
        sqlalchemy_session = Session

    code = factory.Sequence(lambda n: f"L{n}")
    badge = factory.SubFactory(BadgeFactory)

    @classmethod
    def _setup_next_sequence(cls):
        return 100


# %% counts
{"BadgeFactory": 3, "LockerFactory": 4}


# %% equal
[
    "SELECT number FROM badge",
    "SELECT l.code, b.number FROM locker l JOIN badge b ON b.id = l.badge_id",
]
