"""A stack of one's own, in a cdktn application."""

from __future__ import annotations

import cdktn

from cloudstack_pins import CloudStackProvider, PinActivation, PinnedTemplate, Pool, StorageTag

app = cdktn.App()
stack = cdktn.TerraformStack(app, "own")
CloudStackProvider(stack)
template = PinnedTemplate(
    stack,
    "debian-12",
    template_id="00000029-1111-4222-8333-444455556666",
    zone_id="0000005b-1111-4222-8333-444455556666",
    network_id="0000005c-1111-4222-8333-444455556666",
    storage_tags=[StorageTag("gold", pools=[Pool(id="00000001-1111-4222-8333-444455556666", name="PS0", key="PS0")])],
)
template.pins[("gold", "PS0")].override("group", "pins")
PinActivation(stack)
app.synth()
