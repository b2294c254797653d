"""Pinned Apache CloudStack templates as code: what the author of a stack imports.

Importing the package costs nothing: cdktf or cdktn, whichever the application uses, is loaded with the first name that
needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudstack_pins.cdk.activation import PinActivation
    from cloudstack_pins.cdk.pin_set_stack import PinSetStack
    from cloudstack_pins.cdk.pins import PinHandle, PinnedTemplate
    from cloudstack_pins.cdk.provider import CloudStackProvider
    from cloudstack_pins.cdk.values import PinOwner, StorageTag
    from cloudstack_pins.errors import PinsError
    from cloudstack_pins.model import Pool

__all__ = [
    "CloudStackProvider",
    "PinActivation",
    "PinHandle",
    "PinOwner",
    "PinSetStack",
    "PinnedTemplate",
    "PinsError",
    "Pool",
    "StorageTag",
]

_MODULES = {
    "CloudStackProvider": "cdk.provider",
    "PinActivation": "cdk.activation",
    "PinHandle": "cdk.pins",
    "PinOwner": "cdk.values",
    "PinSetStack": "cdk.pin_set_stack",
    "PinnedTemplate": "cdk.pins",
    "PinsError": "errors",
    "Pool": "model",
    "StorageTag": "cdk.values",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
