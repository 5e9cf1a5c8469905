import datetime
import uuid

from sqlalchemy_manage.seeding import Profile, Reference

from .factories import (
    AccountFactory,
    CityFactory,
    ContinentFactory,
    CountryFactory,
    DrawingRoleFactory,
    HookedRoleFactory,
    LinkedCityFactory,
    MakingRoleFactory,
    PermFactory,
    ProductFactory,
    RoleFactory,
    ScopeFactory,
)
from .models import Address, Status

places = Profile(
    Reference(
        CityFactory,
        [
            {"name": "Bern", "country__code": "CH", "seat": True, "lucky": False},
            {"name": "Wien", "country__code": "AT", "country__continent__code": "EU"},
            {"name": "Basel", "country__code": "CH", "country__continent__code": "EU"},
        ],
        key=("name", "country__code"),
    ),
    Reference(CountryFactory, [{"code": "CH", "continent": "EU"}], key="code"),
    Reference(ContinentFactory, [{"code": "EU"}], key="code"),
    Reference(CityFactory, [{"name": "Genf", "country": "CH"}], key=("country", "name")),
    Reference(LinkedCityFactory, [{"name": "Rom", "country__code": "IT"}], key="name"),
    Reference(CityFactory, [{"name": "Pisa", "country__code": "IT", "lucky": True}], key="name"),
)
roles = Profile(
    Reference(
        HookedRoleFactory,
        [
            {"name": "admin", "perms": ["read", "write"], "scopes": ["all"], "implied": ["guest"]},
            {"name": "guest", "perms": [], "parent": "member", "implied": ["admin"]},
            {"name": "member", "perms": ("read",), "badges": ["read", "write"], "parent": None},
        ],
        key="name",
    ),
    Reference(DrawingRoleFactory, [{"name": "drawn", "perms": ["write", "write"]}], key="name"),
    Reference(RoleFactory, [{"name": "plain", "perms": [{"code": "read"}]}], key="name"),
    Reference(PermFactory, [{"code": "read"}, {"code": "write"}], key="code"),
    Reference(ScopeFactory, [{"code": "all"}], key="code"),
)
making = Profile(Reference(MakingRoleFactory, [{"name": "maker", "perms": ["a", "b"]}], key="name"))
accounts = Profile(
    Reference(RoleFactory, [{"name": "staff"}], key="name"),
    Reference(
        AccountFactory,
        [
            {
                "email_address": "ann@example.org",
                "password": "secret",
                "full_name": "Ann Lee",
                "role": "staff",
                "address": Address("Lane 1", "York"),
                "pin": "1234",
                "profile__bio": "first",
            },
            {"email_address": "bob@example.org", "suffix": "Bee", "profile__bio": "first"},
        ],
        key="email_address",
    ),
)
zone = datetime.timezone(datetime.timedelta(hours=2))
products = Profile(
    Reference(
        ProductFactory,
        [
            {
                "code": "a",
                "price": 9.9,
                "weight": "1.5",
                "status": "paid",
                "size": "small",
                "moment": datetime.datetime(2024, 5, 31, 12, 30, tzinfo=zone),
                "naive": "2024-05-31T12:30",
                "day": "2024-05-31",
                "data": {"list": [1, 2.5, None], "text": "é"},
                "other": "12345678-1234-5678-1234-567812345678",
                "active": 1,
                "number": True,
                "salted": "pepper",
                "kind": "BOOK",
            },
            {"code": "b", "status": "PAID", "price": "9.90", "day": datetime.date(2024, 5, 31)},
            {"code": None, "status": Status.OPEN, "price": 1},
            {"code": "c", "other": uuid.UUID(int=7), "active": False, "number": "12"},
        ],
        key="code",
    ),
    Reference(
        ProductFactory, [{"code": "d", "price": 3.145, "status": "open"}], key=("price", "status")
    ),
)
everything = Profile(*places.rows, *roles.rows, *making.rows, *accounts.rows, *products.rows)
