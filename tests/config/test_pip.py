"""What is taken from pip's configuration, and when it is left alone."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rewheel.config import ConfigError, Folders, Settings, read_settings
from rewheel.config.pip import PipConfigError, read_pip_options
from rewheel.errors import RewheelError


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr("rewheel.config.pip._SYSTEM_FILE", tmp_path / "etc/pip.conf")
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}


def read(environ: Mapping[str, str], root: Path, **flags: object) -> Settings:
    nowhere = Folders(root / "no", root / "no", ())
    return read_settings(flags, environ=environ, cwd=root, folders=nowhere, prefix=root / "venv")


def test_every_level_of_pip(world: dict[str, str], tmp_path: Path) -> None:
    def url() -> str:
        return read(world, tmp_path).index_url

    write(tmp_path / "xdg/pip/pip.conf", "[global]\nindex-url = https://global.test\n")
    assert url() == "https://global.test"
    write(tmp_path / "home/.pip/pip.conf", "[global]\nindex_url = https://legacy.test\n")
    assert url() == "https://legacy.test"
    write(tmp_path / "home/.config/pip/pip.conf", "[global]\nindex-url = https://user.test\n")
    assert url() == "https://user.test"
    write(tmp_path / "venv/pip.conf", "[global]\nindex-url = https://site.test\n")
    assert url() == "https://site.test"
    world["PIP_CONFIG_FILE"] = str(write(tmp_path / "named.conf", "[global]\nindex-url=https://named.test\n"))
    assert url() == "https://named.test"
    write(tmp_path / "xdg/pip/pip.conf", "[install]\nindex-url = https://install.test\n")
    assert url() == "https://install.test"  # the section of the command outranks every [global]
    world["PIP_INDEX_URL"] = "https://variable.test"
    assert url() == "https://variable.test"
    world["PIP_INDEX_URL"] = ""
    assert url() == "https://install.test"


def test_a_named_file_hides_the_users(world: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "home/.config/pip/pip.conf", "[global]\nretries = 1\n")
    world["PIP_CONFIG_FILE"] = str(tmp_path / "missing.conf")
    assert read(world, tmp_path).retries == 1
    world["PIP_CONFIG_FILE"] = str(write(tmp_path / "there.conf", ""))
    assert read(world, tmp_path).retries == 3


def test_the_null_device_hides_every_file(world: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "xdg/pip/pip.conf", "[global]\nindex-url = https://global.test\n")
    world |= {"PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "2"}
    settings = read(world, tmp_path)
    assert (settings.index_url, settings.retries) == ("https://pypi.org/simple", 2)


def test_all_that_is_taken(world: dict[str, str], tmp_path: Path) -> None:
    write(
        tmp_path / "xdg/pip/pip.conf",
        """
[global]
extra-index-url =
    https://a.test/simple
    https://b.test/simple
find-links = wheels /opt/wheels
no-index = false
trusted-host = a.test b.test:8000
constraint = never.txt
format = json
[install]
cert = /ca.pem
client-cert = /me.pem
proxy = http://proxy.test:3128
[download]
timeout = 1
""",
    )
    world |= {"PIP_DEFAULT_TIMEOUT": "180", "PIP_NO_CACHE_DIR": "1"}
    settings = read(world, tmp_path)
    assert settings.extra_index_urls == ("https://a.test/simple", "https://b.test/simple")
    assert settings.find_links == (str(tmp_path / "wheels"), "/opt/wheels")
    assert settings.trusted_hosts == ("a.test", "b.test:8000")
    assert settings.cert == Path("/ca.pem")
    assert settings.client_cert == Path("/me.pem")
    assert settings.proxy == "http://proxy.test:3128"
    assert settings.timeout == 180
    assert not settings.no_cache
    assert settings.origins["cert"] == f"{tmp_path}/xdg/pip/pip.conf: [install] cert"


@pytest.mark.parametrize(
    "ours",
    [
        {"index_url": "https://ours.test"},
        {"extra_index_urls": ("https://ours.test",)},
        {"indexes": ("ours=https://ours.test",)},
        {"find_links": ("wheels",)},
        {"no_index": True},
    ],
)
def test_where_ours_names_an_index_pips_are_out_of_the_question(
    world: dict[str, str], tmp_path: Path, ours: dict[str, object]
) -> None:
    world |= {
        "PIP_INDEX_URL": "https://pip.test",
        "PIP_EXTRA_INDEX_URL": "https://pip.test/more",
        "PIP_FIND_LINKS": "/opt/wheels",
        "PIP_CERT": "/ca.pem",
        "PIP_TRUSTED_HOST": "pip.test",
    }
    settings = read(world, tmp_path, **ours)
    shown = (settings.index_url, settings.extra_index_urls, settings.find_links)
    assert "pip.test" not in str(shown)
    assert "/opt/wheels" not in str(shown)
    assert settings.cert == Path("/ca.pem")
    assert settings.trusted_hosts == ("pip.test",)


def test_bundles_of_other_tools_stand_in_for_cert(world: dict[str, str], tmp_path: Path) -> None:
    world["CURL_CA_BUNDLE"] = "/curl.pem"
    assert read(world, tmp_path).cert == Path("/curl.pem")
    world["REQUESTS_CA_BUNDLE"] = "/requests.pem"
    assert read(world, tmp_path).cert == Path("/requests.pem")
    world["PIP_CERT"] = "/pip.pem"
    assert read(world, tmp_path).cert == Path("/pip.pem")


def test_a_value_that_pip_would_refuse_is_refused(world: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PIP_TIMEOUT: expected a number of seconds"):
        read(world | {"PIP_TIMEOUT": "soon"}, tmp_path)


@pytest.mark.parametrize("data", [b"no section", b"[global]\na=1\na=2\n", b"\xff\xfe\x00", b"[global"])
def test_a_broken_file_stops_instead_of_meaning_another_index(
    world: dict[str, str], tmp_path: Path, data: bytes
) -> None:
    path = write(tmp_path / "venv/pip.conf", "")
    path.write_bytes(data)
    with pytest.raises(PipConfigError) as caught:
        read(world, tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_refused(world: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "venv/pip.conf", "#" * (2 << 20))
    with pytest.raises(RewheelError, match="1 MiB"):
        read_pip_options(world, prefix=tmp_path / "venv")
