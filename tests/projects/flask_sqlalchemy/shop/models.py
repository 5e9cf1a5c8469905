from datetime import datetime

from flask import current_app, g, request, session
from sqlalchemy.ext.hybrid import hybrid_property

from . import db

link = db.Table(
    "product_tag",
    db.Column("product_id", db.ForeignKey("product.id"), primary_key=True),
    db.Column("tag_id", db.ForeignKey("tag.id"), primary_key=True, index=True),
)


class Tag(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    label = db.Column(db.String(40), unique=True, nullable=False)


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(80), nullable=False)
    price = db.Column(db.Numeric(10, 2), nullable=False, default=0)
    sold_out = db.Column(db.Boolean, nullable=False, default=False)
    made = db.Column(db.DateTime, default=datetime.now)
    tags = db.relationship(Tag, secondary=link, backref="products")

    @hybrid_property
    def is_free(self):
        return self.price == 0

    @property
    def url(self):
        return f"{request.host_url}{current_app.config['PREFIX']}/{self.id}?{g.lang}{session}"


class OrderLine(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    product_id = db.Column(db.ForeignKey(Product.id), index=True, nullable=False)
    count = db.Column(db.Integer, db.CheckConstraint("count > 0", name="some"), nullable=False)
    product = db.relationship(Product, backref=db.backref("lines", lazy="dynamic"))
