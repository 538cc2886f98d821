"""What the commands work with, built from the settings when it is first needed and not before."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from rewheel.cli.output import Output
from rewheel.errors import RewheelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rewheel.config import Settings
    from rewheel.environments import Target
    from rewheel.indexes import Client, HttpSettings, Sources
    from rewheel.installing import Store
    from rewheel.installing.crew import Crew
    from rewheel.machines import Machine, PreparedEnvironment, Providers
    from rewheel.progress import Reporter

__all__ = ["CACHE_PARTS", "Session"]

_Resource = TypeVar("_Resource")

CACHE_PARTS: Mapping[str, str] = {
    "indexes": "pages and files of indexes",
    "wheels": "unpacked wheels",
    "downloads": "wheels on their way into the store",
    "interpreters": "facts about interpreters",
    "answers": "what was found to be installed",
    "providers": "environments of provider plugins",
    "built": "wheels that were built from source",
    "build-logs": "what builds printed",
    "finished": "which wheels of a project are finished",
    "demo": "the wheels of the demo",
}
"""The folders in the cache, without the version of their form that may follow, and what is in them."""


class _PluginEnvironments:
    """Loads what installs plugins only when one that the user trusts is really asked for."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def prepare(self, requirements: Sequence[str], source: str) -> "PreparedEnvironment":
        """Install the requirements from the source, or find an environment that has them."""
        from rewheel.installing.plugin_environments import CachedPluginEnvironments

        session = self._session
        environments = CachedPluginEnvironments(
            session.cache_dir / "providers-1",
            sources=session.sources,
            client=session.client,
            store=session.store,
            reporter=session.reporter,
        )
        return environments.prepare(requirements, source)


