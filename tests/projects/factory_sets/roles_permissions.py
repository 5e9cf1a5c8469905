"""Users, roles and permissions: get_or_create, hooks that take names, two link tables."""

# %% models
user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id", ondelete="CASCADE"), primary_key=True),
)
role_permission = Table(
    "role_permission",
    Base.metadata,
    Column("role_id", ForeignKey("role.id"), primary_key=True),
    Column("permission_id", ForeignKey("permission.id"), primary_key=True),
)


class Permission(Base):
    __tablename__ = "permission"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)


class Role(Base):
    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    permissions: Mapped[list[Permission]] = relationship(secondary=role_permission)
    accounts: Mapped[list["Account"]] = relationship(secondary=user_role, back_populates="roles")


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120), unique=True, index=True)
    password_hash: Mapped[Optional[str]] = mapped_column(String(128))
    is_active: Mapped[bool] = mapped_column(default=True)
    roles: Mapped[list[Role]] = relationship(secondary=user_role, back_populates="accounts")

    def set_password(self, password):
        self.password_hash = f"hash:{password}"


# %% factories
class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "flush"


class PermissionFactory(BaseFactory):
    class Meta:
        model = Permission
        sqlalchemy_get_or_create = ("code",)

    code = factory.Iterator(["read", "write", "delete"])


class RoleFactory(BaseFactory):
    class Meta:
        model = Role
        sqlalchemy_get_or_create = ("name",)

    name = factory.Iterator(["admin", "editor", "reader"])

    @factory.post_generation
    def permissions(obj, create, extracted, **kwargs):
        for code in extracted or ["read"]:
            permission = PermissionFactory(code=code)
            if permission not in obj.permissions:
                obj.permissions.append(permission)


class AccountFactory(BaseFactory):
    class Meta:
        model = Account

    email = factory.Sequence(lambda n: f"account{n}@example.com")
    password = factory.PostGenerationMethodCall("set_password", "secret")

    @factory.post_generation
    def roles(obj, create, extracted, **kwargs):
        if create:
            obj.roles.append(extracted or RoleFactory())


# %% counts
{"AccountFactory": 8}


# %% equal
[
    "SELECT email, password_hash FROM account",
    "SELECT name FROM role",
    "SELECT code FROM permission",
    "SELECT a.email, r.name FROM account a JOIN user_role u ON u.user_id = a.id"
    " JOIN role r ON r.id = u.role_id",
]
