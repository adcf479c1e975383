"""The command line, `petra …`: one module for each command or group of commands, beside `main`.

What is not a command is in the packages: `console`, `screen`, `logs`, `installation`, and `protocol`, whose
names are public for plugins.
"""
