"""Binary columns beside one that comes."""


# %% before
class Token(Base):
    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    raw: Mapped[bytes] = mapped_column(BINARY(16).with_variant(LargeBinary, "postgresql"))
    short: Mapped[bytes] = mapped_column(VARBINARY(32).with_variant(LargeBinary, "postgresql"))
    blob: Mapped[bytes | None]


# %% rows
{
    "token": [
        {"id": 1, "raw": bytes(range(16)), "short": b"1e99", "blob": b"\x00\xff"},
        {"id": 2, "raw": b"0000000000000001", "short": b"007", "blob": None},
    ]
}


# %% after
class Token(Base):
    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    raw: Mapped[bytes] = mapped_column(BINARY(16).with_variant(LargeBinary, "postgresql"))
    short: Mapped[bytes] = mapped_column(
        VARBINARY(32).with_variant(LargeBinary, "postgresql"), unique=True
    )
    blob: Mapped[bytes | None]
    uses: Mapped[int | None] = mapped_column(CheckConstraint("uses >= 0"))


# %% django before
class Token(Model):
    short = BinaryField(max_length=32)


# %% django after
class Token(Model):
    short = BinaryField(max_length=32)
    uses = IntegerField(null=True)

    class Meta:
        constraints = [CheckConstraint(condition=Q(uses__gte=0), name="uses_check")]
