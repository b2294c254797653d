from __future__ import annotations

from pathlib import Path

import pytest

from cloudstack_pins.errors import SettingsError
from cloudstack_pins.run_task.settings import load

ENVIRON = {"CLOUDSTACK_PINS_HMAC_KEY": "key"}


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "run-task.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shortest_settings_serve_the_named_workspaces(tmp_path: Path) -> None:
    settings = load(settings_file(tmp_path, '[organizations]\nacme = ["pins"]\nother = ["*"]\n'), ENVIRON)

    assert settings.serves("acme", "pins")
    assert not settings.serves("acme", "web")
    assert settings.serves("other", "anything")
    assert not settings.serves("nobody", "pins")
    assert settings.origins.api == {"https://app.terraform.io:443"}
    assert "key" not in repr(settings).replace("hmac_key", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "organizations is empty", id="nobody is served"),
        pytest.param("[organizations]\nacme = []", "acme: \\[\\] is not a list of names", id="no workspaces"),
        pytest.param("hosts = 1", "'hosts' is not known", id="an unknown key"),
        pytest.param("[organizations", "not TOML", id="no TOML"),
        pytest.param('live = "yes"\n[organizations]\na = ["*"]', "live: 'yes' is not a bool", id="a wrong type"),
        pytest.param('deadline_seconds = 0\n[organizations]\na = ["*"]', "deadline_seconds: 0", id="no time"),
        pytest.param('update_seconds = 90\n[organizations]\na = ["*"]', "up to 60", id="silent for too long"),
        pytest.param('deadline_seconds = 3500\n[organizations]\na = ["*"]', "up to 3300", id="too late"),
        pytest.param('max_parallel = 0\n[organizations]\na = ["*"]', "max_parallel: 0", id="no starts"),
        pytest.param('hcp_hosts = ["ftp://x"]\n[organizations]\na = ["*"]', "write a host name", id="a bad host"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(settings_file(tmp_path, text), ENVIRON)


def test_without_a_key_nothing_starts(tmp_path: Path) -> None:
    path = settings_file(tmp_path, '[organizations]\nacme = ["*"]\n')
    with pytest.raises(SettingsError, match="CLOUDSTACK_PINS_HMAC_KEY is not set"):
        load(path, {})
    assert load(path, {}, without_key=True).hmac_key is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name the settings file with --settings"):
        load(tmp_path / "none.toml", ENVIRON)
