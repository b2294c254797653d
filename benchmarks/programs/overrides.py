"""The same pins by the escape hatch: a bare TerraformResource each, its attributes by add_override, one at a time.

Arguments: the folder of pins.json, the output folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cdktf import App, TerraformResource, TerraformStack

app = App(outdir=sys.argv[2])
stack = TerraformStack(app, "bench")
pins = json.loads((Path(sys.argv[1]) / "pins.json").read_text(encoding="utf-8"))
for key, body in pins.items():
    resource = TerraformResource(stack, key, terraform_resource_type="cloudstack_instance")
    for name, value in body.items():
        resource.add_override(name, value)
app.synth()
