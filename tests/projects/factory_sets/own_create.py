"""A factory that makes its objects through the model's own method."""


# %% models
class Member(Base):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    digest: Mapped[str] = mapped_column(String(80))
    cards: Mapped[list["Card"]] = relationship(back_populates="member")

    @classmethod
    def register(cls, session, login, password):
        member = cls(login=login.lower(), digest=f"{len(password)}:{password[::-1]}")
        session.add(member)
        session.flush()
        session.add(Card(member_id=member.id, code=f"C-{member.login}"))
        return member


class Card(Base):
    __tablename__ = "card"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    code: Mapped[str] = mapped_column(String(50))
    member: Mapped[Member] = relationship(back_populates="cards")


# %% factories
class MemberFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Member
        sqlalchemy_session = Session

    login = factory.Sequence(lambda n: f"USER{n}")
    password = "swordfish"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.register(cls._meta.sqlalchemy_session, **kwargs)


# %% counts
{"MemberFactory": 5}


# %% equal
[
    "SELECT login, digest FROM member",
    "SELECT m.login, c.code FROM card c JOIN member m ON m.id = c.member_id",
]
