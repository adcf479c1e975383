"""`petra migrate` edits the text, keeps what it means, and leaves no old names behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petra import Catalog
from petra.config import load_bytes
from petra.config.migrate import migrate_document
from petra.config.models import BlockConfig, PlantConfig, SignalConfig
from petra.library import plugin

ORIGINALS = sorted((Path(__file__).parent / "originals").glob("*.yaml"))
CATALOG = Catalog.of(plugin)
OLD = ("units:", "min_value:", "max_value:", "initial_value:", "data_type:", "integer")


def rewritten(text: str, **options) -> str:
    made = migrate_document(text.encode(), CATALOG, variables={}, **options)
    return made.data.decode()


@pytest.mark.parametrize("path", ORIGINALS, ids=lambda path: path.stem)
def test_every_original(path):
    made = migrate_document(path.read_bytes(), CATALOG, variables={})
    before = load_bytes(path.read_bytes(), CATALOG, {})
    assert "no-effect" not in [problem.code for problem in made.result.problems]
    assert made.result.errors == before.errors
    assert made.left == ()
    assert migrate_document(made.data, CATALOG, variables={}).data == made.data, (
        "a second time changes nothing"
    )
    comments = [line.split("#", 1)[1] for line in path.read_text().splitlines() if "#" in line]
    assert all(comment in made.data.decode() for comment in comments)


def test_the_second_generation_in_our_names():
    path = next(path for path in ORIGINALS if path.stem == "second-generation")
    made = migrate_document(path.read_bytes(), CATALOG, variables={})
    text = made.data.decode()
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert not any(old in bare for old in OLD)
    assert '    unit: "cm"\n    minimum: 0.0\n    maximum: 200.0\n' in text
    assert '    # log_to_history: true\n  - name: "starts"\n    type: "int"\n    initial: 0\n' in text
    assert '  - {name: "pump.run", type: "bool", initial: false, tags: [pump]}\n' in text
    assert "    # circuit_breaker:\n    #   failure_threshold: 5   # in a row\n" in text
    assert (
        "# realtime:\n#   priority: 50\n#   cpu_affinity: [2, 3]\n#   lock_memory: true\n\nsignals:\n" in text
    )
    assert '  - name: "tank.level"   # in cm, as the operators say it\n' in text
    assert {change.message.split()[0] for change in made.changes} >= {"units", "log_to_history", "realtime"}
    assert (made.changes[0].line, made.changes[0].column) == (11, 1)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("signals: [{name: a, units: V}]\n", "signals: [{name: a, unit: V}]\n"),
        ("signals: [{quality_enabled: true, name: a}]\n", "signals: [{name: a}]\n"),
        ("signals: [{name: a, log_to_history: {b: [1, 2]}}]\n", "signals: [{name: a}]\n"),
        ("signals: [{name: a, log_to_history: 1, enable_alarms: 2}, b]\n", "signals: [{name: a}, b]\n"),
        ("signals: [{name: a, log_to_history: 1, units: V}]\n", "signals: [{name: a, unit: V}]\n"),
        ("signals:\n- 'name': a\n  \"units\": V\n", "signals:\n- 'name': a\n  \"unit\": V\n"),
        ("signals:\r\n- name: a\r\n  units: V\r\n", "signals:\r\n- name: a\r\n  unit: V\r\n"),
        (
            "signals:\n- log_to_history: true\n  # why\n  enable_alarms: true\n  name: a\n",
            "signals:\n  # log_to_history: true\n  # why\n  # enable_alarms: true\n- name: a\n",
        ),
        (
            "history:\n- a\n- b\n# of scans\nscan_time_ms: 5\n",
            "# history:\n# - a\n# - b\n# of scans\nscan_time_ms: 5\n",
        ),
        ("history: |\n  a\n\n  b\nsignals: [a]\n", "# history: |\n#   a\n\n#   b\nsignals: [a]\n"),
        (
            "protocols: # all\n  s7:\n    ip: a\n  # two\n  x: 1\nsignals: [a]\n",
            "# all\ns7:\n  ip: a\n# two\nx: 1\nsignals: [a]\n",
        ),
        (
            "signals:\n- {\n  name: a,  # the level\n  log_to_history: true,\n  }\n",
            "signals:\n- {\n  name: a,  # the level\n  }\n",
        ),
        (
            "signals:\n- {name: a,  # one\n   log_to_history: [1,# two\n   2] # three\n   }\n",
            "signals:\n- {name: a  # one\n   # two\n   # three\n   }\n",
        ),
        (
            "signals:\n- {name: a, log_to_history: true,   # the level\n   type: float}\n",
            "signals:\n- {name: a, # the level\n   type: float}\n",
        ),
        (
            "signals:\n- {name: a, description: it's, log_to_history: isn't}\n",
            "signals:\n- {name: a, description: it's}\n",
        ),
        (
            "signals:\n- name: a\n  log_to_history: {\n b: 1\n}\n  units: V\n",
            "signals:\n- name: a\n  # log_to_history: {\n # b: 1\n# }\n  unit: V\n",
        ),
        (
            "signals:\n- &a\n  name: a\n  log_to_history: true\n",
            "signals:\n- &a\n  name: a\n  # log_to_history: true\n",
        ),
        (
            "signals:\n- {name: a, units: &u V, log_interval_ms: &n 5}\n- {name: b, safe: *n, units: *u}\n",
            "signals:\n- {name: a, unit: &u V, log_interval_ms: &n 5}\n- {name: b, safe: *n, unit: *u}\n",
        ),
        ("history: 1\n", "history: 1\n"),
        ("protocols: {}\nsignals: [a]\n", "protocols: {}\nsignals: [a]\n"),
        ("\ufeffsignals: [{name: a, units: V}]\n", "\ufeffsignals: [{name: a, unit: V}]\n"),
        ("- nothing\n", "- nothing\n"),
        ("a: [\n", "a: [\n"),
    ],
)  # fmt: skip
def test_edits_are_small(text, made):
    assert rewritten(text) == made


LATCH = "blocks:\n- {name: a, type: SR_LATCH, inputs: {set: true, reset: false}, outputs: {q: b}}\n"


def test_a_latch_is_rewritten_when_its_generation_is_said():
    made = migrate_document(LATCH.encode(), CATALOG, variables={})
    assert made.data.decode() == LATCH
    assert [(change.line, change.column) for change in made.left] == [(2, 19)]
    assert "type: RS," in rewritten(LATCH, generation=1)
    assert "type: SR," in rewritten(LATCH, generation=2)


SHARED = """x-t: &latch SR_LATCH
blocks:
- {{name: a, type: *latch, inputs: {{set: true, reset: false}}, outputs: {{q: b}}{more}}}
- {{name: c, type: &t SR_LATCH, inputs: {{set: true, reset: false}}, outputs: {{q: d}}}}
- {{name: e, type: *t, inputs: {{set: true, reset: false}}, outputs: {{q: f}}}}
"""


@pytest.mark.parametrize("generation", [1, 2])
def test_a_latch_that_an_alias_names_is_rewritten_where_it_is_kept(generation):
    new = SHARED.replace("SR_LATCH", {1: "RS", 2: "SR"}[generation])
    assert rewritten(SHARED.format(more=""), generation=generation) == new.format(more="")


def test_a_latch_that_cannot_be_rewritten_is_wrong_by_the_first_generation_alone():
    text = SHARED.format(more=", description: *latch")
    made = migrate_document(text.encode(), CATALOG, variables={}, generation=1)
    assert made.data.decode() == text.replace("&t SR_LATCH", "&t RS")
    assert [(change.line, change.column, change.wrong) for change in made.left] == [(1, 6, True)]
    made = migrate_document(text.encode(), CATALOG, variables={}, generation=2)
    assert [(change.line, change.column, change.wrong) for change in made.left] == [(1, 6, False)]


def test_a_latch_that_a_reference_names_is_wrong_by_the_first_generation():
    text = LATCH.replace("SR_LATCH", '"${KIND}"')
    made = migrate_document(text.encode(), CATALOG, variables={"KIND": "SR_LATCH"}, generation=1)
    assert made.data.decode() == text
    assert [(change.line, change.column, change.wrong) for change in made.left] == [(2, 19, True)]


def test_what_is_taken_over_by_an_alias_is_left_and_said():
    text = "x-all: &all {log_to_history: true, units: V}\nsignals:\n- {<<: *all, name: a}\n"
    text += "- {<<: *all, name: b}\n"
    made = migrate_document(text.encode(), CATALOG, variables={})
    assert made.data.decode() == text.replace("units", "unit")
    assert [(change.line, change.column) for change in made.left] == [(1, 14)]


signal_keys = st.sampled_from([*SignalConfig.NOT_READ, "units", "min_value", "description", "initial_value"])
block_keys = st.sampled_from([*BlockConfig.NOT_READ, "description"])
plant_keys = st.sampled_from([*PlantConfig.NOT_READ, "x-a"])
VALUES = {
    "units": ["V", '"%"', "'a b'"],
    "min_value": ["-5", "-1.5"],
    "initial_value": ["0", "1.25"],
    "description": ["text", '"a # b"', "'it''s'", "|\n{0}  one\n{0}\n{0}  two", "one\n{0}  two"],
}
ANY = [
    "true",
    "5",
    '"a, b"',
    "[1, {{a: b}}]",
    "{{a: [1], b: 2}}",
    "\n{0}  a: 1\n{0}  b:\n{0}  - 2",
    "  # gone",
]


@st.composite
def written(draw, keys, needed, indent, *, flow):
    """Write a mapping with a few of its keys, in any order, with comments between."""
    pairs = [*needed, *((key, None) for key in draw(st.lists(keys, unique=True, max_size=5)))]
    lines = []
    for key, value in draw(st.permutations(pairs)):
        choices = [v for v in VALUES.get(key, ANY) if not (flow and ("\n" in v or "#" in v))]
        said = value or draw(st.sampled_from(choices)).format(indent)
        lines.append(f"{key}: {said}")
    if flow:
        return "{" + ", ".join(lines) + "}"
    comment = f"\n{indent}# note\n{indent}" if draw(st.booleans()) else f"\n{indent}"
    return comment.join(lines)


@st.composite
def documents(draw):
    parts = [draw(written(plant_keys, [("scan_time_ms", "50")], "", flow=False)), "signals:"]
    for name in "ab":
        flow = draw(st.booleans())
        parts.append("- " + draw(written(signal_keys, [("name", name)], "  ", flow=flow)))
    parts.append("blocks:")
    needed = [
        ("name", "n"),
        ("type", "ADD"),
        ("inputs", "{{in1: a, in2: b}}".format()),
        ("outputs", "{out: c}"),
    ]
    parts.append("- " + draw(written(block_keys, needed, "  ", flow=draw(st.booleans()))))
    return "\n".join(parts) + "\n"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents())
def test_whatever_is_rewritten_means_the_same(text):
    before = load_bytes(text.encode(), CATALOG, {})
    assert before.configuration is not None, f"{text}\n{before.problems}"
    made = migrate_document(text.encode(), CATALOG, variables={})  # it compares the configurations itself
    assert "no-effect" not in [problem.code for problem in made.result.problems], (
        f"{text}\n{made.data.decode()}"
    )
    assert made.result.configuration.plant == before.configuration.plant


@st.composite
def commented(draw):
    """Write a document with a comment wherever a line of it may end, in block and in flow style."""
    count = iter(range(10_000))

    def end(indent=""):
        note = f"# c{next(count)}c"
        form = draw(st.sampled_from(["", "", f"  {note}", f" {note}\n{indent}# c{next(count)}c"]))
        return f"{form}\n{indent}"

    def gap(indent):
        return end(indent) if draw(st.booleans()) else draw(st.sampled_from(["", " "]))

    def flow(value, indent):
        if isinstance(value, dict):
            pairs = [f"{key}: {flow(inner, indent)}" for key, inner in value.items()]
            return "{" + joined(pairs, indent) + "}"
        return f"[{joined(value, indent)}]" if isinstance(value, list) else value

    def joined(parts, indent):
        text = gap(indent)
        for number, part in enumerate(parts):
            comma = "," if number + 1 < len(parts) or draw(st.booleans()) else ""
            # a comma stands apart from a plain text before it, and what follows it apart from the comma
            text += f"{part}{gap(indent) if comma else ''}{comma}{gap(indent)}"
        return text

    def item(pairs):
        pairs = draw(st.permutations(pairs))
        if draw(st.booleans()):
            return "- " + flow(dict(pairs), "   ") + end()
        lines = []
        for key, value in pairs:
            if isinstance(value, dict) and value and draw(st.booleans()):
                inner = "".join(f"    {k}: {flow(v, '      ')}{end()}" for k, v in value.items())
                lines.append(f"{key}:{end()}{inner}")
            else:
                lines.append(f"{key}: {flow(value, '    ')}{end()}")
        return "- " + "  ".join(lines)

    anything = st.sampled_from(
        [
            "true",
            "5",
            "isn't",
            '"a, # b"',
            ["a", "b"],
            {"a": "1", "b": ["2"]},
            {},
            {"a": {"log_interval_ms": "3"}},
        ]
    )

    def extra(keys):
        return [(key, draw(anything)) for key in draw(st.lists(keys, unique=True, max_size=4))]

    parts = [f"scan_time_ms: 50{end()}signals:{end()}"]
    for name in "ab":
        said = draw(st.sampled_from([[], [("units", "V")], [("min_value", "-5"), ("data_type", "integer")]]))
        parts.append(item([("name", name), *said, *extra(st.sampled_from([*SignalConfig.NOT_READ]))]))
    needed = [("name", "n"), ("type", "ADD"), ("inputs", {"in1": "a", "in2": "b"}), ("outputs", {"out": "c"})]
    parts.append(f"blocks:{end()}")
    parts.append(item([*needed, *extra(st.sampled_from([*BlockConfig.NOT_READ]))]))
    parts += [
        f"{key}: {flow(value, '  ')}{end()}" for key, value in extra(st.sampled_from([*PlantConfig.NOT_READ]))
    ]
    return draw(st.sampled_from(["".join(parts), "".join(parts).replace("\n", "\r\n")]))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=commented())
def test_every_comment_stays(text):
    before = load_bytes(text.encode(), CATALOG, {})
    assert before.configuration is not None, f"{text}\n{before.problems}"
    made = migrate_document(text.encode(), CATALOG, variables={})
    new = made.data.decode()
    assert made.left == (), f"{text}\n=>\n{new}"
    assert made.result.configuration.plant == before.configuration.plant
    assert "no-effect" not in [problem.code for problem in made.result.problems]
    comments = re.findall("# c[0-9]+c", text)
    assert [c for c in comments if c not in new] == [], f"{text}\n=>\n{new}"
    assert migrate_document(made.data, CATALOG, variables={}).data == made.data, (
        "a second time changes nothing"
    )
