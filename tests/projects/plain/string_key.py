"""A key of text, made longer together with what refers to it."""


# %% before
class Country(Base):
    __tablename__ = "country"
    code: Mapped[str] = mapped_column(String(2), primary_key=True)


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    country_code: Mapped[str] = mapped_column(String(2), ForeignKey("country.code"))


# %% rows
{"country": [{"code": "fr"}, {"code": "de"}], "city": [{"id": 1, "country_code": "fr"}]}


# %% after
class Country(Base):
    __tablename__ = "country"
    code: Mapped[str] = mapped_column(String(3), primary_key=True)


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    country_code: Mapped[str] = mapped_column(String(3), ForeignKey("country.code"))


# %% django before
class Country(Model):
    code = CharField(max_length=2, primary_key=True)


class City(Model):
    country = ForeignKey(Country, on_delete=CASCADE, db_column="country_code")


# %% django after
class Country(Model):
    code = CharField(max_length=3, primary_key=True)


class City(Model):
    country = ForeignKey(Country, on_delete=CASCADE, db_column="country_code")
