"""Every finding a review can have: its stable id, how bad it is without a policy, what it means, the repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "refused"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "refused")


@dataclass(frozen=True)
class Entry:
    """One kind of finding. ``title`` opens its line, ``meaning`` is the reason, ``repair`` what to do."""

    id: str
    severity: Severity
    title: str
    meaning: str
    repair: str


def explain(identity: str) -> str:
    """Return what a finding means, for `--explain`; raises KeyError for an id that does not exist."""
    entry = CATALOGUE[identity]
    return (
        f"{entry.id} ({entry.severity} unless the policy says otherwise)\n{entry.title}.\n\n"
        f"Why: {entry.meaning}.\nRepair: {entry.repair}.\n\n"
        "To let it pass for a while, write into pins-policy.toml:\n"
        f'[[waivers]]\nid = "{entry.id}"\nreason = "why it is acceptable"\nuntil = 2027-01-31\n'
    )


_ENTRIES = (
    Entry(
        "plan-errored",
        "refused",
        "the plan ended in an error",
        "Terraform wrote it before it had looked at everything, so the rest of what a merge would do is not in it",
        "repair what `terraform plan` complains about and plan again",
    ),
    Entry(
        "plan-incomplete",
        "refused",
        "the plan is not complete",
        "it was made with -target or with deferred changes: a second apply would do more than is shown here",
        "plan without -target, or review the rest in a plan of its own",
    ),
    Entry(
        "start-in-place",
        "refused",
        "a change in place would start a pin",
        "for these attributes the provider stops the VM, changes it and starts it again whatever start_vm says; the "
        "pin keeps running, and the next plan says that nothing differs",
        "make the change replace the VM (the pins of this library do so by replace_triggered_by), or leave the "
        "attribute as it is",
    ),
    Entry(
        "gap-in-cache",
        "refused",
        "a pin would be destroyed before its successor exists",
        "between the two nothing protects the copy: garbage collection may take it, and a failed creation leaves no "
        "pin",
        "set lifecycle.create_before_destroy on the pin, as the pins of this library have it",
    ),
    Entry(
        "pin-forgotten",
        "refused",
        "Terraform would forget a pin and leave its VM",
        "a `removed` block without destroy takes the pin out of the state only: the VM stays, holds its copy and its "
        "share of the pool, and no plan shows it again",
        "destroy the pin instead, or write down who removes the VM and waive this finding",
    ),
    Entry(
        "activation-missing",
        "refused",
        "pins change, but the plan holds no activation or no confirmation for them",
        "a VM that was never started pins nothing, and old pins would be destroyed without waiting for the new ones",
        "add terraform_data.pin_activation and terraform_data.pin_confirmation to the stack (PinSetStack does)",
    ),
    Entry(
        "activation-not-triggered",
        "refused",
        "pins change, but their activation or confirmation does not run",
        "new pins stay without a copy, and old ones are destroyed without waiting for them",
        "let triggers_replace of both hold the ids of all pins (PinSetStack does)",
    ),
    Entry(
        "deposed-unguarded",
        "refused",
        "a deposed pin would be destroyed and neither activation nor confirmation runs",
        "an earlier apply was killed while it activated; the deposed pin may be the only one that still protects the "
        "copy",
        "apply with -replace=terraform_data.pin_activation, which activates first and destroys afterwards",
    ),
    Entry(
        "rotation-without-previous",
        "refused",
        "a rotation does not keep the previous pin, and no activation is in the plan",
        "in the activation modes run-task and none nothing in Terraform waits for the new pin to become active, so the "
        "old one must stay until a second lock has seen that",
        "run `cloudstack-pins lock`, which keeps the previous revision, and commit the lock",
    ),
    Entry(
        "unknown-action",
        "refused",
        "the plan does something to a pin that this version does not know",
        "a newer Terraform has actions that this review cannot judge",
        "update cloudstack-pins",
    ),
    Entry(
        "address-changed",
        "warning",
        "a pin changes its address without a `moved` block",
        "make-before-break holds for one and the same address only: if the activation fails twice, the old pin is "
        "destroyed and the new one is not active",
        "name the old key in `formerly` of the template or the tag, which writes the `moved` block",
    ),
    Entry(
        "leaves-declared-pool",
        "warning",
        "a pin leaves a pool although its template stays pinned on that storage tag",
        "deploys that land on this pool will copy the template again",
        "if the pool was not excluded on purpose, check its tag and run `cloudstack-pins lock`",
    ),
    Entry(
        "deposed-pin",
        "warning",
        "a deposed pin is left from an earlier apply",
        "a rotation did not end: the old VM still protects its copy and takes its share of the pool until it is "
        "destroyed",
        "apply; the activation runs first and only then the deposed pin is destroyed",
    ),
    Entry(
        "tainted-pin",
        "warning",
        "a pin is tainted and will be replaced",
        "its creation failed halfway, or somebody marked it",
        "apply, or `terraform untaint` where the VM is whole",
    ),
    Entry(
        "tags-claim",
        "warning",
        "tags will claim another template, pool or revision without the VM being replaced",
        "activation, status and review believe the tags: they would take the old VM for the new pin and its copy for "
        "another",
        "let the change replace the VM; a renamed template or tag needs `formerly`, a pool keeps its key",
    ),
    Entry(
        "unknown-change-in-place",
        "warning",
        "a pin changes in place by an attribute whose effect is not known",
        "this version knows the provider's 0.6 and 0.7 only; another may start the VM for it",
        "leave the attribute out, or run `cloudstack-pins status` after the apply",
    ),
    Entry(
        "change-in-place",
        "info",
        "a pin changes in place without being started",
        "the provider changes these attributes without touching the VM's power state",
        "nothing to do",
    ),
    Entry(
        "starts-at-create",
        "warning",
        "a pin is created with start_vm",
        "a start that fails at creation leaves a VM in state Error without its volume, and the VM keeps running",
        "set start_vm = false; the activation starts it once",
    ),
    Entry(
        "half-tagged",
        "warning",
        "an instance bears some of the five cloudstack-pins tags, not all",
        "nothing in this library will take it for a pin: it is not activated, counted or reviewed",
        "give it all of set, template, storage-tag, pool and revision, or none",
    ),
    Entry(
        "too-many-destroyed",
        "refused",
        "more pins are unpinned than the limit allows",
        "a declaration that lost a tag or a template by mistake looks like this",
        "check the change of pins.toml, or raise limits.pins_destroyed for this merge",
    ),
    Entry(
        "set-emptied",
        "warning",
        "no pin of a set remains",
        "every pin that the set has in this plan goes, as with `terraform destroy` or enabled = false",
        "check that this is meant",
    ),
    Entry(
        "protected-template",
        "refused",
        "a protected template loses a pin",
        "the policy names it in protected_templates",
        "keep the pin, or waive this finding with a reason",
    ),
    Entry(
        "tag-not-allowed",
        "refused",
        "pins use a storage tag that the policy does not allow",
        "the policy lists the tags that pins may take room on in allowed_storage_tags",
        "use one of the allowed tags, or add this one to the policy",
    ),
    Entry(
        "too-much-copied",
        "refused",
        "the merge copies more than the limit allows",
        "copies load the image store, the network and the pools while they run",
        "merge in several steps, or raise limits.copied_gib for this merge",
    ),
    Entry(
        "pool-over-limit",
        "refused",
        "a pool would hold more than the policy's limit",
        "the allocated share counts template and root sizes in full, at the peak of the rotation",
        "pin less on the pool, make room, or raise the limit in the policy",
    ),
    Entry(
        "pool-over-threshold",
        "warning",
        "a pool would pass CloudStack's own threshold",
        "above it CloudStack finds no destination, starts fail with 533, and the activation fails with them",
        "make room on the pool, pin less on it, or raise pool.storage.allocated.capacity.disablethreshold",
    ),
    Entry(
        "pool-not-up",
        "warning",
        "a pool that gets new pins is not Up",
        "CloudStack deploys to pools in state Up only, so the activation would fail there",
        "end its maintenance or enable it before the apply, or exclude it",
    ),
    Entry(
        "pool-missing",
        "warning",
        "a pool of the plan is not in CloudStack",
        "the key may not see it, it has gone, or the plan does not say its id",
        "run `cloudstack-pins lock` and plan again",
    ),
    Entry(
        "template-not-ready",
        "warning",
        "a template is not ready in the zone",
        "its download has not ended or has failed; pins of it cannot be activated",
        "wait for the download, or repair it, before the apply",
    ),
    Entry(
        "template-missing",
        "warning",
        "a template of the plan is not in CloudStack",
        "it was deleted or registered again under another id",
        "run `cloudstack-pins lock` and plan again",
    ),
    Entry(
        "size-unknown",
        "info",
        "the size of a template is not known",
        "neither the roster output nor a lock says it, so sums leave it out and say so",
        "give --lock FILE, or --live",
    ),
    Entry(
        "limit-unchecked",
        "warning",
        "a limit of the policy could not be checked",
        "what it needs is not known: sizes come from the plan or a lock, capacities from --live",
        "give --lock FILE or --live",
    ),
    Entry(
        "other-resources",
        "warning",
        "the plan changes resources that are not pins",
        "this review does not judge them",
        "look at them in Terraform's own plan",
    ),
    Entry(
        "offering-tags-in-place",
        "warning",
        "a service offering changes its storage tags in place",
        "the provider plans it but never sends it: the server keeps the old tags and the next plan is clean",
        "let the change replace the offering",
    ),
    Entry(
        "pin-lost-outside",
        "warning",
        "a pin was destroyed outside of Terraform",
        "its copy is unprotected since then, and garbage collection may have taken it",
        "apply to pin it again; CloudStack's events say who destroyed the VM",
    ),
    Entry(
        "check-failed",
        "warning",
        "a check of the configuration failed",
        "Terraform says so in the plan",
        "look at the check in Terraform's own plan",
    ),
    Entry(
        "waiver-expired",
        "warning",
        "a waiver of the policy has expired",
        "the finding that it was about counts again",
        "repair the finding, or renew the waiver with a reason",
    ),
    Entry(
        "moved-pin",
        "info",
        "a pin moves to another address and stays as it is",
        "a `moved` block renames it in the state; the VM and its copy stay",
        "nothing to do",
    ),
    Entry(
        "imported-pin",
        "info",
        "an existing VM becomes a pin",
        "Terraform imports it; whether it is active shows only in CloudStack",
        "run `cloudstack-pins status` after the apply",
    ),
    Entry(
        "previous-kept",
        "info",
        "a rotation keeps the previous pin",
        "both stand side by side until a second lock has seen that the new one is active",
        "run `cloudstack-pins lock` again after the activation",
    ),
    Entry(
        "capacity-unchecked",
        "info",
        "the pools' capacity was not checked",
        "a plan does not say how full pools are",
        "give --live with CLOUDSTACK_API_URL, CLOUDSTACK_API_KEY and CLOUDSTACK_SECRET_KEY set",
    ),
    Entry(
        "no-pins",
        "info",
        "the plan holds no pins",
        "no resource bears the five cloudstack-pins tags",
        "nothing to do, if that is what was meant",
    ),
)

CATALOGUE: dict[str, Entry] = {entry.id: entry for entry in _ENTRIES}
"""All findings by id."""
