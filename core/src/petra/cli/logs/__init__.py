"""Log lines: how they are formatted, and where they go."""
