"""Values of a plugin's section: exact types, all problems at once, each at its place."""

from __future__ import annotations

import pytest

from petra import Secret


def meter(lines: str) -> str:
    return "meter:\n" + "\n".join(f"  {line}" for line in lines.splitlines())


def test_a_section_becomes_its_model(check):
    made = check(
        """
        meter:
          ip: 10.0.0.1
          port: 1502
          unit_id: null
          password: "${PASSWORD}"
          points:
            - {signal: power, register: 0}
            - {signal: energy, register: 2, scale: 1e-3}
          labels: {site: north}
        """,
        PASSWORD="hunter2",
    ).good.sections["meter"]
    (section,) = made
    assert (section.host, section.port, section.unit_id) == ("10.0.0.1", 1502, None)
    assert section.password == Secret("hunter2")
    assert [point.scale for point in section.points] == [1.0, 0.001]
    assert section.labels == {"site": "north"}


def test_a_section_may_be_a_list(check):
    made = check("meter:\n- {host: a}\n- {host: b, port: 503}\n").good.sections["meter"]
    assert [(one.host, one.port) for one in made] == [("a", 502), ("b", 503)]


KEYS = ["port", "unit_id", "order", "tag", "password", "token", "points", "alarm", "labels"]


@pytest.mark.parametrize("nothing", ["null", "~", ""])
def test_nothing_behind_a_key_with_a_default_is_not_given(check, nothing):
    (plain,) = check("meter: {host: a}").good.sections["meter"]
    made = check(meter("\n".join(["host: a", *(f"{key}: {nothing}" for key in KEYS)]))).good
    assert made.sections["meter"] == (plain,)


SIGNAL = ["type", "initial", "units", "min_value", "max_value", "safe", "safe_after_ms", "on_bad"]


def test_nothing_is_not_given_in_the_parts_of_core(check):
    items = [
        ["- name: a", *(f"  {key}: null" for key in SIGNAL)],
        ["- {name: b, type: TON, inputs: {in: c}, params: {preset: null}}"],
    ]
    items[1][0] = items[1][0][:-1] + ", outputs: null, task: null, enabled: null, description: null}"
    said = ["signals:", "- {name: c, type: bool}", *items[0], "blocks:", *items[1], "tasks: null"]
    made = check("\n".join([*said, "engine: {watchdog_ms: null, data_dir: ~}", "scan_time_ms: null"])).good
    plain = "signals: [{name: c, type: bool}, a]\nblocks: [{name: b, type: TON, inputs: {in: c}}]\n"
    assert made.plant == check(plain).good.plant


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("{name: b, type: TON, inputs: {in: null}}", "wrong-type"),
        ("{name: b, type: above, inputs: {value: 5}, params: {limit: null}}", "missing-param"),
        ("{name: null, type: TON, inputs: {in: true}}", "wrong-type"),
    ],
)
def test_nothing_behind_what_is_required_is_an_error(check, block, code):
    assert code in check(f"blocks: [{block}]").codes


