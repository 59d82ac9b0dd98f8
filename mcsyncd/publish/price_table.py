"""The price table that comes with this version."""

from __future__ import annotations

from importlib.resources import files

from mcsyncd.publish.cost import PriceTable, parse_price_table


def load_price_table() -> PriceTable:
    """Return the price table."""
    return parse_price_table((files("mcsyncd.publish") / "prices.json").read_text("utf-8"))
