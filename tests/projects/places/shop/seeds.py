from sqlalchemy_manage.seeding import Profile, Reference, Rows

from .factories import ItemFactory

both = Profile(Rows("blog.Item", 3), Rows(ItemFactory, 2), Rows("SaleFactory", 1))
named = Profile(Reference("shop.ItemFactory", [{"code": "x"}], key="code"))
dotted = Profile(Rows("blog.factories.items.LongItemFactory", 2))
unclear = Profile(Rows("ItemFactory", 1))
