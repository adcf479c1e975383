"""A plugin that was imported and is not in the catalog yet."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class PluginSource:
    """Where a plugin comes from: a distribution with its version and summary, or the path of a file."""

    distribution: str = ""
    version: str = ""
    summary: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@frozen
class Candidate:
    """A plugin that was imported and not examined: its module, or an object with the same attributes."""

    name: str
    module: object = field(repr=False)
    source: PluginSource = PluginSource()
