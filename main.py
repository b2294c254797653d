"""The CDK application: one stack for each stacks/*/pins.toml.

Run by `cdktf synth`, `cdktf diff` and `cdktf deploy` (cdktf.json), or by hand: `python main.py`. Reads files only; no
network, no credentials.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> int:
    """Synthesise every set; errors go to stderr in words, exit status 1."""
    if (ROOT / "constructs" / "__init__.py").exists():
        return _failed(
            f"{ROOT / 'constructs' / '__init__.py'} hides the package 'constructs' that cdktf is made of; delete it"
        )
    # Node 20 works; jsii fills stderr with its end of life.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    source = str(ROOT / "constructs")
    if source not in sys.path:
        sys.path.insert(0, source)
    from cloudstack_pins import PinsError

    try:
        return synthesise(sorted(path.parent for path in ROOT.glob("stacks/*/pins.toml")))
    except PinsError as error:
        return _failed(str(error))


def synthesise(folders: list[Path]) -> int:
    """Write cdktf.out/stacks/<set>/cdk.tf.json for each folder of a set."""
    if not folders:
        return _failed(f"{ROOT / 'stacks'}: there is no set; make a folder with a pins.toml, as stacks/sandbox")
    from cloudstack_pins import PinSetStack
    from cloudstack_pins.cdk.engine import engine

    app = engine.App()
    for folder in folders:
        PinSetStack(app, folder.name, folder=folder)
    app.synth()
    return 0


def _failed(text: str) -> int:
    sys.stderr.write(f"main.py: {text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
