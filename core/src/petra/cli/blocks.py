"""`petra blocks`: which blocks there are, and everything about one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import print_json, print_table
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.installation.describe import as_text, describe_offer
from petra.plugin.groups import OfferGroup

if TYPE_CHECKING:
    from petra.plugin import Offer


@click.group()
def blocks() -> None:
    """List the kinds of blocks, and show one with its ports."""


@blocks.command("list")
@json_option
@with_session
def list_blocks(session: Session, *, as_json: bool) -> None:
    """List every kind of block with what it does."""
    offers = session.catalog.offers(OfferGroup.BLOCK, OfferGroup.CONDITION)
    if as_json:
        print_json([describe_offer(offer) for offer in offers])
        return
    rows = [
        (o.name, ", ".join(o.block.spec.aliases), o.plugin, o.block.spec.doc.partition("\n")[0])
        for o in offers
    ]
    print_table(("type", "also", "plugin", "what it does"), rows)


@blocks.command()
@click.argument("types", nargs=-1, required=True, metavar="TYPE...")
@json_option
@with_session
def show(session: Session, types: tuple[str, ...], *, as_json: bool) -> None:
    """Show what a kind of block does: its ports, its parameters, an example, and how it is run."""
    found = [_described(session, name) for name in types]
    if as_json:
        print_json(found)
        return
    for number, described in enumerate(found):
        click.echo(("\n" if number else "") + as_text(described))
        click.echo(f"  run: {described['run']}")
        for case in described["cases"]:
            click.echo(f"\n  {case['about']}" + (f" {case['params']}" if case["params"] else ""))
            print_table(case["columns"], case["rows"])


def _described(session: Session, name: str) -> dict[str, Any]:
    from petra.closest import closest
    from petra.scan.template import Templates

    offer = session.catalog.find("block type", name)
    if offer is None:
        guess = closest(name, session.catalog.names("block type"))
        raise click.UsageError(
            f"no installed plugin provides the block type {name!r}"
            + (f"; did you mean {guess!r}?" if guess else "")
        )
    reason = Templates().reason(offer.block)
    run = f"called, not compiled: {reason}" if reason else "compiled into the program"
    return describe_offer(offer) | {"run": run, "compiled": not reason, "cases": list(block_cases(offer))}


def block_cases(offer: Offer) -> Iterator[dict[str, Any]]:
    """Yield the test vectors of a block of the standard library, as tables."""
    from importlib.resources import files

    from petra.testing.vectors import read_vectors

    if not offer.block.__module__.startswith("petra.library."):
        return
    with_path = files("petra.library") / "vectors" / f"{offer.name}.yaml"
    spec = offer.block.spec
    for case in read_vectors(with_path):  # type: ignore[arg-type]  # it has what a path is asked for
        ports = list(dict.fromkeys(name for row in case.rows for name in row.inputs))
        columns = ["dt", *ports, "->", *spec.outputs]
        held: dict[str, Any] = {}
        seen: dict[str, Any] = {}
        rows = []
        for row in case.rows:
            held |= row.inputs
            seen |= row.outputs
            dt = f"{row.dt:g}" + (f" x{row.repeat}" if row.repeat > 1 else "")
            cells = [_cell(held.get(port, "")) for port in ports]
            rows.append([dt, *cells, row.fault or "", *(_cell(seen.get(name, "")) for name in spec.outputs)])
        params = ", ".join(f"{name} = {_cell(value)}" for name, value in case.params.items())
        yield {
            "about": case.about,
            "params": f"({params})" if params else "",
            "columns": columns,
            "rows": rows,
        }


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_cell(value['bad'])} (bad)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
