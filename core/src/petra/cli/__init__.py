"""The command line, `petra …`: one module for each command or group of commands."""
