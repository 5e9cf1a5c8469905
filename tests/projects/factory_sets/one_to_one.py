"""A user and the profile that comes with it, each from the side of the other."""


# %% models
class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    profile: Mapped[Optional["Profile"]] = relationship(back_populates="user", uselist=False)


class Profile(Base):
    __tablename__ = "profile"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    bio: Mapped[Optional[str]] = mapped_column(Text)
    user: Mapped[User] = relationship(back_populates="profile")


class Setting(Base):
    __tablename__ = "setting"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    theme: Mapped[str] = mapped_column(String(10))
    user: Mapped[User] = relationship(backref=backref("setting", uselist=False))


# %% factories
class ProfileFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Profile
        sqlalchemy_session = Session

    user = factory.SubFactory("shop.factories.UserFactory", profile=None)
    bio = factory.Faker("text", max_nb_chars=60)


class UserFactory(SQLAlchemyModelFactory):
    class Meta:
        model = User
        sqlalchemy_session = Session

    username = factory.Sequence(lambda n: f"user{n}")
    profile = factory.RelatedFactory(ProfileFactory, factory_related_name="user")


class SettingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Setting
        sqlalchemy_session = Session

    user = factory.SubFactory(UserFactory)
    theme = factory.Faker("random_element", elements=("dark", "light"))


# %% own
session.add(User(username="own", profile=Profile(bio="mine")))


# %% counts
{"UserFactory": 4, "ProfileFactory": 3, "SettingFactory": 3}


# %% equal
[
    "SELECT count(*), count(DISTINCT user_id) FROM profile",
    "SELECT count(*), count(DISTINCT user_id) FROM setting",
]
