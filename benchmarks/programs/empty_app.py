"""What cdktf takes for a stack with nothing in it. Arguments: not used, the output folder."""

from __future__ import annotations

import sys

from cdktf import App, TerraformStack

app = App(outdir=sys.argv[2])
TerraformStack(app, "bench")
app.synth()
