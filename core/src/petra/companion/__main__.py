"""`python -m petra.companion NAME`: started by the engine, which tells over standard input what to run."""

from __future__ import annotations

import sys

from petra.companion.process import die_with_parent, take_standard_output

die_with_parent()
_reports = take_standard_output()

from petra.companion.run import main  # noqa: E402 - what is imported may print

sys.exit(main(_reports))
