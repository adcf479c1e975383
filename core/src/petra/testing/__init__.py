"""What third parties test with, and PETRA's own tests too: public, documented, kept stable.

The fixtures `catalog`, `configuration` and `manual_clock` are there without an import: petra-core registers
them with pytest.
"""

from petra.testing.bench import Bench
from petra.testing.clock import ManualClock
from petra.testing.conform import assert_plugin_conforms
from petra.testing.incident import replay_incident
from petra.testing.vectors import assert_vectors

__all__ = ["Bench", "ManualClock", "assert_plugin_conforms", "assert_vectors", "replay_incident"]
