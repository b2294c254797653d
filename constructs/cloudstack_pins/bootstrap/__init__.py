"""What a pin set needs before its first lock and Terraform's provider cannot make: its network, and who may use it.

gather (``observe``) -> judge (``steps_for``, pure) -> act (``execute``).
"""

from __future__ import annotations

from cloudstack_pins.bootstrap.execution import execute
from cloudstack_pins.bootstrap.observation import Observation, observe
from cloudstack_pins.bootstrap.steps import CreateNetwork, PermitNetwork, Preparation, Step, steps_for

__all__ = [
    "CreateNetwork",
    "Observation",
    "PermitNetwork",
    "Preparation",
    "Step",
    "execute",
    "observe",
    "steps_for",
]
