import enum
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Optional

from sqlalchemy import JSON, Column
from sqlmodel import Field, Relationship, SQLModel, UniqueConstraint


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class ItemTag(SQLModel, table=True):
    item_id: uuid.UUID | None = Field(default=None, foreign_key="item.id", primary_key=True)
    tag_id: int | None = Field(default=None, foreign_key="tag.id", primary_key=True, index=True)


class TagBase(SQLModel):
    label: str = Field(max_length=30)


class Tag(TagBase, table=True):
    __table_args__ = (UniqueConstraint("label", name="uq_tag_label"),)
    id: int | None = Field(default=None, primary_key=True)
    items: list["Item"] = Relationship(back_populates="tags", link_model=ItemTag)


class Item(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    name: str = Field(max_length=60, index=True)
    price: Decimal = Field(max_digits=8, decimal_places=2)
    size: Size
    made: date
    seen: datetime | None = None
    more: dict = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    parent_id: uuid.UUID | None = Field(default=None, foreign_key="item.id", index=True)
    parent: Optional["Item"] = Relationship(
        back_populates="parts", sa_relationship_kwargs={"remote_side": "Item.id"}
    )
    parts: list["Item"] = Relationship(back_populates="parent")
    tags: list[Tag] = Relationship(back_populates="items", link_model=ItemTag)
