"""Commands that look into a running plant and act on it, from another terminal."""
