"""Cities in countries that are looked up first: factory_boy's own idiom."""


# %% models
class Country(Base):
    __tablename__ = "country"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(2), unique=True)
    name: Mapped[str] = mapped_column(String(60))


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    country_id: Mapped[int] = mapped_column(ForeignKey("country.id"))
    country: Mapped[Country] = relationship(backref="cities")


class Station(Base):
    __tablename__ = "station"
    id: Mapped[int] = mapped_column(primary_key=True)
    city_id: Mapped[int] = mapped_column(ForeignKey("city.id"))
    city: Mapped[City] = relationship()


# %% factories
COUNTRIES = [("CH", "Switzerland"), ("AT", "Austria"), ("IT", "Italy")]


class CountryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Country
        sqlalchemy_session = Session
        sqlalchemy_get_or_create = ("code",)

    code = factory.Iterator([code for code, _ in COUNTRIES])
    name = factory.LazyAttribute(lambda o: dict(COUNTRIES)[o.code])


class CityFactory(SQLAlchemyModelFactory):
    class Meta:
        model = City
        sqlalchemy_session = Session

    name = factory.Faker("city")
    country = factory.SubFactory(CountryFactory)


class StationFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Station
        sqlalchemy_session = Session

    city = factory.SubFactory(CityFactory, country__code="AT")


# %% own
session.add(Country(code="IT", name="as it was"))


# %% counts
{"CityFactory": 9, "StationFactory": 3}


# %% equal
[
    "SELECT code, name FROM country",
    "SELECT c.code, count(*) FROM city JOIN country c ON c.id = city.country_id GROUP BY c.code",
]
