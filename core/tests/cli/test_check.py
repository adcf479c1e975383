"""`petra check`: exit codes, text, JSON, many files."""

import os

import pytest


@pytest.fixture
def files(write):
    write("good.yaml", "signals: [a, b]\nscan_time_ms: 50\n")
    write("bad.yaml", "signals:\n- {nme: a}\nscan_tim_ms: 50\n")
    write("warned.yaml", "shop: {host: a, password: hunter2}\n")


def test_a_good_file(petra, files):
    ran = petra("check", "good.yaml")
    assert ran.out == "good.yaml: good: 2 signals, no blocks\n"
    assert ran.err == ""


def test_problems_are_lines_with_a_place(petra, files):
    ran = petra("check", "bad.yaml", code=1)
    assert ran.out.splitlines() == [
        (
            "bad.yaml:2:3: error: signals[0]: 'name' is missing"
            " (Unique name: letters, digits and `_ . : / -`: a text) [missing-key]"
        ),
        "bad.yaml:2:4: error: signals[0].nme: there is no 'nme' here (did you mean 'name'?) [unknown-key]",
        (
            "bad.yaml:3:1: error: scan_tim_ms: no installed plugin provides a section 'scan_tim_ms'"
            " (did you mean 'scan_time_ms'?) [unknown-section]"
        ),
    ]
    assert "3 errors and no warnings in 1 file" in ran.err


def test_many_files_and_the_worst_exit_code(petra, files):
    ran = petra("check", "good.yaml", "bad.yaml", code=1)
    assert "good.yaml: good" in ran.out
    ran = petra("check", "nowhere.yaml", "bad.yaml", "good.yaml", code=2)
    assert "nowhere.yaml: error: the file cannot be read: No such file or directory [unreadable]" in ran.out
    assert "bad.yaml:2:3" in ran.out
    assert "good.yaml: good" in ran.out


def test_json(petra, files):
    report = petra("check", "--json", "good.yaml", "bad.yaml", code=1).json
    assert report["ok"] is False
    assert [file["ok"] for file in report["files"]] == [True, False]
    assert report["files"][1]["problems"][1] == {
        "file": "bad.yaml",
        "line": 2,
        "column": 4,
        "path": "signals[0].nme",
        "code": "unknown-key",
        "severity": "error",
        "message": "there is no 'nme' here",
        "hint": "did you mean 'name'?",
    }


def test_standard_input(petra):
    assert "<stdin>: good: 1 signal" in petra("check", "-", stdin="signals: [a]\n").out
    assert "<stdin>:1:10" in petra("check", "-", stdin="signals: 5\n", code=1).out


def test_warnings_and_strictness(petra, files, plugins_dir):
    ran = petra("check", "--plugins-dir", plugins_dir, "warned.yaml")
    assert "warning: shop.password: a secret is written in the document" in ran.out
    assert "hunter2" not in ran.out
    petra("check", "--plugins-dir", plugins_dir, "--strict", "warned.yaml", code=1)


def test_a_quarantined_plugin_is_said_and_the_rest_is_checked(petra, files, plugins_dir):
    (plugins_dir / "bad.py").write_text("import nowhere_to_be_found\n")
    ran = petra("check", "--plugins-dir", plugins_dir, "good.yaml")
    assert "warning: plugin 'bad'" in ran.out
    assert "good.yaml: good" in ran.out


def test_many_problems_are_cut_and_counted(petra, write):
    write("many.yaml", "signals:\n" + "- {nme: a}\n" * 300)
    ran = petra("check", "many.yaml", code=1)
    assert len(ran.out.splitlines()) == 101
    assert "and 500 more problems" in ran.out
    assert len(petra("check", "many.yaml", "--most", "1000", code=1).out.splitlines()) == 600


def test_explain(petra):
    out = petra("check", "--explain", "two-writers").out
    assert "Cause: Two block outputs or sections write the same signal." in out
    assert "Cure: " in out
    assert "Did you mean 'two-writers'?" in petra("check", "--explain", "two-writer", code=2).err


def test_no_file_is_a_usage_error(petra):
    assert "Missing argument 'FILE...'" in petra("check", code=2).err


def test_a_folder_and_a_pipe(petra, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    ran = petra("check", ".", "pipe", code=2)
    assert ".: error: the file is a folder, not a regular file [not-a-file]" in ran.out
    assert "pipe: error: the file is a pipe, not a regular file [not-a-file]" in ran.out


def test_notes_are_shown_and_never_counted(petra, write):
    write("noted.yaml", "signals: [{name: a, log_to_history: true}]\nerror_recovery: true\n")
    ran = petra("check", "--strict", "noted.yaml")
    assert "noted.yaml:2:1: note: error_recovery: 'error_recovery' has no effect" in ran.out
    assert ran.out.splitlines()[-1] == "noted.yaml: good: 1 signal, no blocks"
    report = petra("check", "--strict", "--json", "noted.yaml").json
    assert report["ok"] is True
    assert [p["severity"] for p in report["files"][0]["problems"]] == ["note", "note"]


def test_a_note_before_an_error_is_not_what_is_explained(petra, write):
    write("both.yaml", "error_recovery: true\nsignals: [{nme: a}]\n")
    assert "2 errors and no warnings in 1 file; petra check --explain missing-key" in (
        petra("check", "both.yaml", code=1).err
    )


def test_other_commands_do_not_repeat_notes(petra, write):
    write("noted.yaml", "signals: [a]\nerror_recovery: true\nalarms: {}\n")
    assert [line.split(": ")[1] for line in petra("explain", "noted.yaml").err.splitlines()] == ["warning"]
    assert ": note: " not in petra("run", "noted.yaml", "--once").err
