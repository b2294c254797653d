"""The one place that imports cdktf or cdktn: whichever the host application uses, never both.

Mixing the two in one process fails at synthesis, so the choice is made once: the module that is imported already
(cdktn before cdktf), then the environment's CLOUDSTACK_PINS_ENGINE, then the one that is installed, cdktf first.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from cloudstack_pins.errors import SettingsError

if TYPE_CHECKING:
    import cdktf as _cdktf
    import jsii as jsii

    from constructs import Construct as Construct
    from constructs import IValidation as IValidation

ENGINES = ("cdktf", "cdktn")
VARIABLE = "CLOUDSTACK_PINS_ENGINE"


def chosen(imported: Collection[str], environ: Mapping[str, str], installed: Collection[str]) -> str:
    """Return the name of the engine to use.

    Raises SettingsError where the environment names another engine, and where none is installed.
    """
    for name in ("cdktn", "cdktf"):
        if name in imported:
            return name
    wanted = environ.get(VARIABLE)
    if wanted is not None and wanted not in ENGINES:
        raise SettingsError(f"{VARIABLE} is {wanted!r}; allowed are cdktf and cdktn; set one of them or unset it")
    if wanted is not None and wanted not in installed:
        raise SettingsError(f"{VARIABLE} is {wanted!r}, which is not installed; run `pip install {wanted}`")
    for name in (wanted,) if wanted else ENGINES:
        if name in installed:
            return name
    raise SettingsError("neither cdktf nor cdktn is installed; run `pip install 'cloudstack-pins[cdktf]'`")


def _loaded() -> object:
    # jsii runs the constructs in Node; without it the import ends in an AttributeError that names no Node.
    if "jsii" not in sys.modules and shutil.which(os.environ.get("JSII_NODE", "node")) is None:
        raise SettingsError("node is not on PATH, and cdktf and cdktn run in it; install Node 20 or 22")
    installed = [name for name in ENGINES if importlib.util.find_spec(name) is not None]
    return importlib.import_module(chosen(sys.modules, os.environ, installed))


if TYPE_CHECKING:
    engine = _cdktf
else:
    # jsii and constructs start Node when they are imported, so they come from here too, after the check.
    engine = _loaded()
    jsii = importlib.import_module("jsii")
    Construct = importlib.import_module("constructs").Construct
    IValidation = importlib.import_module("constructs").IValidation
