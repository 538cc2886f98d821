"""The options that commands share, in groups; each becomes a setting of the session."""

from collections.abc import Callable
from typing import TypeVar

import click

from rewheel.cli.session import Session

__all__ = [
    "asking_options",
    "build_options",
    "cache_options",
    "config_settings_option",
    "index_options",
    "json_option",
    "machine_option",
    "network_options",
    "output_options",
    "pass_session",
    "place_options",
    "provider_options",
    "require_hashes_option",
    "selection_options",
    "store_options",
    "target_options",
]

pass_session = click.make_pass_decorator(Session)

_F = TypeVar("_F", bound=Callable[..., object])


def _session(context: click.Context) -> Session:
    session = context.find_object(Session)
    assert session is not None
    return session


def _setting(
    *names: str,
    field: str,
    help: str,  # noqa: A002 - click's own word
    metavar: str | None = None,
    multiple: bool = False,
    is_flag: bool = False,
) -> Callable[[_F], _F]:
    """Declare an option whose value, when given, is the setting `field`."""

    def remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
        del parameter
        if value is not None and value != ():
            _session(context).flags[field] = value

    return click.option(
        *names,
        field,
        expose_value=False,
        callback=remember,
        help=help,
        metavar=metavar,
        multiple=multiple,
        is_flag=is_flag,
        default=None,
    )


def _flag(*names: str, field: str, help: str) -> Callable[[_F], _F]:  # noqa: A002 - click's own word
    return _setting(*names, field=field, is_flag=True, help=help)


def _louder(context: click.Context, parameter: click.Parameter, value: int) -> None:
    _session(context).output.verbosity += value if parameter.name == "verbose" else -value


