"""The command line as a whole: help, version, unknown commands, commands of plugins."""

import re

import pytest

from petra._version import __version__
from petra.cli.main import _COMMANDS


def test_version(petra):
    assert (
        petra("--version").out == f"petra {__version__} (Python {__import__('platform').python_version()})\n"
    )


def test_help_lists_core_and_plugins(petra, plugins_dir):
    out = petra("--plugins-dir", plugins_dir, "--help").out
    for name, (_, summary) in _COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}", out, re.MULTILINE)
    added = out.partition("Commands of plugins:")[2]
    assert re.search(r"^  echo +Say it again\.$", added, re.MULTILINE)


def test_no_arguments_show_the_help(petra):
    ran = petra(code=2)
    assert "Usage: petra" in ran.out + ran.err


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_has_help_that_begins_with_its_summary(petra, name):
    assert _COMMANDS[name][1] in petra(name, "--help").out


def test_a_command_of_a_plugin(petra, plugins_dir):
    assert petra("--plugins-dir", plugins_dir, "echo", "hello").out == "hello\n"
    assert petra("echo", "hello", PETRA_PLUGINS_DIR=str(plugins_dir)).out == "hello\n"


def test_a_command_that_cannot_be_loaded_says_why(petra, plugins_dir):
    ran = petra("--plugins-dir", plugins_dir, "broken", code=2)
    assert "the command 'broken' cannot be loaded: No module named 'nowhere_to_be_found'" in ran.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chekc", "Did you mean 'check'?"),
        ("opcua", "It comes with a later petra-opcua"),
        ("qqqqqq", "There is no command 'qqqqqq'."),
    ],
)
def test_an_unknown_command(petra, name, said):
    assert said in petra(name, code=2).err


def test_a_missing_plugins_folder_is_an_error(petra):
    assert "does not exist" in petra("--plugins-dir", "nowhere", "plugins", "list", code=2).err


def test_output_is_plain_without_a_terminal(petra, plugins_dir, write):
    write("bad.yaml", "signal: 5\n")
    for arguments in (["plugins", "list"], ["check", "bad.yaml"], ["doctor"], ["--help"]):
        ran = petra(*arguments, code=None, PETRA_PLUGINS_DIR=str(plugins_dir), TERM="xterm-256color")
        assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(petra, shell):
    assert "_PETRA_COMPLETE" in petra("completion", shell).out


def test_completion_knows_commands_and_plugins(petra, plugins_dir):
    words = petra(
        _PETRA_COMPLETE="bash_complete",
        COMP_WORDS="petra ",
        COMP_CWORD="1",
        PETRA_PLUGINS_DIR=str(plugins_dir),
    ).out.split()
    assert {"plain,check", "plain,plugins", "plain,echo"} <= set(words)


def test_a_reader_that_leaves_is_no_error(petra, tmp_path):
    import subprocess
    import sys

    run = subprocess.run(
        f"{sys.executable} -m petra schema | head -1", shell=True, capture_output=True, text=True, check=True
    )
    assert run.stdout == "{\n"
    assert run.stderr == ""
