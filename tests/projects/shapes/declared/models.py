from decimal import Decimal
from enum import Enum
from typing import Any

from common import Row
from sqlalchemy import JSON, Numeric
from sqlalchemy.orm import Mapped, mapped_column


class Size(Enum):
    small = "S"
    large = "L"


class Constant(Row):
    pass


class Nothing(Row):
    pass


class Counted(Row):
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))


class Called(Row):
    pass


class Lazy(Row):
    pass


class LazyChain(Row):
    pass


class LazyNumbered(Row):
    pass


class Decorated(Row):
    pass


class Selfish(Row):
    pass


class SelfDefault(Row):
    pass


class Cycled(Row):
    pass


class Spent(Row):
    pass


class Gotten(Row):
    pass


class Enumerated(Row):
    size: Mapped[Size]


class EnumGotten(Row):
    pass


class Dictionary(Row):
    data: Mapped[Any] = mapped_column(JSON)


class Listing(Row):
    data: Mapped[Any] = mapped_column(JSON)


class Transformed(Row):
    pass


class Container(Row):
    pass


class Unset(Row):
    pass


class OwnDeclaration(Row):
    pass
