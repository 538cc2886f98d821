"""Settings: which level speaks, what is refused, and how."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rewheel.config import (
    DEFAULT_INDEX_URL,
    ConfigError,
    Folders,
    NamedIndex,
    Settings,
    read_settings,
    redact_url,
)

Read = Callable[..., Settings]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / "sub").mkdir(parents=True)
    return tmp_path / "project"


@pytest.fixture
def read(tmp_path: Path, home: Path, project: Path) -> Read:
    """Read settings in a world of its own: nothing of this computer's configuration is seen."""

    def read(
        flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, **more: object
    ) -> Settings:
        world = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CONFIG_DIRS": str(tmp_path / "etc"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PIP_CONFIG_FILE": "/dev/null",
            **(environ or {}),
        }
        return read_settings(
            flags or {}, environ=world, folders=folders(tmp_path), cwd=more.pop("cwd", project), **more
        )  # type: ignore[arg-type]

    return read


def folders(root: Path) -> Folders:
    return Folders(root / "home/.config/rewheel", root / "home/.cache/rewheel", (root / "etc/rewheel",))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults(read: Read, home: Path) -> None:
    settings = read()
    assert settings.index_url == DEFAULT_INDEX_URL == "https://pypi.org/simple"
    assert settings.cache_dir == home / ".cache/rewheel"
    assert settings.trust_file == home / ".config/rewheel/trusted-providers.toml"
    assert settings.origins == {}


def test_each_level_outranks_the_next(read: Read, tmp_path: Path, home: Path, project: Path) -> None:
    pip = write(tmp_path / "pip.conf", "[global]\nindex-url = https://pip.test/simple\n")
    environ = {"PIP_CONFIG_FILE": str(pip)}
    assert read(environ=environ).index_url == "https://pip.test/simple"
    write(tmp_path / "etc/rewheel/rewheel.toml", 'index-url = "https://system.test"')
    assert read(environ=environ).index_url == "https://system.test"
    write(home / ".config/rewheel/rewheel.toml", 'index-url = "https://user.test"')
    assert read(environ=environ).index_url == "https://user.test"
    write(project / "rewheel.toml", 'index-url = "https://project.test"')
    assert read(environ=environ).index_url == "https://project.test"
    environ["REWHEEL_INDEX_URL"] = "https://environment.test"
    settings = read(environ=environ)
    assert settings.index_url == "https://environment.test"
    assert settings.origins["index_url"] == "REWHEEL_INDEX_URL"
    assert read({"index_url": "https://flag.test"}, environ).index_url == "https://flag.test"


def test_levels_complete_each_other(read: Read, project: Path, home: Path) -> None:
    write(project / "rewheel.toml", "timeout = 7")
    write(home / ".config/rewheel/rewheel.toml", "timeout = 9\nretries = 2")
    settings = read(environ={"REWHEEL_OFFLINE": "1"})
    assert (settings.timeout, settings.retries, settings.offline) == (7, 2, True)


def test_the_nearest_project_counts(read: Read, project: Path) -> None:
    write(project / "rewheel.toml", "retries = 1")
    assert read(cwd=project / "sub").retries == 1
    write(project / "sub/pyproject.toml", "[tool.rewheel]\nretries = 2\n")
    assert read(cwd=project / "sub").retries == 2


def test_a_pyproject_of_somebody_else_is_not_even_parsed(read: Read, project: Path) -> None:
    write(project / "pyproject.toml", "this is [not TOML")
    assert read().index_url == DEFAULT_INDEX_URL


def test_rewheel_toml_stands_before_pyproject(read: Read, project: Path) -> None:
    write(project / "rewheel.toml", "retries = 1")
    write(project / "pyproject.toml", "[tool.rewheel]\nretries = 2\n")
    assert read().retries == 1


def test_a_named_file_replaces_all_others(read: Read, project: Path) -> None:
    write(project / "rewheel.toml", "retries = 1")
    other = write(project / "other.toml", "timeout = 3")
    assert read({"config_file": "other.toml"}).retries == 3
    assert read(environ={"REWHEEL_CONFIG_FILE": str(other)}).timeout == 3
    assert read(environ={"REWHEEL_CONFIG_FILE": "/dev/null"}).retries == 3
    with pytest.raises(ConfigError, match=r"missing\.toml: there is no such configuration file"):
        read({"config_file": "missing.toml"})


