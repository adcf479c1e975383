"""`petra doctor`: says what is wrong and where."""

import pytest


def rows(petra, *arguments, code=0, **variables):
    report = petra("doctor", "--json", *arguments, code=code, **variables).json
    return {row["what"]: (row["state"], row["said"]) for row in report["findings"]}


def test_a_healthy_installation(petra):
    found = rows(petra, PYTHONUTF8="1")
    assert found["python"][0] == "good"
    assert found["yaml"][0] == "good"
    assert found["clock"][0] == "good"
    assert found["encoding"] == ("good", "utf-8")


def test_a_quarantined_plugin_is_bad(petra, plugins_dir):
    (plugins_dir / "bad.py").write_text("import nowhere_to_be_found\n")
    found = rows(petra, "--plugins-dir", plugins_dir, code=1)
    assert found["plugin bad"][0] == "bad"
    assert "nowhere_to_be_found" in found["plugin bad"][1]
    assert found["plugin shop"][0] == "good"


def test_a_plugins_folder_that_others_may_write(petra, plugins_dir):
    plugins_dir.chmod(0o777)
    assert rows(petra, "--plugins-dir", plugins_dir, code=1)["plugins folder permissions"][0] == "bad"
    plugins_dir.chmod(0o755)
    assert rows(petra, "--plugins-dir", plugins_dir)["plugins folder permissions"][0] == "good"


@pytest.mark.parametrize(
    ("mode", "state"), [(0o600, "good"), (0o640, "good"), (0o644, "bad"), (0o666, "bad")]
)
def test_secret_files_are_for_one_user(petra, plugins_dir, write, mode, state):
    write("pw", "hunter2").chmod(mode)
    write("plant.yaml", "shop: {host: a, password: '${file:pw}'}\n").chmod(0o644)
    found = rows(petra, "--plugins-dir", plugins_dir, "plant.yaml", code=int(state == "bad"))
    assert found["secret permissions"][0] == state
    assert found["document plant.yaml"][0] == "good"
    assert "hunter2" not in str(found)


def test_a_document_that_others_may_write(petra, write):
    write("plant.yaml", "signals: [a]\n").chmod(0o666)
    assert rows(petra, "plant.yaml", code=1)["document permissions"][0] == "bad"


def test_a_missing_secret_and_a_missing_document(petra, plugins_dir, write):
    write("plant.yaml", "shop: {host: a, password: '${file:pw}'}\n")
    found = rows(petra, "--plugins-dir", plugins_dir, "plant.yaml", "nowhere.yaml", code=1)
    assert found["secret permissions"][0] == "bad"
    assert found["document nowhere.yaml"][0] == "bad"


def test_text(petra):
    out = petra("doctor").out
    assert "petra-core" in out
    assert "findings, 0 bad" in out
