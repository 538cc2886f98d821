"""The settings themselves, and the table of how each is named and written at every level."""

from collections.abc import Mapping
from pathlib import Path

from rewheel.config import indexes, values
from rewheel.config.indexes import IndexGroup, NamedIndex
from rewheel.rows import NamedTuple
from rewheel.values import field, field_names, frozen

__all__ = [
    "BY_FIELD",
    "BY_KEY",
    "DEFAULT_INDEX_URL",
    "SETTINGS",
    "TOML_NAMES",
    "Level",
    "Setting",
    "Settings",
]

DEFAULT_INDEX_URL = "https://pypi.org/simple"


@frozen(kw_only=True)
class Settings:
    """What a run goes by. URLs may hold credentials: print them through `redact_url` only."""

    index_url: str = field(default=DEFAULT_INDEX_URL, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    indexes: tuple[NamedIndex, ...] = ()
    find_links: tuple[str, ...] = field(default=(), repr=False)
    """URLs, or absolute paths of directories and files."""
    no_index: bool = False
    index_strategy: str = "index-priority"
    index_groups: tuple[IndexGroup, ...] = ()
    """What holds inside of groups; a group that is not among them has version priority."""
    index_pins: Mapping[str, str] = field(default_factory=dict)
    """The index or group that a project comes from, by the project's name or a pattern of names."""
    ignore_index_errors: bool = False
    index_guard: str = "off"

    cache_dir: Path
    no_cache: bool = False
    offline: bool = False
    timeout: float = 30.0
    """Seconds without an answer after which a request has failed."""
    retries: int = 3
    cert: Path | None = None
    """A bundle of certificates, or a folder of them, that replaces the system's."""
    client_cert: Path | None = None
    proxy: str = field(default="", repr=False)
    trusted_hosts: tuple[str, ...] = ()
    """Hosts, as `name` or `name:port`, that need not prove who they are."""

    keyring_provider: str = "auto"
    """How the keyring is asked for logins; the words are pip's."""

    machine: Path | None = None
    no_default_extras: bool = False
    no_variants: bool = False
    enable_providers: tuple[str, ...] = ()
    """Namespaces, as `namespace` or `package:namespace`, whose optional providers are switched on."""
    disable_providers: tuple[str, ...] = ()
    """Namespaces, written alike, whose providers are not asked."""
    trust_providers: tuple[str, ...] = ()
    """Distributions whose provider plugins the user lets run."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """The label to take, by package as the user wrote it."""
    exclude_variants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    trust_file: Path

    python: str = ""
    link_mode: str = "auto"
    compile: bool | None = None
    """Whether installed modules get bytecode; `None` leaves it to the installer."""
    pre: bool = False
    require_hashes: bool = False

    no_binary: tuple[str, ...] = ()
    """Projects that are built even if there is a wheel; `:all:` for every one, `:none:` takes back."""
    only_binary: tuple[str, ...] = ()
    """Projects that are never built, written alike."""
    prefer_binary: bool = False
    no_build_isolation: bool = False
    passthrough: tuple[str, ...] = ()
    """Projects that builds are to see as they are installed."""

    server: Mapping[str, object] = field(default_factory=dict, repr=False)
    """What is said of a server, which reads it by itself; it may hold passwords."""

    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By field, where its value is from; a field that nobody set is missing."""


class Setting(NamedTuple):
    """How one field of `Settings` is named and read outside."""

    key: str  # as TOML and, in capitals and with underscores, the environment name it
    field: str
    read: values.Reader
    toml: type | tuple[type, ...] = str  # what it is written as in a file
    in_files: bool = True
    in_environment: bool = True


SETTINGS = (
    Setting("index-url", "index_url", values.read_url),
    Setting("extra-index-url", "extra_index_urls", values.many(values.read_url), list),
    Setting("index", "indexes", indexes.read_indexes, list),
    Setting("find-links", "find_links", values.many(values.read_location), list),
    Setting("no-index", "no_index", values.read_bool, bool),
    Setting("index-strategy", "index_strategy", indexes.read_strategy),
    Setting("group", "index_groups", indexes.read_groups, list, in_environment=False),
    Setting("index-pin", "index_pins", indexes.read_pins, dict),
    Setting("ignore-index-errors", "ignore_index_errors", values.read_bool, bool),
    Setting("index-guard", "index_guard", indexes.read_guard),
    Setting("cache-dir", "cache_dir", values.read_path),
    Setting("no-cache", "no_cache", values.read_bool, bool),
    Setting("offline", "offline", values.read_bool, bool),
    Setting("timeout", "timeout", values.read_seconds, (int, float)),
    Setting("retries", "retries", values.read_count, int),
    Setting("cert", "cert", values.read_path),
    Setting("client-cert", "client_cert", values.read_path),
    Setting("proxy", "proxy", values.read_text),
    Setting("trusted-host", "trusted_hosts", values.many(values.read_text), list),
    # Which program may run is the user's own word as well.
    Setting("keyring-provider", "keyring_provider", values.read_keyring_provider, in_files=False),
    Setting("machine", "machine", values.read_path),
    Setting("no-default-extras", "no_default_extras", values.read_bool, bool),
    Setting("no-variants", "no_variants", values.read_bool, bool),
    Setting("enable-provider", "enable_providers", values.many(values.read_text), list),
    Setting("disable-provider", "disable_providers", values.many(values.read_text), list),
    Setting("variant", "variants", values.read_labels, dict),
    Setting("exclude-variant", "exclude_variants", values.read_label_sets, dict),
    # Which code may run is the user's own word, which a file that comes with a project must not speak.
    Setting("trust-provider", "trust_providers", values.many(values.read_text), list, in_files=False),
    Setting("trust-file", "trust_file", values.read_path, in_files=False),
    Setting("python", "python", values.read_text, in_files=False),
    Setting("link-mode", "link_mode", values.read_link_mode),
    Setting("compile", "compile", values.read_bool, bool),
    Setting("pre", "pre", values.read_bool, bool),
    Setting("require-hashes", "require_hashes", values.read_bool, bool),
    Setting("no-binary", "no_binary", values.many(values.read_text), list),
    Setting("only-binary", "only_binary", values.many(values.read_text), list),
    Setting("prefer-binary", "prefer_binary", values.read_bool, bool),
    Setting("no-build-isolation", "no_build_isolation", values.read_bool, bool),
    Setting("build-isolation-passthrough", "passthrough", values.many(values.read_text), list),
    Setting("server", "server", values.read_table, dict, in_environment=False),
)
Level = dict[str, tuple[object, str]]
"""What one level gives: by field the value, and the place that it is given at."""

TOML_NAMES: dict[object, str] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    (int, float): "a number",
    list: "a list",
    dict: "a table",
}
BY_KEY = {setting.key: setting for setting in SETTINGS}
BY_FIELD = {setting.field: setting for setting in SETTINGS}
assert set(BY_FIELD) == {*field_names(Settings)} - {"origins"}
