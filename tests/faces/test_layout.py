"""Results on a narrow terminal."""

from io import StringIO

from rich.console import Console

from copilot.faces.layout import Rows
from copilot.result import Item


class Offer(Item):
    name: str
    price: float
    why: str


def test_a_field_that_is_long_in_one_item_stands_below_each() -> None:
    out = StringIO()
    Console(file=out, width=60).print(
        Rows((Offer(name="one", price=1.0, why="long words " * 8), Offer(name="two", price=2.0, why="short")))
    )
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "two  price 2" in "\n".join(lines)
    assert "short" in lines
