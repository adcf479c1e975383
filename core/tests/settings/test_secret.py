"""A secret never prints, whatever is done to it."""

import copy
import json
import logging
import pickle
import traceback
from io import StringIO

import attrs
import pytest

from petra import Secret

TEXT = "hunter2-so-secret"


@attrs.frozen
class Login:
    user: str
    password: Secret


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        lambda s: f"{s}",
        lambda s: f"{s!r:>30}",
        lambda s: f"{s:>10}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031 - the old way is a way
        lambda s: str([s, {"k": s}, (s,)]),
        lambda s: str(Login("me", s)),
        lambda s: str(attrs.asdict(Login("me", s))),
        lambda s: str(copy.deepcopy(Login("me", s))),
        lambda s: str(vars(type(s)).keys()),
        lambda s: str(attrs.evolve(Login("me", s), user="you")),
    ],
)
def test_no_way_of_printing_shows_it(show):
    assert TEXT not in show(Secret(TEXT))


def test_logs_do_not_show_it():
    stream = StringIO()
    logger = logging.getLogger("petra.test.secret")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        logger.error("login %s %r", Secret(TEXT), Login("me", Secret(TEXT)))
    finally:
        logger.removeHandler(handler)
    assert "***" in stream.getvalue()
    assert TEXT not in stream.getvalue()


def test_a_traceback_with_locals_does_not_show_it():
    def fail(password):
        raise ValueError(f"cannot use {password}")

    try:
        fail(Secret(TEXT))
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "***" in shown
    # this test's own locals name the module's constant in source lines only
    assert TEXT not in shown


def test_it_is_not_serialized():
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(TEXT))


def test_it_compares_and_reveals():
    assert Secret(TEXT).reveal() == TEXT
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")
    assert len(Secret("abc")) == 3
