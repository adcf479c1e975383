"""The channel: a plant of another process, over a socket that only its user may open."""