def test_everything_a_file_can_say(read: Read, project: Path) -> None:
    write(
        project / "rewheel.toml",
        """
        index-url = "https://a.test/simple"
        extra-index-url = ["https://b.test", "https://c.test"]
        find-links = ["wheels", "https://d.test/links.html"]
        no-index = false
        cache-dir = "cache"
        no-cache = true
        offline = true
        timeout = 2.5
        retries = 0
        cert = "ca.pem"
        client-cert = "/me.pem"
        proxy = "http://proxy.test:3128"
        trusted-host = ["localhost:8000"]
        machine = "gpu.toml"
        no-variants = false
        enable-provider = ["torch:nvidia", "amd"]
        disable-provider = ["tpu"]
        variant = { torch = "cu128", numpy = "" }
        exclude-variant = { torch = ["cu118", "cu126"], jax = "tpu" }
        link-mode = "copy"
        compile = false
        pre = true
        require-hashes = true
        [[index]]
        name = "corp"
        url = "https://corp.test/simple"
        """,
    )
    settings = read()
    assert settings.extra_index_urls == ("https://b.test", "https://c.test")
    assert settings.find_links == (str(project / "wheels"), "https://d.test/links.html")
    assert settings.cache_dir == project / "cache"
    assert settings.cert == project / "ca.pem"
    assert settings.client_cert == Path("/me.pem")
    assert settings.machine == project / "gpu.toml"
    assert settings.variants == {"torch": "cu128", "numpy": ""}
    assert settings.exclude_variants == {"torch": frozenset({"cu118", "cu126"}), "jax": frozenset({"tpu"})}
    assert settings.indexes == (NamedIndex("corp", "https://corp.test/simple"),)
    assert settings.compile is False
    assert (settings.retries, settings.timeout, settings.pre, settings.require_hashes) == (0, 2.5, True, True)


