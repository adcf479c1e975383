"""What the commands about an installation share: describe, examine, and write plugins."""
