"""What a model does with its values: validators, hybrids with setters, synonyms."""


# %% models
class Contact(Base):
    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    _email: Mapped[str] = mapped_column("email", String(80), unique=True)
    first: Mapped[str] = mapped_column(String(40))
    last: Mapped[str] = mapped_column(String(40))
    phone: Mapped[Optional[str]] = mapped_column(String(30))
    telephone = synonym("phone")
    length = column_property(func.length(first))

    @hybrid_property
    def email(self):
        return self._email

    @email.setter
    def email(self, value):
        self._email = value.strip().lower()

    @property
    def full_name(self):
        return f"{self.first} {self.last}"

    @full_name.setter
    def full_name(self, value):
        self.first, self.last = value.split(" ", 1)

    @validates("phone")
    def clean(self, key, value):
        return value.replace(" ", "") if value else value


# %% factories
class ContactFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Contact
        sqlalchemy_session = Session

    email = factory.Sequence(lambda n: f" Person{n}@Example.COM ")
    full_name = factory.Sequence(lambda n: f"Ann Number {n}")
    telephone = factory.Sequence(lambda n: f"+41 44 {n:03d}")


# %% counts
{"ContactFactory": 5}


# %% equal
["SELECT email, first, last, phone FROM contact"]