@pytest.mark.parametrize(
    ("lines", "code", "place", "said"),
    [
        ("host: 5", "wrong-type", (2, 9), 'expected a text, not 5 (write "5" in quotes)'),
        ("host: true", "wrong-type", (2, 9), 'expected a text, not true (write "true" in quotes)'),
        ("host: [a]", "wrong-type", (2, 9), "expected a text, not a list"),
        ("host:", "wrong-type", (2, 8), "expected a text, not nothing"),
        (
            "host: no",
            "yaml-ambiguous",
            (2, 9),
            'some YAML readers read no as false (write false, or "no" in quotes)',
        ),
        ("host: 12:30", "yaml-ambiguous", (2, 9), 'base 60 (write "12:30" in quotes)'),
        ("host: 2026-01-01", "yaml-ambiguous", (2, 9), "2026-01-01 as a date"),
        ('host: ""', "bad-value", (2, 9), '"" is not of length 1 or more'),
        (
            'host: a\nport: "502"',
            "wrong-type",
            (3, 9),
            'expected a whole number, not "502" (leave out the quotes)',
        ),
        ("host: a\nport: 502.5", "wrong-type", (3, 9), "expected a whole number, not 502.5"),
        ("host: a\nport: 5e2", "wrong-type", (3, 9), "expected a whole number, not 5e2"),
        ("host: a\nport: true", "wrong-type", (3, 9), "expected a whole number, not true"),
        ("host: a\nport: 010", "yaml-ambiguous", (3, 9), "some YAML readers read 010 as octal"),
        ("host: a\nport: 1_502", "yaml-ambiguous", (3, 9), "underscores"),
        ("host: a\nport: 0", "bad-value", (3, 9), "0 is not at least 1 and at most 65535"),
        ("host: a\nport: 99999999999999999999", "bad-value", (3, 9), "does not fit into 64 bits"),
        ("host: a\norder: bog", "bad-value", (3, 10), "bog is not one of big, little"),
        ("host: a\ntag: m1", "bad-value", (3, 8), "m1 is not of the form [A-Z][0-9]+"),
        ("host: a\nprot: 1", "unknown-key", (3, 3), "there is no 'prot' here (did you mean 'port'?)"),
        ("host: a\nzzz: 1", "unknown-key", (3, 3), "(there are host, ip, port,"),
        ("port: 1", "missing-key", (2, 3), "'host' is missing (Name or address: a text)"),
        ("host: a\nip: b", "duplicate-key", (3, 3), "both mean 'host'"),
        ("host: a\npoints: {a: 1}", "wrong-type", (3, 11), "expected a list, not a mapping"),
        ("host: a\npoints:\n- 5", "wrong-type", (4, 5), "expected a mapping, not 5"),
        ("host: a\npoints:\n- {signal: x, register: -1}", "bad-value", (4, 27), "-1 is not at least 0"),
        (
            "host: a\npoints:\n- {signal: x, register: 1, scale: .nan}",
            "bad-value",
            (4, 37),
            "not a finite number",
        ),
        ("host: a\npoints:\n- {signal: x, register: 1, scale: 1e999}", "bad-value", (4, 37), "not a finite"),
        ("host: a\nlabels: {a: [1]}", "wrong-type", (3, 15), "expected a text, not a list"),
        ("host: ${NONE}", "unset-variable", (2, 9), "the environment variable NONE is not set"),
        ("host: http://${NONE}", "unset-variable", (2, 16), "NONE"),
        ("host: a\npassword: 12345", "wrong-type", (3, 13), "expected a text, not the value written here"),
    ],
)
def test_one_mistake_is_one_problem_at_its_place(check, lines, code, place, said):
    problem = check(meter(lines)).only
    assert (problem.code, (problem.line, problem.column)) == (code, place), problem
    assert said in str(problem)


def test_every_mistake_is_reported_at_once(check):
    result = check(
        """
        meter:
          hots: a
          port: 0
          order: up
          points:
            - {signal: 1, register: -1}
            - {signal: a}
            - 7
        scan_time_ms: fast
        """
    )
    assert result.codes == [
        "unknown-key",
        "missing-key",
        "bad-value",
        "bad-value",
        "wrong-type",
        "bad-value",
        "missing-key",
        "wrong-type",
        "wrong-type",
    ] or sorted(result.codes) == sorted(
        [
            "missing-key",
            "unknown-key",
            "bad-value",
            "bad-value",
            "wrong-type",
            "bad-value",
            "missing-key",
            "wrong-type",
            "wrong-type",
        ]
    )
    assert [p.path for p in result.loaded.problems if p.line == 6] == [
        "meter.points[0].signal",
        "meter.points[0].register",
    ]


def test_what_comes_from_outside_is_read_as_what_is_wanted(check):
    """A variable has no type of its own, quoted or not."""
    section = check('meter: {host: "${A}", port: "${B}", unit_id: "${B}"}', A="12", B="7").good.sections[
        "meter"
    ][0]
    assert (section.host, section.port, section.unit_id) == ("12", 7, 7)
    assert 'expected a whole number, not "${B}"' in check('meter: {host: a, port: "${B}"}', B="secret!").text


def test_a_secret_is_never_part_of_a_problem(check):
    result = check(
        """
        meter:
          host: "${HOST}"
          tag: "${TAG}"
          port: ${PORT}
          password: hunter2
          token: [hunter2]
          labels: {url: "http://me:hunter2@x", n: [x]}
        """,
        HOST="hunter2",
        TAG="hunter2",
        PORT="hunter2",
    )
    assert result.loaded.errors >= 4
    assert "hunter2" not in result.text
    assert "hunter2" not in repr(result.loaded)


def test_a_secret_in_the_document_is_a_warning(check):
    result = check("meter: {host: a, password: hunter2}")
    assert result.codes == ["plain-secret"]
    assert result.good.sections["meter"][0].password.reveal() == "hunter2"