class Session:
    """One run of one command. What it opens is closed when it ends, as a context manager."""

    def __init__(self, output: Output, *, environ: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self.output = output
        self.environ = environ
        self.arguments = arguments
        """The words of the command line, the command first."""
        self.flags: dict[str, object] = {}
        """What the command line says, by field of the settings."""
        self.while_asking: Callable[[], None] | None = None
        """What to do while an interpreter is asked about itself, which takes a moment."""
        self.crew: Crew | None = None
        """Who unpacks wheels, if they have been called for already."""
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    @cached_property
    def cwd(self) -> Path:
        """The current folder; raises RewheelError when somebody removed it."""
        try:
            return Path.cwd()
        except OSError as error:
            raise RewheelError(
                f"the current folder cannot be used: {error.strerror}", hint="change into another folder"
            ) from error

    @cached_property
    def settings(self) -> "Settings":
        """The settings of this run."""
        settings = self._read_settings()
        for field, origin in settings.origins.items():
            self.output.detail(f"setting {field.replace('_', '-')} is from {origin}", 2)
        return settings

    def _read_settings(self) -> "Settings":
        from rewheel.config import read_settings

        active = self.environ.get("VIRTUAL_ENV")
        return read_settings(
            self.flags,
            environ=self.environ,
            cwd=self.cwd,
            prefix=self.cwd / active if active else None,
        )

    @property
    def source_date_epoch(self) -> int | None:
        """The time to write into archives, in seconds since 1970, if the environment asks for one."""
        text = self.environ.get("SOURCE_DATE_EPOCH", "").strip()
        if not text:
            return None
        if not text.isdecimal() or len(text) > 11:
            raise UsageError(f"SOURCE_DATE_EPOCH: expected seconds since 1970, found {text!r}")
        return int(text)

    @cached_property
    def reporter(self) -> "Reporter":
        """Hears the floors below and prints what they say."""
        from rewheel.cli.reporter import TerminalReporter

        return TerminalReporter(self.output)

    @cached_property
    def cache_dir(self) -> Path:
        """The cache of this run: the configured folder, or one that vanishes with the run."""
        settings = self.settings
        if settings.no_cache:
            return self.temporary_folder()
        if not _may_write_below(settings.cache_dir):
            self.output.warning(
                f"the cache {settings.cache_dir} cannot be written to, so this run does without one"
            )
            return self.temporary_folder()
        return settings.cache_dir

    def keep_open(self, resource: "AbstractContextManager[_Resource]") -> _Resource:
        """Enter a context that is left when the run ends, before whatever was opened earlier."""
        return self._open.enter_context(resource)

    def temporary_folder(self) -> Path:
        """Make a folder that vanishes with the run."""
        import tempfile

        folder = tempfile.TemporaryDirectory(prefix="rewheel-", ignore_cleanup_errors=True)
        return Path(self._open.enter_context(folder))

    @cached_property
    def client(self) -> "Client":
        """Gets files from wherever they are; opens nothing before it has to."""
        return self._open.enter_context(self._client(self.settings, self.cache_dir))

    def fetch_early(self, url: str, limit: int) -> bytes:
        """Fetch a file that may itself change the settings, by the settings as they are known so far.

        Raises RewheelError, also for more than `limit` bytes.
        """
        settings = self._read_settings()
        cache_dir = self.temporary_folder() if settings.no_cache else settings.cache_dir
        with self._client(settings, cache_dir) as client:
            try:
                document = client.document(client.learn(url), limit=limit)
            except ValueError as error:
                raise UsageError(f"cannot be fetched: {error}") from error
        if not document.exists:
            raise UsageError("there is no such file on the server")
        return document.body

    @property
    def http_settings(self) -> "HttpSettings":
        """How the network is to be used."""
        return self._http_settings(self.settings)

    def _client(self, settings: "Settings", cache_dir: Path) -> "Client":
        from rewheel.indexes import Cache, Client

        return Client(
            self._http_settings(settings),
            cache=Cache(cache_dir),
            offline=settings.offline,
            reporter=self.reporter,
        )

    def _http_settings(self, settings: "Settings") -> "HttpSettings":
        from rewheel.indexes import HttpSettings, KeyringProvider

        return HttpSettings(
            timeout=settings.timeout,
            retries=settings.retries,
            certificates=settings.cert,
            client_certificate=settings.client_cert,
            trusted_hosts=frozenset(settings.trusted_hosts),
            proxies=self._proxies(settings.proxy),
            netrc=self._netrc(),
            keyring=KeyringProvider(settings.keyring_provider),
            environ=self.environ,
        )

    @cached_property
    def sources(self) -> "Sources":
        """The indexes, folders and pages that are asked, in their order."""
        from rewheel.indexes import Guard, IndexPolicy, Sources, Strategy

        settings = self.settings
        return Sources.build(
            self.client,
            index_url=settings.index_url,
            extra_index_urls=settings.extra_index_urls,
            indexes=settings.indexes,
            find_links=settings.find_links,
            no_index=settings.no_index,
            base=self.cwd,
            policy=IndexPolicy(
                strategy=Strategy(settings.index_strategy),
                ignore_errors=settings.ignore_index_errors,
                guard=Guard(settings.index_guard),
            ),
            groups=[(group.name, Strategy(group.strategy)) for group in settings.index_groups],
            pins=settings.index_pins,
        )

    @cached_property
    def target(self) -> "Target":
        """The environment, or the folder, that the command is for."""
        return self._find_target(self.settings.python or None)

    @cached_property
    def reference_target(self) -> "Target":
        """The environment that a question is about: the command's, or else that of our own interpreter."""
        import sys

        from rewheel.environments import NoEnvironment

        try:
            return self.target
        except NoEnvironment as error:
            self.output.detail(f"{error}; answering for {sys.executable}")
            return self._find_target(sys.executable)

    def target_of(self, python: str) -> "Target":
        """Return the environment, or the bare interpreter, that is called so."""
        return self._find_target(python)

    @cached_property
    def store(self) -> "Store":
        """The unpacked wheels that environments are filled from."""
        from rewheel.installing import Store

        return Store(self.cache_dir)

    def call_for_unpackers(self) -> None:
        """Split off, while there is one thread, who will unpack wheels; they sleep until there are some."""
        from rewheel.installing.crew import Crew

        self.crew = self._open.enter_context(Crew(self.store, split=True))

    @cached_property
    def machine(self) -> "Machine":
        """The machine that the settings name, or this one."""
        return self.machine_at(self.settings.machine)

    def machine_at(self, path: Path | None, *, interpreter_arch: str = "") -> "Machine":
        """Return the machine of a machine file, or this one; raises MachineFileError."""
        from rewheel.machines import Machine, read_machine_file

        if path is None:
            return Machine.here(self.environ, interpreter_arch=interpreter_arch)
        return read_machine_file(path, self.environ, interpreter_arch=interpreter_arch)

    def providers(self, machine: "Machine", markers: Mapping[str, str]) -> "Providers":
        """Return who says what a machine supports, by the user's decisions about providers."""
        from rewheel.machines import PluginRunner, ProviderPolicy, Providers, TrustStore

        settings = self.settings
        runner = None
        if machine.is_here:  # a plugin can look only at the machine that it runs on
            runner = PluginRunner(_PluginEnvironments(self), environ=self.environ)
        return Providers(
            machine,
            policy=ProviderPolicy.parse(
                enable=settings.enable_providers,
                disable=settings.disable_providers,
                trust=settings.trust_providers,
            ),
            plugins=runner,
            trust=TrustStore(settings.trust_file),
            reporter=self.reporter,
            marker_environment=markers,
        )

    def _find_target(self, python: str | None) -> "Target":
        from rewheel.environments import find_target

        return find_target(
            python,
            self._folder("target"),
            self.environ,
            self.cwd,
            prefix=self._folder("prefix"),
            cache_dir=self.cache_dir,
            meanwhile=self.while_asking,
        )

    def _folder(self, flag: str) -> Path | None:
        from rewheel.config.values import read_path

        value = self.flags.get(flag)
        return read_path(value, f"--{flag}", self.cwd) if value is not None else None

    def proxies(self) -> Mapping[str, str]:
        """Return the web proxies to use, by the variables that name them."""
        return self._proxies(self.settings.proxy)

    def _proxies(self, proxy: str) -> Mapping[str, str]:
        known = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"}
        proxies = {name: value for name, value in self.environ.items() if name.lower() in known}
        if proxy:
            kept = {name: value for name, value in proxies.items() if name.lower() == "no_proxy"}
            return kept | {"http_proxy": proxy, "https_proxy": proxy}
        return proxies

    def _netrc(self) -> Path | None:
        named = self.environ.get("NETRC")
        if named:
            return self.cwd / named
        home = self.environ.get("HOME") or self.environ.get("USERPROFILE")
        return Path(home) / ".netrc" if home else None


def _may_write_below(folder: Path) -> bool:
    """Make the folder, if need be, and tell whether it can be filled."""
    import os

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
