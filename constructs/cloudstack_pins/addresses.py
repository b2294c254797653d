"""The Terraform addresses of everything in a stack besides the pins, whose address is ``Pin.address``."""

from __future__ import annotations

from cloudstack_pins.pin_key import pin_key, sanitised

INSTANCE_TYPE = "cloudstack_instance"
OFFERING_TYPE = "cloudstack_service_offering_fixed"
DATA_TYPE = "terraform_data"

ACTIVATION = f"{DATA_TYPE}.pin_activation"
CONFIRMATION = f"{DATA_TYPE}.pin_confirmation"


def instance(template_key: str, tag_name: str, pool_key: str | None, side: str = "a") -> str:
    """Return the address of a pin, declared or not: former keys have no Pin."""
    return f"{INSTANCE_TYPE}.{pin_key(template_key, tag_name, pool_key, side)}"


def made_offering(tag_name: str) -> str:
    """Return the address of the service offering that the stack makes for a storage tag."""
    return f"{OFFERING_TYPE}.{sanitised(tag_name)}"


def offering_data(tag_name: str) -> str:
    """Return the address of what holds the id of a storage tag's offering; a new id replaces its pins."""
    return f"{DATA_TYPE}.{sanitised(f'offering_{tag_name}')}"


def pool_data(tag_name: str, pool_key: str) -> str:
    """Return the address of what holds the id of one pool of a storage tag; a new id replaces the pins on it."""
    return f"{DATA_TYPE}.{sanitised(f'pool_{tag_name}_{pool_key}')}"


def tag_data(tag_name: str) -> str:
    """Return the address of what holds the name of a storage tag; a new name replaces the stack-made offering."""
    return f"{DATA_TYPE}.{sanitised(f'storage_tag_{tag_name}')}"
