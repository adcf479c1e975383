"""`templates` and `instances`: parts of a document that are made many times."""

from __future__ import annotations

import time

import pytest

from .conftest import needs_modbus, of_text

PUMP = """
templates:
  pump:
    parameters:
      n: {type: int, minimum: 1, maximum: 99}
      kind: {type: string, default: feed, choices: [feed, drain]}
      limit: {type: float, default: 75.5}
    signals:
      - {name: "$(kind)$(n:02).speed", maximum: $(limit), description: "costs $$(n) each"}
    blocks:
      - name: $(kind)$(n:02).b
        type: GT
        inputs: {in1: "$(kind)$(n:02).speed", in2: $(limit)}
        outputs: {out: "$(kind)$(n:02).high"}
"""


def names(made):
    return [signal.name for signal in made.plant.signals if signal.name.endswith("speed")]


def test_ranges_lists_and_values_make_instances(folder):
    folder.write(
        plant=PUMP + "instances:\n"
        "  - {template: pump, for: {n: 1..3}}\n"
        "  - {template: pump, with: {kind: drain, limit: 50}, for: {n: [7, 10..30..10]}}\n"
    )
    made = folder.plant()
    expected = ["feed01", "feed02", "feed03", "drain07", "drain10", "drain20", "drain30"]
    assert names(made) == [f"{name}.speed" for name in expected]
    by_name = {signal.name: signal for signal in made.plant.signals}
    assert by_name["feed01.speed"].maximum == 75.5
    assert by_name["drain07.speed"].maximum == 50
    assert by_name["feed01.speed"].description == "costs $(n) each"


def test_ranges_are_multiplied(folder):
    text = PUMP.replace("[feed, drain]", "[]")
    folder.write(plant=text + "instances:\n  - {template: pump, for: {kind: [a, b], n: 3..1..-1}}\n")
    assert names(folder.plant()) == [f"{k}0{n}.speed" for k in "ab" for n in (3, 2, 1)]


@pytest.mark.parametrize(
    "table",
    [
        "n;kind;limit\n7;drain;60\n8;;\n",
        "n,kind,limit\r\n7,drain,60\r\n\r\n8,,\r\n",
        '\ufeffn\tkind\tlimit\n7\t"drain"\t60\n8\t\t\n',
    ],
)
def test_tables_of_spreadsheets_are_read(folder, table):
    folder.put("pumps.csv", table)
    folder.write(plant=PUMP + "instances:\n  - {template: pump, table: pumps.csv}\n")
    assert names(folder.plant()) == ["drain07.speed", "feed08.speed"]


def test_a_table_may_be_written_inline(folder):
    folder.write(plant=PUMP + "instances:\n  - template: pump\n    table: [{n: 1}, {n: 2, kind: drain}]\n")
    assert names(folder.plant()) == ["feed01.speed", "drain02.speed"]


def test_a_value_keeps_its_type_and_a_text_is_never_a_number(folder):
    folder.write(
        plant="""
templates:
  t:
    parameters: {text: string, number: int, yes: bool, real: float}
    signals:
      - {name: "s.$(text)", type: string, initial: $(text), description: "$(number)"}
      - {name: i, type: int, initial: $(number)}
      - {name: b, type: bool, initial: $(yes)}
      - {name: f, type: float, initial: $(real)}
instances: [{template: t, with: {text: "007", number: 7, yes: true, real: 1e3}}]
"""
    )
    found = {s.name: s.initial for s in folder.plant().plant.signals}
    assert found == {"s.007": "007", "i": 7, "b": True, "f": 1000.0}


def test_templates_are_nested_and_included(folder):
    folder.write(
        library="""
templates:
  motor:
    parameters: {name: signal}
    signals: [{name: $(name).run, type: bool}]
  line:
    parameters: {l: int}
    instances:
      - {template: motor, with: {name: "line$(l).fan"}}
      - {template: motor, for: {name: ["line$(l).a", "line$(l).b"]}}
""",
        plant="include: library.yaml\ninstances: [{template: line, for: {l: 1..2}}]",
    )
    found = [signal.name for signal in folder.plant().plant.signals]
    assert found == [f"line{n}.{m}.run" for n in (1, 2) for m in ("fan", "a", "b")]