def test_an_alias_is_read_wherever_it_is_used(check):
    made = check("x-l: &l {site: north}\nmeter: [{host: a, labels: *l}, {host: b, labels: *l}]").good
    assert [one.labels for one in made.sections["meter"]] == [{"site": "north"}] * 2


def test_one_mistake_behind_an_alias_is_one_problem(check):
    text = "x-d: &d {hots: a}\nmeter:\n" + "- {<<: *d, host: b}\n" * 100
    assert check(text).only.code == "unknown-key"


@pytest.mark.parametrize(
    "value", ["0123456", "12:30", "on", "1_000", "2026-01-01", "12345", "true", "[hunter2]"]
)
def test_a_secret_that_needs_quotes_is_not_quoted(check, value):
    problem = check(f"meter: {{host: a, password: {value}}}").only
    assert value.strip("[]") not in str(problem).replace("true or", "")
    assert problem.code in ("yaml-ambiguous", "wrong-type")


@pytest.mark.parametrize(
    "text",
    [
        'signals: [{name: "${P}"}, {name: "${P}"}]',
        'signals: [{name: a, type: "${P}"}]',
        'signals: [{name: a, type: int, initial: "${P}"}]',
        'signals: [{name: "${P} x"}]',
        'blocks: [{name: a, type: "${P}"}]',
        'blocks: [{name: a, type: TON, inputs: {in: "${P}"}}]',
        'blocks: [{name: a, type: TON, inputs: {in: "true"}, outputs: {q: "${P}", out: "${P}"}}]',
        'blocks: [{name: a, type: TON, inputs: {in: "true"}, params: {mode: "${P}"}}]',
        'meter: {host: a, points: [{signal: "${P}", register: 1}, {signal: "${P}", register: 1}]}',
        'meter: {host: a, alarm: "${P}"}',
        'meter: {host: a, tag: "x${P}x"}',
        'meter: {host: a, order: "${P}"}',
        'scan_time_ms: "${P}"',
    ],
)
def test_no_problem_says_what_a_reference_stood_for(check, text):
    result = check(text, P="hunter2")
    assert result.codes
    assert "hunter2" not in result.text


def test_a_problem_is_one_short_line(check):
    long, odd = "k" * 1_000_000, '"a\\nb\\e[31mred"'
    result = check(f"meter:\n  host: a\n  ? {long[:1000]}\n  : 1\n  port: {odd}\n? {long}\n: 1\n")
    assert len(result.codes) == 3
    for problem in result.loaded.problems:
        assert str(problem).isprintable()
        assert len(str(problem)) < 1500


def test_references_cannot_make_a_document_grow(check, tmp_path):
    """What references are replaced by is bounded, for a value and for the whole document."""
    (tmp_path / "big").write_text("x" * 60_000)
    assert check("meter: {host: '" + "${file:big}" * 100 + "'}").codes == ["too-large"]
    one = "x-d: &d '${file:big}'\n"
    assert check(one + "meter: [" + "{host: *d, labels: {a: *d}}, " * 2000 + "]").good
    many = "\n".join(f"- {{host: '{'${file:big}' * 17}'}}" for _ in range(20))
    assert "too-large" in check("meter:\n" + many).codes


def test_standard_input_is_no_secret(check):
    """`-` names standard input at the command line, and a file anywhere else: a check never waits for one."""
    assert check("meter: {host: '${file:-}'}").only.code == "unreadable-secret"


def test_an_empty_section_is_an_empty_mapping(check):
    assert check("meter:\n").only.code == "missing-key"


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("ip: b", "duplicate-key"),
        ("colour: red", "unknown-key"),
        ("unit_id: x", "wrong-type"),
        ("order: middle", "bad-value"),
        ("points: [{signal: p}]", "missing-key"),
        ("labels: {a: [1]}", "wrong-type"),
        ("tag:", None),
    ],
)
def test_what_stands_behind_a_mistake_is_read_as_well(check, first, code):
    made = check(meter(f"host: a\n{first}\nport: 0\ntoken: [1]\nalarm: nowhere at all"))
    found = [(problem.code, problem.line) for problem in made.loaded.problems if problem.line != 3]
    assert found[:2] == [("bad-value", 4), ("wrong-type", 5)]
    assert ([code] if code else []) == [p.code for p in made.loaded.problems if p.line == 3]
