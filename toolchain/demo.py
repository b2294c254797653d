"""`make demo`: the whole job on an emulated CloudStack, with the real cdktf, Terraform and provider.

Nothing outside a temporary folder is touched, and what was started is stopped at the end, also on Ctrl-C.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudstack_emulator import Emulator
from toolchain.caches import cache_folder
from toolchain.go_build import ToolchainError
from toolchain.stage import Stage, StageError, set_up
from toolchain.terraform_provider import provide

SET = "stacks/sandbox"
DEBIAN = "Debian 12 (x86_64)"
UNPINNED = "Rocky 9 (x86_64)"
COPY_SECONDS = 1.0
TWO_PASSES = 100.0
"""Seconds that hold at least two passes of the emulator's garbage collection, one each 40 s."""

_INTERESTING = re.compile(
    r"^(Plan:|No changes|Error|Apply complete)"
    r"|^(cloudstack_\S+|terraform_data\.pin_\w+): (Creation|Destruction) complete"
    r"|^terraform_data\.pin_activation \(local-exec\): "
)


def main() -> int:
    """Play the demo; exit status 0 only if everything turned out as promised."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        configuration = provide(cache_folder())
        with Emulator(copy_seconds=COPY_SECONDS) as emulator:
            settings = {"TF_CLI_CONFIG_FILE": str(configuration), **emulator.environment()}
            with set_up(console, settings) as stage:
                _play(stage, emulator)
    except KeyboardInterrupt:
        console.print(Text("\ninterrupted; everything that the demo started is stopped", style="yellow"))
        return 130
    except (StageError, ToolchainError) as error:
        Console(stderr=True, highlight=False).print(Text(f"demo: {error}", style="red"))
        return 1
    return 0


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _play(stage: Stage, emulator: Emulator) -> None:
    stage.chapter(1, "A CloudStack to try things on")
    stage.say(f"  an emulator listens on {emulator.endpoint}; two clusters, five storage pools")
    _declare(stage)
    _apply(stage)
    _collect_garbage(stage, emulator)
    _rotate(stage, emulator)
    _say_goodbye(stage)


def _declare(stage: Stage) -> None:
    stage.chapter(2, "Declare the templates by name, lock them to ids")
    stage.say((stage.folder / SET / "pins.toml").read_text(encoding="utf-8").rstrip(), "green")
    stage.run("cloudstack-pins", "bootstrap", SET, "--yes")
    stage.run("cloudstack-pins", "lock", SET)
    _synthesise(stage)


def _apply(stage: Stage) -> None:
    stage.chapter(3, "Plan, apply, activate: Terraform makes the VMs, cloudstack-pins starts and stops each once")
    stage.run("terraform", "init", "-no-color", "-input=false", cwd=stage.stack, shown=lambda line: False)
    _terraform(stage, "apply", "-auto-approve")
    stage.run("cloudstack-pins", "status", SET)
    stage.say("  and Terraform has nothing left to do:")
    _plan_is_clean(stage)


def _collect_garbage(stage: Stage, emulator: Emulator) -> None:
    stage.chapter(4, "CloudStack collects garbage: unpinned copies go, pinned ones stay")
    stage.say(f"  somebody deploys {UNPINNED}, which is not pinned, and soon expunges the VM")
    _deploy_and_expunge(emulator, UNPINNED)
    before = _held(emulator)
    emulator.advance(TWO_PASSES)
    after = _held(emulator)
    _show_copies(stage, before, after)
    unpinned = {where for where in before if where[0] == UNPINNED}
    if not unpinned or unpinned & after or not before - unpinned <= after:
        raise StageError("garbage collection should have taken the unpinned copies and no other")


def _rotate(stage: Stage, emulator: Emulator) -> None:
    stage.chapter(5, f"{DEBIAN} is registered anew: a rotation, new pins before old ones go")
    new = emulator.register_template(DEBIAN)
    stage.run("cloudstack-pins", "lock", SET)
    _synthesise(stage)
    begin = len(emulator.trace)
    _terraform(stage, "apply", "-auto-approve")
    _show_rotation(stage, emulator, begin, new)
    _plan_is_clean(stage)


def _say_goodbye(stage: Stage) -> None:
    stage.chapter(6, "The same on your CloudStack")
    stage.say(
        "  export CLOUDSTACK_API_URL=https://cloud.example.org/client/api CLOUDSTACK_API_KEY=... "
        "CLOUDSTACK_SECRET_KEY=...\n"
        "  edit stacks/<set>/pins.toml: your zone, an L2 network, templates and storage tags\n"
        "  . .venv/bin/activate\n"
        '  cloudstack-pins bootstrap stacks/<set>    # once, for owner = "system"\n'
        "  cloudstack-pins lock stacks/<set>\n"
        "  npx cdktf diff <set>\n"
        "  npx cdktf deploy <set>\n"
        "  cloudstack-pins status stacks/<set>"
    )


def _synthesise(stage: Stage) -> None:
    stage.run("cdktf", "synth", shown=lambda line: "Generated Terraform code" in line)


def _terraform(stage: Stage, *arguments: str) -> str:
    return stage.run(
        "terraform",
        *arguments,
        "-no-color",
        "-input=false",
        cwd=stage.stack,
        shown=lambda line: bool(_INTERESTING.search(line)),
    )


def _plan_is_clean(stage: Stage) -> None:
    _terraform(stage, "plan", "-detailed-exitcode")


def _deploy_and_expunge(emulator: Emulator, name: str) -> None:
    """Leave a copy of a template behind, as any VM does."""
    templates = emulator.call("listTemplates", templatefilter="all", name=name)["template"]
    networks = emulator.call("listNetworks", keys=emulator.pins)["network"]
    offerings = emulator.call("listServiceOfferings", name="Small Instance")["serviceoffering"]
    made = emulator.call(
        "deployVirtualMachine",
        keys=emulator.pins,
        templateid=templates[0]["id"],
        serviceofferingid=offerings[0]["id"],
        zoneid=emulator.call("listZones")["zone"][0]["id"],
        networkids=next(network["id"] for network in networks if network["name"] == "caller-l2"),
    )
    emulator.call("destroyVirtualMachine", id=made["virtualmachine"]["id"], expunge=True)


def _held(emulator: Emulator) -> set[tuple[str, str, str]]:
    """Return what lies on the pools: template's name, pool's name, template's id."""
    return {(copy.template_name, copy.pool_name, copy.template_id) for copy in emulator.copies()}