def test_everything_the_environment_can_say(read: Read, project: Path) -> None:
    settings = read(
        environ={
            "REWHEEL_INDEX_URL": "https://a.test",
            "REWHEEL_EXTRA_INDEX_URL": "https://b.test  https://c.test",
            "REWHEEL_INDEX": "corp=https://corp.test?a=b",
            "REWHEEL_FIND_LINKS": "wheels https://d.test",
            "REWHEEL_NO_INDEX": "yes",
            "REWHEEL_CACHE_DIR": "c",
            "REWHEEL_NO_CACHE": "0",
            "REWHEEL_OFFLINE": "TRUE",
            "REWHEEL_MACHINE": "gpu.toml",
            "REWHEEL_NO_VARIANTS": "on",
            "REWHEEL_ENABLE_PROVIDER": "amd torch:nvidia",
            "REWHEEL_VARIANT": "torch=cu128 numpy=",
            "REWHEEL_EXCLUDE_VARIANT": "torch=cu118 torch=cu126",
            "REWHEEL_LINK_MODE": "hardlink",
            "REWHEEL_TIMEOUT": "3",
            "REWHEEL_RETRIES": "1",
            "REWHEEL_CERT": "ca.pem",
            "REWHEEL_TRUST_FILE": "/trust.toml",
            "REWHEEL_PYTHON": "python3.12",
            "REWHEEL_COMPILE": "",
        }
    )
    assert settings.extra_index_urls == ("https://b.test", "https://c.test")
    assert settings.indexes == (NamedIndex("corp", "https://corp.test?a=b"),)
    assert settings.find_links == (str(project / "wheels"), "https://d.test")
    assert settings.no_index and settings.offline and settings.no_variants and not settings.no_cache
    assert settings.enable_providers == ("amd", "torch:nvidia")
    assert settings.variants == {"torch": "cu128", "numpy": ""}
    assert settings.exclude_variants == {"torch": frozenset({"cu118", "cu126"})}
    assert settings.trust_file == Path("/trust.toml")
    assert settings.compile is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index-ulr = 'x'", "index-ulr: there is no such setting here"),
        ("trust-file = 'x'", "trust-file: there is no such setting here"),
        ("offline = 'yes'", "offline: expected true or false, found 'yes'"),
        ("offline = 1", "offline: expected true or false, found 1"),
        ("retries = true", "retries: expected a whole number, found True"),
        ("retries = -1", "retries: expected a whole number, zero or more, found -1"),
        ("timeout = 0", "timeout: expected a number of seconds above zero, found 0"),
        ("timeout = nan", "timeout: expected a number of seconds above zero, found nan"),
        ("timeout = false", "timeout: expected a number, found False"),
        ("find-links = 'x'", "find-links: expected a list, found 'x'"),
        ("find-links = [1]", "find-links: expected text that is not empty, found 1"),
        ("index-url = 'gopher://x'", "index-url: expected a URL of http, https or file, found 'gopher://x'"),
        ("index-url = 'nowhere'", "index-url: expected a URL or a folder, found 'nowhere'"),
        ("link-mode = 'teleport'", "link-mode: expected one of auto, hardlink, reflink, copy, symlink"),
        ("index = [{name = 'a'}]", "index: expected name and url, and if need be group and deny, found name"),
        (
            "index = [{name='a', url='https://a.test', prio=1}]",
            "index: expected name and url, and if need be",
        ),
        ("variant = { torch = 1 }", "variant.torch: expected text that is not empty, found 1"),
        ("exclude-variant = { torch = 1 }", "exclude-variant.torch: expected a list of labels, found 1"),
        ("variant = 'torch=x'", "variant: expected a table, found 'torch=x'"),
        ("cache-dir = 'a\\u0000b'".replace("'", '"'), "cache-dir: expected a path"),
        ("a = [", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_key(read: Read, project: Path, text: str, message: str) -> None:
    write(project / "rewheel.toml", text)
    with pytest.raises(ConfigError) as caught:
        read()
    assert str(caught.value).startswith(str(project / "rewheel.toml"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_pyproject_table_is_named_in_full(read: Read, project: Path) -> None:
    write(project / "pyproject.toml", "[tool.rewheel]\nfoo = 1\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml: tool\.rewheel\.foo: there is no such setting"):
        read()
    write(project / "pyproject.toml", "[tool]\nrewheel = 1\n")
    with pytest.raises(ConfigError, match=r"tool\.rewheel: expected a table"):
        read()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("REWHEEL_OFFLINE", "perhaps"),
        ("REWHEEL_TIMEOUT", "soon"),
        ("REWHEEL_TIMEOUT", "inf"),
        ("REWHEEL_RETRIES", "1.5"),
        ("REWHEEL_RETRIES", "9" * 5000),
        ("REWHEEL_INDEX_URL", "ftp://x"),
        ("REWHEEL_INDEX", "https://unnamed.test/"),
        ("REWHEEL_INDEX", "a=https://a.test a=https://b.test"),
        ("REWHEEL_VARIANT", "torch"),
        ("REWHEEL_VARIANT", "torch=a torch=b"),
        ("REWHEEL_EXCLUDE_VARIANT", "=x"),
        ("REWHEEL_EXCLUDE_VARIANT", "torch="),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(read: Read, variable: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(environ={variable: text})
    assert str(caught.value).startswith(variable)
    assert len(str(caught.value)) < 250


def test_hostile_files(read: Read, project: Path) -> None:
    path = project / "rewheel.toml"
    path.write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read()
    path.write_bytes(b"a = " + b"[" * 100_000)
    with pytest.raises(ConfigError, match="not valid TOML"):
        read()
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match="1 MiB"):
        read()


def test_a_secret_never_shows(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read(environ={"REWHEEL_INDEX_URL": "ssh://me:hunter2@host/x"})
    assert "hunter2" not in str(caught.value)
    settings = read(
        environ={
            "REWHEEL_INDEX_URL": "https://me:hunter2@host/",
            "REWHEEL_EXTRA_INDEX_URL": "https://me:hunter2@host/",
            "REWHEEL_INDEX": "a=https://me:hunter2@host/",
            "REWHEEL_FIND_LINKS": "https://me:hunter2@host/",
            "REWHEEL_PROXY": "http://me:hunter2@host/",
        }
    )
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a?b=c@d", "https://host/a?b=c@d"),
        ("https://me:pw@host/a@b", "https://me:****@host/a@b"),
        ("https://token@host", "https://****@host"),
        ("https://me:p@w:x@host:1/", "https://me:****@host:1/"),
        ("https://:pw@host/", "https://:****@host/"),
        ("/a/path", "/a/path"),
    ],
)
def test_redaction(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@given(
    st.text(alphabet=st.characters(exclude_characters="/?#"), min_size=8).filter(lambda text: "@" not in text)
)
def test_no_password_survives_redaction(password: str) -> None:
    assert redact_url(f"https://me:{password}@host.test/simple") == "https://me:****@host.test/simple"


def test_a_folder_can_be_an_index(read: Read, project: Path) -> None:
    assert read({"index_url": "sub"}).index_url == (project / "sub").as_uri()


def test_folders_follow_the_environment_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    environ = {"HOME": "/home/me", "XDG_CONFIG_HOME": "relative", "XDG_CACHE_HOME": "/c"}
    found = Folders.of(environ)
    assert found.user_config == Path("/home/me/.config/rewheel")  # the XDG rules: a relative path is none
    assert found.user_cache == Path("/c/rewheel")
    assert found.system_config == (Path("/etc/xdg/rewheel"), Path("/etc/rewheel"))