@needs_modbus
def test_points_go_to_the_connection_of_their_name(folder):
    folder.write(
        plant="""
modbus: [{name: plc, transport: {host: 127.0.0.1}}]
templates:
  t: {parameters: {n: int}, modbus: [{name: plc, points: [{signal: "p$(n)", address: $(n)}]}]}
instances: [{template: t, for: {n: 1..3}}]
"""
    )
    (section,) = folder.plant().sections["modbus"]
    assert [p.signal for p in section.connections[0].points] == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("instances: [{template: pmup}]", "there is no template 'pmup' (did you mean 'pump'?)"),
        ("instances: [{template: pump}]", "the template 'pump' needs a value for 'n'"),
        ("instances: [{with: {n: 1}}]", "'template' is missing"),
        ("instances: [{template: pump, with: {m: 1}}]", "has no parameter 'm' (there are n, kind, limit)"),
        ("instances: [{template: pump, with: {n: x}}]", "expected a whole number, not x"),
        ("instances: [{template: pump, with: {n: 0}}]", "n: 0 is below the minimum, 1"),
        ("instances: [{template: pump, for: {n: 1..3}, with: {n: 1}}]", "given under `with` and under `for`"),
        ("instances: [{template: pump, for: {n: 3..1}}]", "the range 3..1 is empty (downwards: 3..1..-1)"),
        ("instances: [{template: pump, for: {n: 1..3..0}}]", "is empty"),
        ("instances: [{template: pump, for: {n: 5}}]", "expected a range or a list"),
        ("instances: [{template: pump, for: [n]}]", "write `for: {n: 1..50}`"),
        ("instances: [{template: pump, fro: {n: 1}}]", "there is no 'fro' here (did you mean 'for'?)"),
        ("instances: {template: pump}", "expected a list, not a mapping"),
        ("instances: [pump]", "expected a mapping"),
        ("instances: [{template: pump, for: {n: 1..999999999}}]", "a document has at most 20,000"),
        ("instances: [{template: pump, table: no.csv}]", "no.csv"),
        ("instances: [{template: pump, table: [{n: 1, x: 2}]}]", "has no parameter 'x'"),
        ("templates: 5", "expected a mapping"),
    ],
)
def test_what_is_wrong_with_instances_is_told(folder, text, problem):
    folder.write(plant=(text if text.startswith("templates") else PUMP + text))
    said = folder.said()
    assert [line for line in said if problem in line], said
    assert all(line.startswith("plant.yaml:") for line in said), said


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("signals: ['$(m)']", "there is no parameter 'm' (there are n)"),
        ("signals: ['$(n']", "`$(` is not closed"),
        ("signals: ['$()']", "is not a valid reference"),
        ("signals: ['$(n:02q)']", "'02q' is not a format for a whole number"),
        ("signals: ['$(n:0999999999)']", "is not a format"),
        ("signals: ['$(n.__class__)']", "is not a valid reference"),
        ("include: a.yaml", "a template cannot contain 'include'"),
        ("signals: [a]", "nothing in the template uses the parameter 'n'"),
        ("parameters: {n: intt}", "int"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_once(folder, body, problem):
    parameters = "" if body.startswith("parameters") else "parameters: {n: int}, "
    folder.write(
        plant=f"templates:\n  t: {{{parameters}{body}}}\ninstances: [{{template: t, for: {{n: 1..9}}}}]\n"
    )
    said = folder.said()
    assert len([line for line in said if problem in line]) == 1, said


def test_a_problem_names_the_line_in_the_template_and_the_instance_once(folder):
    folder.write(
        plant=PUMP.replace("type: GT", "type: GTT") + "instances:\n  - {template: pump, for: {n: 1..50}}\n"
    )
    (problem,) = folder.said()
    assert problem.startswith("plant.yaml:12:")
    assert "did you mean 'GT'?" in problem
    assert "in pump (n: 1) of plant.yaml:16, and 49 more" in problem


def test_duplicates_name_both_instances(folder):
    folder.write(
        plant=PUMP + "instances:\n  - {template: pump, for: {n: 1..3}}\n  - {template: pump, with: {n: 2}}\n"
    )
    said = [line for line in folder.said() if "duplicate-name" in line]
    assert "in pump (n: 2) of plant.yaml:17" in said[0]
    assert "already given in plant.yaml:9 in pump (n: 2) of plant.yaml:16" in said[0]


def test_a_problem_in_a_nested_template_names_the_way(folder):
    folder.write(
        plant="""
templates:
  inner: {parameters: {n: int}, signals: [{name: "i$(n)", type: nope}]}
  outer: {parameters: {m: int}, instances: [{template: inner, with: {n: $(m)}}]}
instances: [{template: outer, with: {m: 5}}]
"""
    )
    (problem,) = folder.said()
    assert problem.startswith("plant.yaml:3:")
    assert "in inner (n: 5) of plant.yaml:4, in outer (m: 5) of plant.yaml:5" in problem


def test_rows_of_a_table_are_named_in_problems(folder):
    folder.put("pumps.csv", "n;kind\n1;feed\nx;feed\n3\n4;food\n")
    folder.write(plant=PUMP + "instances: [{template: pump, table: pumps.csv}]")
    said = folder.said()
    assert [line.split(": ")[0] for line in said] == ["pumps.csv:3:1", "pumps.csv:4:1", "pumps.csv:5:3"], said


@pytest.mark.parametrize(
    "table", ["", "\n\n", 'n\n"1\n', "n;n\n1;2\n", "m\n1\n", "n\n1;2\n", "n\n", "n\n\x00\n", b"n\n\xff\n"]
)
def test_hostile_tables_end_in_a_problem(folder, table):
    folder.put("pumps.csv", table)
    folder.write(plant=PUMP + "instances: [{template: pump, table: pumps.csv}]")
    assert folder.said()


BOMBS = {
    "itself": "templates: {a: {instances: [{template: a}]}}\ninstances: [{template: a}]",
    "each other": "templates:\n  a: {instances: [{template: b}]}\n  b: {instances: [{template: a}]}\n"
    "instances: [{template: a}]",
    "powers": "templates:\n  t0: {signals: [s]}\n"
    + "".join(
        f"  t{n}: {{instances: [{', '.join([f'{{template: t{n - 1}}}'] * 10)}]}}\n" for n in range(1, 12)
    )
    + "instances: [{template: t11}]",
    "product": "templates: {t: {parameters: {a: int, b: int, c: int}, signals: ['s$(a)$(b)$(c)']}}\n"
    "instances: [{template: t, for: {a: 1..1000, b: 1..1000, c: 1..1000}}]",
    "text": "templates: {t: {parameters: {a: string}, signals: [{name: s, description: '"
    + "$(a)" * 10_000
    + f"'}}]}}}}\ninstances: [{{template: t, with: {{a: '{'x' * 100_000}'}}}}]",
    "aliases": "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1]\nx-b: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
    "x-c: &c [*b, *b, *b, *b, *b, *b, *b, *b]\ntemplates: {t: {parameters: {n: int}, x-y: [*c, *c, *c, *c], "
    "signals: ['s$(n)']}}\ninstances: [{template: t, for: {n: 1..20000}}]",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_they_cost_much(folder, bomb):
    folder.write(plant=BOMBS[bomb])
    began = time.process_time()
    said = folder.said()
    assert any(": error: " in line for line in said)
    assert time.process_time() - began < 20


def test_anchors_and_merges_work_inside_templates(folder):
    folder.write(
        plant="""
x-common: &common {unit: m, minimum: 0}
templates:
  t:
    parameters: {n: int}
    signals: [{<<: *common, name: "s$(n)", maximum: &top 5}, {name: "u$(n)", maximum: *top}]
instances: [{template: t, for: {n: 1..2}}]
"""
    )
    found = {s.name: (s.unit, s.maximum) for s in folder.plant().plant.signals}
    assert found == {"s1": ("m", 5), "u1": ("", 5), "s2": ("m", 5), "u2": ("", 5)}


def test_references_to_the_environment_are_values_too(folder, monkeypatch):
    monkeypatch.setenv("LIMIT", "42.5")
    folder.write(plant=PUMP + "instances: [{template: pump, with: {n: 1, limit: '${LIMIT}'}}]")
    found = {s.name: s.maximum for s in folder.plant().plant.signals}
    assert found["feed01.speed"] == 42.5


def test_unicode_is_kept(folder):
    folder.write(
        plant="""
templates: {t: {parameters: {größe: string}, signals: [a]}}
instances: [{template: t, with: {größe: ä}}]
"""
    )
    assert any("'größe' is not a valid name for a parameter" in line for line in folder.said())


def test_what_is_written_out_means_the_same(folder, tmp_path):
    from petra.config.expand.writing import as_yaml

    folder.write(
        plant=PUMP
        + "instances: [{template: pump, for: {n: 1..5}}]\nsignals: [{name: z, type: string, initial: '5'}]"
    )
    loaded = folder.load()
    assert of_text(as_yaml(loaded.root)) == loaded.configuration
