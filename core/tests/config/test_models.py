"""Core's own part of a document: what it takes, up to where, and what it is when nothing is said."""

from __future__ import annotations

import pytest

HEAD = "signals: [{name: a, type: bool}]\n"
BLOCK = "{{name: n, type: TON, inputs: {{in: a}}, outputs: {{q: b}}, {}}}"

OF_SIGNALS = (
    "category", "source", "tags", "metadata", "update_frequency_ms", "log_to_history", "log_interval_ms",
    "enable_alarms", "quality_enabled", "validation",
)  # fmt: skip
OF_BLOCKS = ("category", "tags", "metadata", "priority", "circuit_breaker", "enhanced_monitoring")
OF_PLANTS = (
    "version", "description", "author", "created_at", "modified_at", "tags", "metadata", "max_scan_jitter_ms",
    "error_recovery", "max_consecutive_errors", "restart_delay_ms", "realtime", "validation", "history",
    "health", "logging",
)  # fmt: skip


@pytest.mark.parametrize("key", OF_PLANTS)
def test_a_document_of_the_original_keeps_its_keys(check, key):
    made = check(HEAD + f"{key}: {{anything: [1, 2]}}\n")
    assert made.good
    assert set(made.codes) <= {"no-effect"}


@pytest.mark.parametrize("key", OF_SIGNALS)
def test_a_signal_of_the_original_keeps_its_keys(check, key):
    assert check(f"signals: [{{name: a, type: bool, {key}: {{anything: [1, 2]}}}}]\n").good


@pytest.mark.parametrize("key", OF_BLOCKS)
def test_a_block_of_the_original_keeps_its_keys(check, key):
    assert check(HEAD + f"blocks: [{BLOCK.format(f'{key}: {{anything: [1, 2]}}')}]\n").good


BOUNDS = [
    ("scan_time_ms: {}", ("0.001", "3600000"), ("0", "-1", "3600000.1")),
    ("tasks: [{{name: t, period_ms: {}}}]", ("0.001", "3600000"), ("0", "-1", "3600001")),
    ("tasks: [{{name: t, scan_time_ms: {}}}]", ("20",), ("0",)),
    ("tasks: [{{name: t, interval_ms: {}}}]", ("20",), ("0",)),
    ("tasks: [{{name: t, priority: {}}}]", ("-100", "0", "100"), ("-101", "101", "1.5")),
    ("engine: {{watchdog_ms: {}}}", ("0", "3600000"), ("-0.5", "3600001")),
    ("engine: {{spin_us: {}}}", ("0", "2000"), ("-0.5", "2001")),
    ("signals: [{{name: s, safe_after_ms: {}}}]", ("0", "3600000"), ("-0.5", "3600001")),
    ("signals: [{{name: {}}}]", ("a" * 200, "tank.1/level-2:raw_x"), ("a" * 201, "'a b'", "''")),
]
GOOD = [(text, value) for text, good, _ in BOUNDS for value in good]
BAD = [(text, value) for text, _, bad in BOUNDS for value in bad]


@pytest.mark.parametrize(("text", "value"), GOOD, ids=lambda value: value[:40])
def test_a_value_at_its_bound_is_taken(check, text, value):
    assert check(text.format(value) + "\n").good


@pytest.mark.parametrize(("text", "value"), BAD, ids=lambda value: value[:40])
def test_a_value_beyond_its_bound_is_one_problem_at_its_place(check, text, value):
    problem = check(text.format(value) + "\n").only
    assert problem.code in ("bad-value", "wrong-type")
    assert problem.column == text.replace("{{", "{").index("{}") + 1


def test_what_a_document_does_not_say(check):
    """The defaults of the reference, which documents count on."""
    made = check(
        HEAD + f"blocks: [{BLOCK.format('params: {}')}]\ntasks: [{{name: t}}]\nengine: {{}}\n"
    ).good.plant
    (signal,), (block,) = [s for s in made.signals if s.name == "a"], made.blocks
    main, task = made.tasks
    assert (main.name, main.period_ms, task.name, task.period_ms, task.priority) == (
        "main",
        100.0,
        "t",
        100.0,
        0,
    )
    assert (signal.initial, signal.unit, signal.minimum, signal.maximum) == (None, "", None, None)
    assert (signal.safe, signal.safe_after_ms, signal.on_bad, signal.description) == (None, 1000.0, None, "")
    assert (block.task, block.enabled, block.description) == ("main", True, "")
    assert (made.engine.watchdog_ms, made.engine.spin_us, made.engine.data_dir) == (0.0, 0.0, "")
    assert made.scan_time_ms == 100.0


def test_main_takes_the_period_of_the_document(check):
    made = check(HEAD + f"scan_time_ms: 20\nblocks: [{BLOCK.format('task: main')}]\ntasks: [{{name: t}}]\n")
    assert [(task.name, task.period_ms) for task in made.good.plant.tasks] == [("main", 20.0), ("t", 100.0)]


@pytest.mark.parametrize(
    ("tasks", "of_block", "names"),
    [
        ("[]", "main", ["main"]),
        ("[{name: t}]", "t", ["t"]),
        ("[{name: t}]", "main", ["main", "t"]),
        ("[{name: t}, {name: main, period_ms: 5}]", "main", ["t", "main"]),
        ("[{name: t}, {name: main, period_ms: 5}]", "t", ["t", "main"]),
    ],
)
def test_main_is_a_task_where_a_block_needs_it_or_none_is_declared(check, tasks, of_block, names):
    made = check(HEAD + f"blocks: [{BLOCK.format(f'task: {of_block}')}]\ntasks: {tasks}\n").good
    assert [task.name for task in made.plant.tasks] == names


@pytest.mark.parametrize(
    ("word", "meant"),
    [("REAL", "float"), ("dint", "int"), ("uint16", "int"), ("boolean", "bool"), ("wstring", "string")],
)
def test_the_types_of_other_systems_are_known_by_their_names(check, word, meant):
    assert check(f"signals: [{{name: a, type: {word}}}]\n").only.hint == f"did you mean {meant!r}?"
