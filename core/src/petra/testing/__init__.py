"""What third parties test with, and PETRA's own tests too: public, documented, kept stable.

The fixtures `catalog`, `configuration` and `manual_clock` are there without an import: petra-core registers
them with pytest.
"""

from petra.testing.clock import ManualClock
from petra.testing.conform import assert_plugin_conforms

__all__ = ["ManualClock", "assert_plugin_conforms"]
