"""Acme's flow meters in PETRA."""
