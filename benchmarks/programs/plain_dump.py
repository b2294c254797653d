"""The same pins without cdktf: json.dump, the floor of it all.

Arguments: the folder of pins.json, the output folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

pins = json.loads((Path(sys.argv[1]) / "pins.json").read_text(encoding="utf-8"))
stack = Path(sys.argv[2]) / "stacks" / "bench"
stack.mkdir(parents=True, exist_ok=True)
with (stack / "cdk.tf.json").open("w", encoding="utf-8") as file:
    json.dump({"resource": {"cloudstack_instance": pins}}, file, indent=2)
