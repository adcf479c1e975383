"""The catalog: every offer of every plugin, by name.

A catalog takes each plugin whole or not at all. A plugin that fails at any step is recorded as a fault, none
of its offers enters, and the other plugins are not affected.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

import pluggy
from attrs import field, frozen

from petra.closest import closest
from petra.errors import PluginNotFoundError
from petra.plugin import hookspecs
from petra.plugin.candidate import Candidate
from petra.plugin.contract import breaches, names
from petra.plugin.faults import PluginFault, Rejected, Stage, one_line
from petra.plugin.groups import RESERVED, OfferGroup
from petra.plugin.kinds import CliCommand, DriverKind, ServiceKind

if TYPE_CHECKING:
    from pathlib import Path

    from petra.blocks import Block


@frozen
class Offer:
    """One offer of a plugin: its group, its first name, and the class, kind or command itself."""

    group: OfferGroup
    name: str
    thing: type[Block] | DriverKind[Any] | ServiceKind[Any] | CliCommand = field(repr=False)
    plugin: str

    @property
    def block(self) -> type[Block]:
        """The class of a block or condition; TypeError for an offer of another group."""
        if isinstance(self.thing, type):
            return self.thing
        raise self._not_a("block")

    @property
    def driver(self) -> DriverKind[Any]:
        """The kind of a driver; TypeError for an offer of another group."""
        if isinstance(self.thing, DriverKind):
            return self.thing
        raise self._not_a("driver")

    @property
    def service(self) -> ServiceKind[Any]:
        """The kind of a service; TypeError for an offer of another group."""
        if isinstance(self.thing, ServiceKind):
            return self.thing
        raise self._not_a("service")

    @property
    def section(self) -> DriverKind[Any] | ServiceKind[Any]:
        """The kind that owns a section; TypeError for an offer of another group."""
        return self.service if self.group is OfferGroup.SERVICE else self.driver

    @property
    def cli_command(self) -> CliCommand:
        """The command; TypeError for an offer of another group."""
        if isinstance(self.thing, CliCommand):
            return self.thing
        raise self._not_a("command")

    def _not_a(self, group: str) -> TypeError:
        return TypeError(f"the {self.group.value} {self.name!r} is not a {group}")


@frozen
class Plugin:
    """A plugin in the catalog."""

    name: str
    distribution: str
    version: str
    summary: str
    module: object = field(repr=False)
    offers: tuple[Offer, ...]


class Catalog:
    """The offers of the installed plugins, by name. A catalog does not change after it was made."""

    def __init__(self, candidates: Iterable[Candidate], faults: Iterable[PluginFault] = ()) -> None:
        """Take the candidates in their order; the first to offer a name keeps it.

        `faults` are those of plugins that were found and could not be imported.
        """
        self._hooks = pluggy.PluginManager(hookspecs.PROJECT)
        self._hooks.add_hookspecs(hookspecs)
        self._named: dict[tuple[str, str], Offer] = {}
        plugins: list[Plugin] = []
        found_faults = [*faults]
        with _printing_aside():
            for candidate in candidates:
                try:
                    plugins.append(self._take(candidate, plugins))
                except Rejected as rejected:
                    found_faults.append(PluginFault.of(candidate.name, candidate.source, rejected))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # noqa: BLE001 - an attribute of a plugin may raise anything
                    failed = Rejected(Stage.CONTRACT, one_line(error))
                    failed.__cause__ = error
                    found_faults.append(PluginFault.of(candidate.name, candidate.source, failed))
        self.plugins = tuple(plugins)
        self.faults = tuple(found_faults)

    @classmethod
    def load(cls, plugins_dirs: Iterable[str | Path] = ()) -> Catalog:
        """Make the catalog of what is installed, and of the single-file plugins in these folders."""
        # stevedore costs 6 ms, and a plugin's own module needs no catalog
        from petra.plugin.discovery import PluginLoader, folders  # noqa: PLC0415

        with _printing_aside():
            found = PluginLoader(folders(plugins_dirs))
        return cls(found.candidates, found.faults)

    @classmethod
    def of(cls, *modules: object) -> Catalog:
        """Make a catalog of plugin modules, or of objects with the same attributes; tests use it."""
        return cls(Candidate(_module_name(module), module) for module in modules)

    def offers(self, *groups: OfferGroup) -> tuple[Offer, ...]:
        """Return every offer of these groups, or of all, in the order of the plugins."""
        return tuple(o for p in self.plugins for o in p.offers if not groups or o.group in groups)

    def names(self, space: str) -> list[str]:
        """Return every name in a space of names ("block type", "section", "command"), aliases included."""
        return [name for owned, name in self._named if owned == space]

    def find(self, space: str, name: str) -> Offer | None:
        """Return the offer with this name or alias in a space of names, or None."""
        return self._named.get((space, name))

    def section(self, name: str) -> DriverKind[Any] | ServiceKind[Any] | None:
        """Return the kind that owns a configuration section."""
        offer = self.find("section", name)
        return offer.section if offer else None

    def block(self, type_name: str) -> type[Block] | None:
        """Return the block (or condition) class of a type name or alias."""
        offer = self.find("block type", type_name)
        return offer.block if offer else None

    def cli_command(self, name: str) -> CliCommand | None:
        """Return the command that a plugin adds under this name."""
        offer = self.find("command", name)
        return offer.cli_command if offer else None

    @property
    def sections(self) -> Mapping[str, DriverKind[Any] | ServiceKind[Any]]:
        """The kinds that own a configuration section, by name."""
        return MappingProxyType({o.name: o.section for o in self.offers() if o.group.owns_section})

    def plugin(self, name: str) -> Plugin | PluginFault:
        """Return a plugin, or the fault of a quarantined one, by its name or the name of its distribution."""
        records: list[Plugin | PluginFault] = [*self.plugins, *self.faults]
        for record in records:
            if name in (record.name, record.distribution):
                return record
        known = [record.name for record in records]
        guess = closest(name, known)
        raise PluginNotFoundError(
            f"no plugin {name!r} is installed" + (f"; did you mean {guess!r}?" if guess else "")
        )

    def announce(self, hook: str, **arguments: Any) -> list[str]:
        """Call a life-cycle hook of every plugin; return the failures, one line each."""
        failed = []
        for implementation in getattr(self._hooks.hook, hook).get_hookimpls():
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception as error:  # noqa: BLE001 - a failing plugin must not affect the others
                failed.append(f"plugin {implementation.plugin_name!r}: {hook} failed: {one_line(error)}")
        return failed

    def _take(self, candidate: Candidate, taken: list[Plugin]) -> Plugin:
        if twin := next((p for p in taken if p.name == candidate.name), None):
            raise Rejected(
                Stage.CONFLICT,
                f"the name {candidate.name!r} is taken by {twin.distribution} {twin.version}".rstrip(),
            )
        module, source = candidate.module, candidate.source
        _check_api(module)
        offers = tuple(self._offers(candidate, module))
        claimed = self._claim(offers)
        self._named.update(claimed)
        return Plugin(candidate.name, source.distribution, source.version, source.summary, module, offers)

    def _offers(self, candidate: Candidate, module: object) -> Iterator[Offer]:
        self._register(candidate, module)
        try:
            for group in OfferGroup:
                for thing in _call(self._hooks, module, group):
                    if breach := next(breaches(group, thing), None):
                        raise Rejected(Stage.CONTRACT, f"{group.hook}: {breach}")
                    yield Offer(group, names(group, thing)[0], thing, candidate.name)
        except Exception as error:
            self._hooks.unregister(module)
            if isinstance(error, Rejected):
                raise
            # a hook may list any object, also one whose attributes raise
            raise Rejected(Stage.CONTRACT, one_line(error)) from error

    def _register(self, candidate: Candidate, module: object) -> None:
        try:
            self._hooks.register(module, candidate.name)
        except Exception as error:
            if self._hooks.get_plugin(candidate.name) is module:
                self._hooks.unregister(module)
            raise Rejected(Stage.HOOK, one_line(error)) from error
        callers = self._hooks.get_hookcallers(module) or []
        known = [*(group.hook for group in OfferGroup), *hookspecs.LIFE_CYCLE]
        for caller in callers:
            if not caller.has_spec():
                self._hooks.unregister(module)
                guess = closest(caller.name, known)
                meant = f"; did you mean {guess}?" if guess else f"; there are {', '.join(known)}"
                raise Rejected(Stage.HOOK, f"{caller.name} is not a hook{meant}")
        if not callers:
            self._hooks.unregister(module)
            raise Rejected(Stage.HOOK, "it implements no hook; mark a function with @petra.hookimpl")

    def _claim(self, offers: Iterable[Offer]) -> dict[tuple[str, str], Offer]:
        claimed: dict[tuple[str, str], Offer] = {}
        for offer in offers:
            space = offer.group.space
            for name in names(offer.group, offer.thing):
                if name in RESERVED.get(space, ()):
                    raise Rejected(
                        Stage.CONFLICT, f"the {space} {name!r} is reserved for petra-core; rename it"
                    )
                if other := self._named.get((space, name)) or claimed.get((space, name)):
                    raise Rejected(
                        Stage.CONFLICT,
                        f"the {space} {name!r} is already offered by plugin {other.plugin!r}; rename it",
                    )
                claimed[space, name] = offer
        return claimed


def _check_api(module: object) -> None:
    version = getattr(module, "PETRA_API", None)
    current = hookspecs.API_VERSION
    if type(version) is not int:
        declared = "is missing" if version is None else f"is {version!r} and not a whole number"
        raise Rejected(
            Stage.API, f"PETRA_API {declared}; write PETRA_API = {current} into the plugin's module"
        )
    if version != current:
        cure = "petra-core" if version > current else "the plugin"
        raise Rejected(
            Stage.API,
            f"it was written for plugin API {version}, and this petra-core has {current}: upgrade {cure}",
        )


def _call(hooks: pluggy.PluginManager, module: object, group: OfferGroup) -> Iterator[Any]:
    """Call one hook of one plugin, so that a failure concerns this plugin only."""
    for implementation in getattr(hooks.hook, group.hook).get_hookimpls():
        if implementation.plugin is not module:
            continue
        if implementation.wrapper or implementation.hookwrapper:
            raise Rejected(
                Stage.HOOK, f"{group.hook} is a hook wrapper; implement a plain function that returns a list"
            )
        try:
            listed = implementation.function()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a hook may raise anything, SystemExit included
            raise Rejected(Stage.HOOK, f"{group.hook} failed: {one_line(error)}") from error
        if not isinstance(listed, list | tuple):
            raise Rejected(Stage.HOOK, f"{group.hook} returned {type(listed).__name__}, not a list")
        yield from listed


def _printing_aside() -> redirect_stdout[TextIO]:
    """Send what a plugin prints while it loads to standard error: it must not end up in --json."""
    return redirect_stdout(sys.stderr)


def _module_name(module: object) -> str:
    return str(getattr(module, "__name__", type(module).__name__))
