"""`petra plugins`: list, info, certify, new."""

import pytest

from petra.cli.installation.new import NewPluginError, write_plugin


def test_list(petra, plugins_dir):
    lines = petra("plugins", "list", "--plugins-dir", plugins_dir).out.splitlines()
    assert lines[0].split() == ["PLUGIN", "DISTRIBUTION", "VERSION", "OFFERS"]
    (line,) = [line for line in lines if line.startswith("shop ")]
    assert line.endswith("block TWICE, driver shop, commands echo broken")


def test_list_says_what_is_quarantined(petra, plugins_dir):
    (plugins_dir / "bad.py").write_text("import nowhere_to_be_found\n")
    ran = petra("plugins", "list", "--plugins-dir", plugins_dir, code=1)
    assert "shop" in ran.out
    (line,) = ran.err.splitlines()
    assert line.startswith(
        f"quarantined: plugin 'bad' ({plugins_dir / 'bad.py'}) is quarantined: it cannot be imported:"
    )
    report = petra("plugins", "list", "--json", "--plugins-dir", plugins_dir, code=1).json
    assert report["quarantined"][0]["stage"] == "plugin-import"
    (shop,) = [plugin for plugin in report["plugins"] if plugin["name"] == "shop"]
    assert {"group": "block", "name": "TWICE"} in shop["offers"]


@pytest.mark.parametrize("name", ["shop", "TWICE", "DOUBLE"])
def test_info_shows_ports(petra, plugins_dir, name):
    out = petra("plugins", "info", name, "--plugins-dir", plugins_dir).out
    assert "block TWICE (also DOUBLE)" in out
    assert "input, in  float  required; m; What is doubled" in out
    assert "gain  float  default 2.0; at least 1; Factor" in out


def test_info_shows_settings_and_no_secret(petra, plugins_dir):
    out = petra("plugins", "info", "shop", "--plugins-dir", plugins_dir).out
    assert "host      text    required; Where it is" in out
    assert "password  secret  How to get in" in out
    described = petra("plugins", "info", "shop", "--json", "--plugins-dir", plugins_dir).json
    assert described["offers"][1]["settings"][1]["default"] == 80


def test_info_of_a_quarantined_plugin_shows_the_traceback(petra, plugins_dir):
    (plugins_dir / "bad.py").write_text("import nowhere_to_be_found\n")
    ran = petra("plugins", "info", "bad", "--plugins-dir", plugins_dir, code=1)
    assert "Traceback (most recent call last)" in ran.out
    assert "nowhere_to_be_found" in ran.out


def test_info_of_nothing_names_the_closest(petra, plugins_dir):
    assert (
        "did you mean 'shop'?" in petra("plugins", "info", "shopp", "--plugins-dir", plugins_dir, code=2).err
    )


def test_certify_says_what_is_good_and_what_is_not(petra, plugins_dir):
    ran = petra("plugins", "certify", "shop", "--plugins-dir", plugins_dir, code=1)
    assert "good  shop driver shop: every setting is documented" in ran.out
    assert "bad   shop command broken: can be loaded: ModuleNotFoundError" in ran.out
    report = petra("plugins", "certify", "shop", "--json", "--plugins-dir", plugins_dir, code=1).json
    assert sum(not row["good"] for row in report["shop"]) == 1


def test_new_writes_a_plugin_once(petra, tmp_path):
    assert "cd my-blocks" in petra("plugins", "new", "my-blocks").out
    assert (tmp_path / "my-blocks" / "src" / "my_blocks" / "blocks.py").exists()
    assert "exists already; nothing was written" in petra("plugins", "new", "my-blocks", code=2).err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My-Blocks", "lower-case"),
        ("my--blocks", "single dashes"),
        ("../x", "is not a valid name"),
        ("json", "would hide the Python module"),
        ("class", "would hide the Python module"),
        ("petra", "would hide"),
        ("attrs", "a module 'attrs' is installed here already"),
        ("yaml", "a module 'yaml' is installed here already"),
        ("petra-x", "the project's own; try 'x'"),
    ],
)
def test_new_refuses_names_that_would_hurt(tmp_path, name, said):
    with pytest.raises(NewPluginError, match=said):
        write_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_placeholder_is_left(tmp_path):
    folder = write_plugin("my-blocks", tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not any(word in text for word in ("DISTRIBUTION", "PACKAGE", "BLOCK_TYPE")), path
            compile(text, str(path), "exec") if path.suffix == ".py" else None
