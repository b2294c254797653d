"""Ours, as main.py does it: a set's folder becomes a stack. Arguments: the set's folder, the output folder."""

from __future__ import annotations

import sys

from cloudstack_pins import PinSetStack
from cloudstack_pins.cdk.engine import engine

app = engine.App(outdir=sys.argv[2])
PinSetStack(app, "bench", folder=sys.argv[1])
app.synth()
