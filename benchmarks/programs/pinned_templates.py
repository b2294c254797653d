"""Ours, as a stack of one's own: one PinnedTemplate for each template. Arguments: the set's folder, the output folder.

The set is only read for its ids; what is measured are the constructs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cloudstack_pins import CloudStackProvider, PinActivation, PinnedTemplate, PinOwner, StorageTag
from cloudstack_pins.cdk.engine import engine
from cloudstack_pins.lock import read

lock = read(Path(sys.argv[1]) / "pins.lock.json")
app = engine.App(outdir=sys.argv[2])
stack = engine.TerraformStack(app, "bench")
CloudStackProvider(stack)
tags = [
    StorageTag(name, service_offering_id=tag.service_offering.id if tag.service_offering else None, pools=tag.pools)
    for name, tag in lock.storage_tags.items()
]
for key, locked in lock.templates.items():
    PinnedTemplate(
        stack,
        key,
        template_id=locked.template.id,
        zone_id=lock.zone.id,
        network_id=lock.network.id,
        storage_tags=tags,
        name=locked.template.name,
        size=locked.template.size,
    )
PinActivation(stack, owner=PinOwner.account(lock.owner.account or "", domain_id=lock.owner.domain_id or ""))
app.synth()
