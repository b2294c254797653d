"""Keys and signatures are found in every disguise, and nothing that only looks alike."""

from __future__ import annotations

import html
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import quote

import pytest
from rich.console import Console
from rich.panel import Panel

from cloudstack_pins.review.escaping import code, shortened
from tests.secret_search import forget, know_for_now, known_for_now, secrets_below, secrets_in

KEY = "".join(("kV0_3xZpQ7rT-bW9nJ2mLs", "8dYfGhC4uEoA6iXqRvB1tPwK", "5zMySgN_aHjD7eUcOl0FxI3", "rZkT9bVq2WnJp-8mL"))
"""In pieces, so that this file may be shown."""
ADDRESS = "http://127.0.0.1:1/client/api?apiKey=x&signature=abc%3D"


@pytest.fixture
def _known() -> Iterator[None]:
    mark = known_for_now()
    know_for_now(KEY)
    yield
    forget(mark)


def folded(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=80).print(text)
    return file.getvalue()


def framed(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=60, force_terminal=True).print(Panel(f"[bold]{text}[/]"))
    return file.getvalue()


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize(
    "disguise",
    [
        pytest.param(str, id="as it is"),
        pytest.param(folded, id="folded at 80 columns"),
        pytest.param(framed, id="coloured, in a frame"),
        pytest.param(lambda key: shortened(f"{'name ' * 30}{key}{' name' * 30}{key[:40]}"), id="cut in the middle"),
        pytest.param(lambda key: code(f"|{key}"), id="as HTML's entities"),
        pytest.param(lambda key: key[30:54], id="24 characters of it"),
        pytest.param(lambda key: f"prefix_{key}", id="after an underscore"),
        pytest.param(lambda key: "".join(f"%{ord(each):02x}" for each in key), id="percent-encoded"),
        pytest.param(lambda key: json.dumps({"a": key}).replace("-", "\\u002d"), id="escaped in JSON"),
        pytest.param(lambda key: "".join(f"\x1b[1m{each}\x1b[0m" for each in key), id="coloured within"),
        pytest.param(lambda key: f"terraform_data.pin_activation (local-exec): {key}", id="by an activation"),
    ],
)
def test_a_known_key_is_seen_in_every_disguise(disguise: Callable[[str], str]) -> None:
    assert secrets_in(disguise(KEY)) != []
    assert secrets_in(disguise(KEY), by_terraform=True) != []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ADDRESS, id="address"),
        pytest.param("?apikey=abc", id="apikey"),
        pytest.param(quote(quote("&apiKey=abc", safe=""), safe=""), id="percent-encoded twice"),
        pytest.param("SIGNATURE%3Dabc", id="percent-encoded"),
        pytest.param('{"signature": "c2ln"}', id="JSON"),
        pytest.param('"{\\"apikey\\":\\"c2ln\\"}"', id="JSON in JSON"),
        pytest.param(html.escape("?x=1&signature=abc"), id="HTML"),
        pytest.param("?x=1&signa\n    ture=abc", id="folded"),
        pytest.param(f"x {(digits + ascii_letters)[::-1]}{digits * 2}abcd.", id="unknown key"),
    ],
)
def test_a_signature_and_an_unknown_key_are_seen(text: str) -> None:
    assert secrets_in(text) != []


@pytest.mark.usefixtures("_known")
def test_what_only_looks_alike_is_none() -> None:
    alike = (
        "-" * 86 + " " + "a" * 86 + " signature=REDACTED apiKey%3DREDACTED h1:" + "Ab3" * 20,
        '{"signature": "REDACTED", "apikey": null}',
        "the signature: wrong; signatureversion=3; set CLOUDSTACK_API_KEY=...",
        "one_0_0_2J_2J_of_a_name_that_is_as_long_as_a_key_is_and_has_letters_of_all_kinds_in_it",
        KEY[30:41],
    )

    assert [secrets_in(text) for text in alike] == [[]] * len(alike)


@pytest.mark.usefixtures("_known")
def test_only_terraforms_provider_may_print_its_signed_address() -> None:
    address = ADDRESS.replace("=x", f"={KEY}")
    text = f'│ Error: Get "{address}": read tcp: connection reset by peer'

    assert secrets_in(text, by_terraform=True) == []
    assert secrets_in(text) != []
    assert secrets_in(f"terraform_data.pin_activation (local-exec): {text}", by_terraform=True) != []
    assert secrets_in(f"Output: cloudstack-pins: {address} cannot be reached", by_terraform=True) != []


@pytest.mark.usefixtures("_known")
def test_files_and_members_of_plans_are_searched_once_changed(tmp_path: Path) -> None:
    (tmp_path / ".terraform" / "providers").mkdir(parents=True)
    (tmp_path / ".terraform" / "providers" / "its-own").write_text(KEY, encoding="utf-8")
    plan = tmp_path / "plan.bin"
    with zipfile.ZipFile(plan, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", b"\x08\x03\xda\x56" + KEY.encode() + b"\xff\x00")
        archive.writestr("tfstate", json.dumps({"outputs": {"x": KEY}}))
        archive.writestr("tfconfig/modules.json", "[]")
    backend = tmp_path / ".terraform" / "terraform.tfstate"
    backend.write_text(f"x {KEY}.", encoding="utf-8")
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"PK\x03\x04" + KEY.encode())
    seen: dict[Path, tuple[int, int]] = {}

    found = names(secrets_below(tmp_path, seen))
    again = names(secrets_below(tmp_path, seen))
    backend.write_text(f"x {KEY}..", encoding="utf-8")
    changed = names(secrets_below(tmp_path, seen))
    for path in (plan, backend, broken):
        path.unlink()
    (tmp_path / ".terraform" / "providers" / "its-own").unlink()

    assert found == {str(backend), str(broken), f"{plan}:tfplan", f"{plan}:tfstate"}
    assert (again, changed) == (set(), {str(backend)})


def names(found: list[str]) -> set[str]:
    return {where.partition(": ")[0] for where in found}