def _show_copies(stage: Stage, before: set[tuple[str, str, str]], after: set[tuple[str, str, str]]) -> None:
    pools = sorted({pool for _, pool, _ in before})
    table = Table("template", *pools, title="copies on primary storage after two passes", title_justify="left")
    for name, template in sorted({(name, template) for name, _, template in before}):
        cells = ((name, pool, template) for pool in pools)
        table.add_row(
            Text(name), *("" if one not in before else "there" if one in after else "collected" for one in cells)
        )
    stage.console.print(table)


def _show_rotation(stage: Stage, emulator: Emulator, begin: int, new: str) -> None:
    """Show the order of events, and hold it to the promise: no old pin goes before its successor is active."""
    events = [event for event in emulator.trace[begin:] if event.template_name == DEBIAN and event.vm_id]
    told = {
        "vm-created": "new VM made",
        "volume-ready": "copied",
        "vm-stopped": "new pin stopped",
        "vm-assigned": "handed over",
        "vm-expunged": "old pin expunged",
    }
    table = Table("", "pool", "what happened", "to the registration", title="the order of events", title_justify="left")
    kept = [event for event in events if event.kind in told]
    for number, event in enumerate(kept, 1):
        which = "new" if event.template_id == new else "old"
        table.add_row(str(number), Text(event.pool_name or ""), told[event.kind], which)
    stage.console.print(table)
    ready = _last(number for number, event in enumerate(kept) if event.template_id == new)
    gone = [number for number, event in enumerate(kept) if event.template_id != new and event.kind == "vm-expunged"]
    if not gone or min(gone) < ready:
        raise StageError("an old pin went before the new ones were active")
    stage.say("  every new pin was active before the first old one went", "green")


def _last(numbers: Iterable[int]) -> int:
    return max(numbers, default=-1)


if __name__ == "__main__":
    sys.exit(main())
