"""`petra doctor`: what is wrong with this installation."""

from __future__ import annotations

import click

from petra.cli.console.output import plural, print_json, tinted
from petra.cli.console.session import Session, json_option, with_session


@click.command()
@click.argument("documents", nargs=-1, metavar="[FILE]...", type=click.Path())
@json_option
@with_session
def doctor(session: Session, documents: tuple[str, ...], *, as_json: bool) -> int:
    """Examine this installation and list what is wrong with it.

    Looks at the interpreter, the plugins, the clock, limits and permissions; with FILE, at the permissions of
    the document and of the secret files that it names. The exit code is 1 when something is bad.
    """
    from petra.cli.installation.examine import FindingState, examine
    from petra.plugin.discovery import folders

    findings = list(examine(session.catalog, folders(session.plugins_dirs), documents))
    bad = sum(finding.state is FindingState.BAD for finding in findings)
    if as_json:
        rows = [{"what": f.what, "state": f.state.value, "said": f.said} for f in findings]
        print_json({"ok": not bad, "findings": rows})
        return 1 if bad else 0
    colours = {FindingState.GOOD: "green", FindingState.WARNING: "yellow", FindingState.BAD: "red"}
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = tinted(finding.state.value.ljust(7), colours[finding.state])
        click.echo(f"{mark}  {finding.what.ljust(width)}  {finding.said}")
    click.echo(f"{plural(len(findings), 'finding')}, {bad} bad")
    return 1 if bad else 0
