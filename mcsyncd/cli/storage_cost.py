"""`storage cost`: an estimate of what the store costs each month."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option, store_option

if TYPE_CHECKING:
    from decimal import Decimal

    from mcsyncd.checks.store_cost import CostEstimate
    from mcsyncd.publish.cost import CostGroup

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_BYTES_PER_UNIT = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_FOLDER_NOTE = "the store is a folder: it costs nothing but its disk"
_NOT_AN_INVOICE = "This is an estimate, not an invoice."


class _SizeType(click.ParamType[int]):
    """A size as people write it: `135GB`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", str(value))
        if found is None:
            self.fail(f"{value!r} is no size: write one such as 135GB", param, ctx)
        return round(float(found[1]) * _BYTES_PER_UNIT[found[2]])


_SIZE = _SizeType()


@click.command("cost")
@click.option("--session", help="One session, as if it were stored alone.")
@click.option("--originals", type=_SIZE, default="0GB", help="A shoot that is planned: its originals.")
@click.option("--mezzanines", type=_SIZE, default="0GB", help="Its mezzanines.")
@click.option("--proxies", type=_SIZE, default="0GB", help="Its proxies.")
@click.option("--clips", type=click.IntRange(1, 100_000), default=3, show_default=True, help="Its clips.")
@click.option(
    "--months", type=click.IntRange(1, 120), default=3, show_default=True, help="Months to forecast."
)
@store_option
@json_option
@click.pass_obj
def cost_command(
    options: GlobalOptions,
    session: str | None,
    originals: int,
    mezzanines: int,
    proxies: int,
    clips: int,
    months: int,
    store: str,
    as_json: bool,
) -> None:
    """Estimate what the store costs each month: what it holds now, one session, or a shoot that is planned.

    From the ledger and a dated price table; the store is not asked. Not an invoice.
    """
    from mcsyncd.checks.store_cost import estimate_shoot, estimate_store
    from mcsyncd.cli.daemon_calls import print_json
    from mcsyncd.publish.price_table import load_price_table
    from mcsyncd.settings.stores import LocalStorage

    sizes: dict[CostGroup, int] = {"originals": originals, "mezzanines": mezzanines, "proxies": proxies}
    is_planned = any(sizes.values())
    if session is not None and is_planned:
        raise click.UsageError("either --session or the sizes of a shoot that is planned")
    settings = options.settings
    storage = settings.find_store(store)
    is_folder = isinstance(storage, LocalStorage)
    if is_folder and session is None and not is_planned:
        if as_json:
            print_json({"kind": "local", "note": _FOLDER_NOTE})
        else:
            click.echo(_FOLDER_NOTE)
        return
    prices = load_price_table()
    if is_planned:
        estimate = estimate_shoot(prices, months, sizes, clips)
    else:
        this_month = f"{datetime.now(UTC):%Y-%m}"
        name = settings.name_store(storage)
        estimate = estimate_store(settings, prices, months, this_month, session, store=name)
    if as_json:
        print_json(_build_document(estimate))
        return
    if is_folder:
        click.echo(f"{_FOLDER_NOTE}. In a bucket:\n")
    click.echo("\n".join(_format_estimate(estimate)))


def _format_estimate(estimate: CostEstimate) -> list[str]:
    from mcsyncd.checks.store_cost import ASSUMPTIONS
    from mcsyncd.present.numbers import format_size

    currency, prices = estimate.prices.currency, estimate.prices
    lines = [f"{'':12}{'objects':>9}{'size':>10}{f'{currency} a month':>15}{'class A':>12}{'class B':>12}"]
    for one, share in zip(estimate.groups, estimate.shares, strict=True):
        calls = f"{one.calls.class_a:>12,}{one.calls.class_b:>12,}"
        lines.append(f"{one.group:12}{one.objects:>9,}{format_size(one.bytes):>10}{share:>15.2f}{calls}")
    if estimate.sessions:
        lines += ["", f"{'session':24}{'size':>10}{f'{currency} a month':>15}"]
        lines += [
            f"{one.session:24}{format_size(one.bytes):>10}{one.cost:>15.2f}" for one in estimate.sessions
        ]
    lines += ["", f"{'month':8}{'storage':>10}{'class A':>10}{'class B':>10}{'total ' + currency:>12}"]
    lines += [
        f"{month:<8}{bill.storage:>10.2f}{bill.class_a:>10.2f}{bill.class_b:>10.2f}{bill.total:>12.2f}"
        for month, bill in estimate.bills
    ]
    lines += ["", f"Prices of {prices.date}: {prices.source}", prices.rounding, *ASSUMPTIONS, _NOT_AN_INVOICE]
    return lines


def _build_document(estimate: CostEstimate) -> dict[str, object]:
    """Return the estimate as JSON; amounts are text, because they are exact."""
    from mcsyncd.checks.store_cost import ASSUMPTIONS

    prices = estimate.prices
    return {
        "kind": "r2",
        "currency": prices.currency,
        "prices": {"date": prices.date, "source": prices.source, "rounding": prices.rounding},
        "groups": [
            {
                "group": one.group,
                "objects": one.objects,
                "bytes": one.bytes,
                "class_a": one.calls.class_a,
                "class_b": one.calls.class_b,
                "month": _format_amount(share),
            }
            for one, share in zip(estimate.groups, estimate.shares, strict=True)
        ],
        "sessions": [
            {"session": one.session, "bytes": one.bytes, "month": _format_amount(one.cost)}
            for one in estimate.sessions
        ],
        "months": [
            {
                "month": month,
                "storage": _format_amount(bill.storage),
                "class_a": _format_amount(bill.class_a),
                "class_b": _format_amount(bill.class_b),
                "total": _format_amount(bill.total),
            }
            for month, bill in estimate.bills
        ],
        "assumptions": [*ASSUMPTIONS, _NOT_AN_INVOICE],
    }


def _format_amount(amount: Decimal) -> str:
    return f"{amount:.4f}"
