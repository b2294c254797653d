"""Which templates deserve a pin, from what CloudStack knows of past deploys.

``history`` asks CloudStack · ``records`` makes deploys of usage records (pure) · ``judge`` weighs them (pure) ·
``render`` says it · ``edit`` writes it into pins.toml.
"""

from __future__ import annotations
