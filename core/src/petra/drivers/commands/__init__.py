"""Commands: requested writes with an outcome, their queue, and what the program writes to points."""
