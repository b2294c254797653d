"""The same pins by bindings that `cdktf get` made. Arguments: the folder of pins.json, the output folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cdktf import App, TerraformResourceLifecycle, TerraformStack
from cloudstack.instance import Instance
from cloudstack.provider import CloudstackProvider

app = App(outdir=sys.argv[2])
stack = TerraformStack(app, "bench")
CloudstackProvider(stack, "cloudstack")
pins = json.loads((Path(sys.argv[1]) / "pins.json").read_text(encoding="utf-8"))
for key, body in pins.items():
    arguments = {name: value for name, value in body.items() if name != "lifecycle"}
    Instance(stack, key, **arguments, lifecycle=TerraformResourceLifecycle(**body["lifecycle"]))
app.synth()
