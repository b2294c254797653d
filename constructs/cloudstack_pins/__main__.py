"""``python -m cloudstack_pins`` is the same as ``cloudstack-pins``."""

from __future__ import annotations

import sys

from cloudstack_pins.cli import main

if __name__ == "__main__":
    sys.exit(main())
