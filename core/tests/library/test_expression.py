"""Formulas: what they compute, what is refused, and that none of them takes time without end."""

from __future__ import annotations

import ast
import itertools
import math
import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from petra.library.expression import Expression, formula
from petra.library.faults import BlockFault
from petra.signals import Quality

OPERATORS = ["+", "-", "*", "<", ">=", "==", "and", "or"]
NAMES = ("a", "b", "c")
VALUES = st.one_of(st.booleans(), st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, 1.0, math.inf, math.nan]))


def expressions():
    leaves = st.sampled_from([*NAMES, "2.5", "3", "pi", "true", "false"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
            st.builds("(not {})".format, inner),
            st.builds("({} if {} else {})".format, inner, inner, inner),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        ),
        max_leaves=12,
    )


@given(expressions(), VALUES, VALUES, VALUES)
def test_a_formula_computes_what_python_does(text, a, b, c):
    spelt = text.replace("true", "True").replace("false", "False")
    expected = eval(spelt, {"a": a, "b": b, "c": c, "pi": math.pi, "min": min, "max": max})
    found = formula(text).compute(a, b, c, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert repr(float(found)) == repr(float(expected))
    kinds = {"a": type(a), "b": type(b), "c": type(c)}
    if Expression.output_type("out", {"expression": text}, kinds) is bool:
        assert type(found) is bool


TRIED = {bool: [False, True], float: [0.0, 1.0, -1.5, 2.0]}


@example("((c if b else a) or a)", (bool, bool, float), (1, 0, 3), (True, False, False))
@given(
    expressions(),
    st.tuples(*[st.sampled_from([bool, float])] * 3),
    st.tuples(*[st.integers(0, 3)] * 3),
    st.tuples(*[st.booleans()] * 3),
)
def test_what_is_good_is_the_same_whatever_the_bad_inputs_hold(text, kinds, picks, good):
    """All values of what is not trusted are tried; a bool and the number that equals it differ."""
    made = formula(text)
    now = [TRIED[kind][pick % len(TRIED[kind])] for kind, pick in zip(kinds, picks, strict=True)]
    qualities = [Quality.GOOD if each else Quality.BAD for each in good]
    rest, fine = [0.0] * 5, [Quality.GOOD] * 5
    if made.known(*now, *rest, *qualities, *fine) is not Quality.GOOD:
        return
    pools = [[v] if each else TRIED[kind] for v, each, kind in zip(now, good, kinds, strict=True)]
    results = {repr(made.compute(*values, *rest)) for values in itertools.product(*pools)}
    assert len(results) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a +", "invalid syntax"),
        ("a ** b", "write 'pow(x, y)' instead of '**'"),
        ("a << b", "cannot contain lshift"),
        ("a if b", "expected 'else'"),
        ("__import__('os')", "no function '__import__'"),
        ("a.real", "cannot contain attribute"),
        ("[a]", "cannot contain list"),
        ("'a' * 1000", "numbers, not 'a'"),
        ("lambda: a", "cannot contain lambda"),
        ("(a + b)(c)", "only by name"),
        ("sqrt(a, b)", "sqrt takes 1 values in its brackets, not 2 (character 1)"),
        ("1 + min(a)", "min takes 2 to 100 values in its brackets, not 1 (character 5)"),
        ("abs + 1", "abs is a function: write abs(...) (character 1)"),
        ("z + 1", "'z' is not an input: a formula has the inputs a, b"),
        ("a + q", "(character 5)"),
        ("1e301", "a formula can contain numbers"),
        ("a" + " + a" * 300, "longer than 1000"),
    ],
)
def test_what_is_no_formula_is_refused_with_a_reason(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        formula(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a > 1 AND b", "write 'and' instead of 'AND' (character 7)"),
        ("a or not B", "write 'b' instead of 'B' (character 10)"),
        ("a = 5", "write '==' instead of '=' (character 3)"),
        ("a <= 5 or b <> 1", "write '!=' instead of '<>' (character 13)"),
        ("a && !b", "write 'and' instead of '&&' (character 3)"),
        ("a | b", "write 'or' instead of '|' (character 3)"),
        ("!a", "write 'not' instead of '!' (character 1)"),
        ("a ^ 2", "write 'pow(x, y)' instead of '^' (character 3)"),
        ("ABS(a)", "write 'abs' instead of 'ABS' (character 1)"),
        ("a MOD 3", "write '%' instead of 'MOD' (character 3)"),
        ("a ? b : c", "write 'x if condition else y' instead of '?' (character 3)"),
        ("IF a THEN b ELSE c", "write 'x if condition else y' instead of 'IF' (character 1)"),
        ("1,5 * a", "write '1.5' instead of '1,5' (character 1)"),
        (
            "max(1,5) + z",
            "'z' is not an input: a formula has the inputs a, b, c, d, e, f, g, h (character 12)",
        ),
        ("a >= b == ", "invalid syntax"),
        (" ", "it is empty"),
    ],
)
def test_another_notation_is_met_with_ours(text, said):
    """The habits of structured text, C and spreadsheets."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        formula(text)


@pytest.mark.parametrize("text", ["-" * 990 + "a", "(" * 400 + "a" + ")" * 400, "not " * 240 + "a"])
def test_nesting_is_computed_or_refused(text):
    with suppress(ValueError):
        formula(text)


@pytest.mark.parametrize("digits", [-300_000_000.0, 1e300, 16.0, math.inf, math.nan])
def test_a_rounding_without_end_is_a_fault(digits):
    with pytest.raises(BlockFault, match="at most 15 digits"):
        formula("round(a, b)").compute(1.5, digits, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("text", ["9" * 290 + "*9" * 300, "round(1e300)" + "*round(1e300)" * 70, "pow(9, 9)"])
def test_no_number_grows_beyond_a_float(text):
    """A product of ints of any length would cost more with every scan that feeds it back."""
    assert type(formula(text).compute(*[0.0] * 8)) is float


def test_a_formula_holds_nothing_but_what_was_checked():
    tree = formula("max(a, 2) if b else 3").tree
    assert not any(isinstance(n, ast.Constant) and type(n.value) is int for n in ast.walk(tree))
    assert formula("a").compute.__globals__["__builtins__"] == {}
