"""The page of hooks, and what must not drift from it."""

import inspect

from petra.plugin import hookspecs
from petra.plugin.groups import OfferGroup


def test_every_group_has_its_hook_and_every_hook_its_group():
    hooks = {name for name, value in vars(hookspecs).items() if name.startswith("petra_") and callable(value)}
    assert hooks == {group.hook for group in OfferGroup} | set(hookspecs.LIFE_CYCLE)


def test_every_hook_is_documented_in_one_line_and_takes_nothing():
    for group in OfferGroup:
        hook = getattr(hookspecs, group.hook)
        assert hook.__doc__.startswith("List the ")
        assert not inspect.signature(hook).parameters
