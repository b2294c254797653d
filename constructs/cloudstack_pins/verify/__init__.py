"""Proof, not belief: what a pin saves, measured with two throw-away VMs.

``choice`` picks the pin and a template without one · ``trial`` deploys, measures and removes · ``result`` says it.
"""

from __future__ import annotations
