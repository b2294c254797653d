"""How many examples generated tests try: few and always the same, unless SUGGEST_EXAMPLES asks for many new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_ASKED = os.environ.get("SUGGEST_EXAMPLES")

some = settings(
    max_examples=int(_ASKED or 60),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
