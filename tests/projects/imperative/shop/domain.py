from dataclasses import dataclass, field
from datetime import date


@dataclass(unsafe_hash=True)
class Line:
    sku: str
    quantity: int


class Batch:
    def __init__(self, reference: str, sku: str, quantity: int, eta: date | None = None) -> None:
        self.reference = reference
        self.sku = sku
        self._purchased = quantity
        self.eta = eta
        self.lines: list[Line] = []


@dataclass
class Product:
    sku: str
    version: int = 0
    batches: list[Batch] = field(default_factory=list)
