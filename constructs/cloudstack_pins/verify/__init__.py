"""Proof, not belief: what a pin saves, measured with two throw-away VMs.

``choice`` picks the pin and a template without one · ``trial`` deploys and measures · ``removal`` removes, also what a
killed run left · ``result`` says it.
"""

from __future__ import annotations