def _group(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def decorate(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


config_settings_option = click.option(
    "-C", "--config-settings", "--config-setting", "config_settings", metavar="KEY=VALUE", multiple=True,
    help="Tell the build backends of what is named. Repeatable.",
)  # fmt: skip

asking_options = _group(
    click.option(
        "-r", "--requirement", "files", metavar="FILE", multiple=True,
        help="Take what this requirements file asks for. Repeatable.",
    ),
    click.option(
        "-c", "--constraint", "constraints", metavar="FILE", multiple=True,
        help="Allow only the versions that this file allows. Repeatable.",
    ),
    click.option(
        "--group", "groups", metavar="[PATH:]NAME", multiple=True,
        help="Take a dependency group of a pyproject.toml. Repeatable.",
    ),
    click.option(
        "-s", "--script", "--requirements-from-script", "scripts", metavar="FILE", multiple=True,
        help="Take what this script says that it needs. Repeatable.",
    ),
    click.option("--no-deps", is_flag=True, help="Take what is named and nothing that it needs."),
    config_settings_option,
)  # fmt: skip
"""What may be asked for besides the requirements themselves; the values go to the command."""


output_options = _group(
    click.option(
        "-v", "--verbose", count=True, expose_value=False, callback=_louder, help="Tell more; -vv tells all."
    ),
    click.option(
        "-q", "--quiet", count=True, expose_value=False, callback=_louder, help="Only results and warnings."
    ),
    _setting(
        "--config-file",
        field="config_file",
        metavar="FILE",
        help="Read this configuration file of rewheel and no other.",
    ),
)

index_options = _group(
    _setting(
        "-i", "--index-url", field="index_url", metavar="URL", help="The index. [default: pip's, else PyPI]"
    ),
    _setting(
        "--extra-index-url",
        field="extra_index_urls",
        metavar="URL",
        multiple=True,
        help="A further index, asked after the others. Repeatable.",
    ),
    _setting(
        "--index",
        field="indexes",
        metavar="NAME=URL",
        multiple=True,
        help="An index with a name, asked before --index-url. Repeatable.",
    ),
    _setting(
        "-f",
        "--find-links",
        field="find_links",
        metavar="PLACE",
        multiple=True,
        help="A folder, a wheel, or a page with links to wheels. Repeatable.",
    ),
    _flag("--no-index", field="no_index", help="Ask no index, only --find-links."),
    _setting(
        "--index-strategy",
        field="index_strategy",
        metavar="STRATEGY",
        help="How indexes count: index-priority, first-index or version-priority. [default: index-priority]",
    ),
    _setting(
        "--index-pin",
        field="index_pins",
        metavar="PKG=NAME",
        multiple=True,
        help="Take a package, or packages such as acme-*, from this index or group only. Repeatable.",
    ),
    _flag("--ignore-index-errors", field="ignore_index_errors", help="Go on without an index that fails."),
    _setting(
        "--index-guard",
        field="index_guard",
        metavar="MODE",
        help="If indexes of one name do not vouch for each other: off, warn or refuse. [default: off]",
    ),
)

network_options = _group(
    _flag("--offline", field="offline", help="Use nothing but the cache and local files."),
    _setting("--timeout", field="timeout", metavar="SECONDS", help="Give up after so long a silence."),
    _setting("--retries", field="retries", metavar="N", help="Try a failed request so many times again."),
    _setting("--cert", field="cert", metavar="FILE", help="Trust these certificates only (PEM)."),
    _setting(
        "--client-cert", field="client_cert", metavar="FILE", help="Show this certificate (PEM, with key)."
    ),
    _setting("--proxy", field="proxy", metavar="URL", help="Reach everything through this proxy."),
    _setting(
        "--trusted-host",
        field="trusted_hosts",
        metavar="HOST",
        multiple=True,
        help="Do not check this host's certificate. Repeatable.",
    ),
    _setting(
        "--keyring-provider",
        field="keyring_provider",
        metavar="PROVIDER",
        help="Where a keyring is asked for logins: auto, subprocess, import or disabled. [default: auto]",
    ),
)

cache_options = _group(
    _setting("--cache-dir", field="cache_dir", metavar="DIR", help="Keep downloads and wheels here."),
    _flag("--no-cache", field="no_cache", help="Start with an empty cache and leave none behind."),
)

target_options = _group(
    _setting(
        "--python",
        field="python",
        metavar="EXE",
        help="The interpreter, or the folder of the environment. [default: $VIRTUAL_ENV, else .venv]",
    ),
)

place_options = _group(
    _setting("-t", "--target", field="target", metavar="DIR", help="A plain folder of packages."),
    _setting("--prefix", field="prefix", metavar="DIR", help="A folder with the layout of an environment."),
)

provider_options = _group(
    _setting(
        "--enable-provider",
        field="enable_providers",
        metavar="[PKG:]NS",
        multiple=True,
        help="Use an optional provider, for one package or for all. Repeatable.",
    ),
    _setting(
        "--disable-provider",
        field="disable_providers",
        metavar="[PKG:]NS",
        multiple=True,
        help="Do not use the provider of a namespace. Repeatable.",
    ),
    _setting(
        "--trust-provider",
        field="trust_providers",
        metavar="PKG",
        multiple=True,
        help="Let this provider package run, now and, at the versions found, later. Repeatable.",
    ),
)

selection_options = _group(
    _flag("--no-variants", field="no_variants", help="Take plain wheels only."),
    _setting(
        "--variant",
        field="variants",
        metavar="PKG=LABEL",
        multiple=True,
        help="Take this variant or none; an empty LABEL is the plain wheel. Repeatable.",
    ),
    _setting(
        "--exclude-variant",
        field="exclude_variants",
        metavar="PKG=LABEL",
        multiple=True,
        help="Do not take this variant. Repeatable.",
    ),
    provider_options,
    _flag("--no-default-extras", field="no_default_extras", help="Leave out what packages add by default."),
    _flag("--pre", field="pre", help="Take pre-releases, too."),
)

store_options = _group(
    _setting(
        "--compile/--no-compile",
        field="compile",
        is_flag=True,
        help="Wait for bytecode, or do without. [default: link what is there, make the rest later]",
    ),
    _setting(
        "--link-mode",
        field="link_mode",
        metavar="MODE",
        help="Fill the environment by auto, hardlink, reflink, copy or symlink.",
    ),
)

build_options = _group(
    _setting(
        "--no-binary",
        field="no_binary",
        metavar="PKG",
        multiple=True,
        help="Build this package even if it has a wheel; :all: for every one. Repeatable.",
    ),
    _setting(
        "--only-binary",
        field="only_binary",
        metavar="PKG",
        multiple=True,
        help="Never build this package; :all: for every one. Repeatable.",
    ),
    _flag(
        "--prefer-binary",
        field="prefer_binary",
        help="Rather take an older version with a wheel than build a newer one.",
    ),
    _flag(
        "--no-build-isolation",
        field="no_build_isolation",
        help="Build with what is installed, not in an environment of its own.",
    ),
    _setting(
        "--passthrough",
        "--build-isolation-passthrough",
        field="passthrough",
        metavar="PKG",
        multiple=True,
        help="Let isolated builds see this package as it is installed; force even against what they"
        " require. Repeatable.",
    ),
)

machine_option = _setting(
    "--machine", field="machine", metavar="FILE", help="Choose variants for the machine of this file."
)
require_hashes_option = _flag(
    "--require-hashes", field="require_hashes", help="Install nothing without a hash."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
