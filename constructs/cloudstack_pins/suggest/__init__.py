"""Which templates deserve a pin, from what CloudStack knows of past deploys.

``sources`` asks CloudStack for the past (``usage``, else ``events``, else the VMs that exist) and returns a ``history``
· ``records`` makes deploys of usage records (pure) · ``facts`` asks what pins cost · ``judge`` weighs (pure) ·
``render`` says it, ``suggest.schema.json`` names its JSON · ``edit`` writes it into pins.toml by ``statements``.
"""

from __future__ import annotations
