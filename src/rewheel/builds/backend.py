"""One build backend at work on one source tree: its hooks, its output, its end (PEP 517, PEP 660)."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewheel.builds.errors import BuildFailed
from rewheel.builds.logs import BuildLog
from rewheel.builds.processes import Processes
from rewheel.builds.project import BuildSystem
from rewheel.errors import RewheelError
from rewheel.metadata import Requirement
from rewheel.progress import SILENT, Reporter

__all__ = ["BUILD_TIMEOUT", "Backend"]

BUILD_TIMEOUT = 4 * 3600.0
"""Seconds after which a hook is taken to hang; the largest projects take an hour or two."""


class Backend:
    """Calls the hooks of a backend, each in a process of its own, with the tree as its current folder."""

    def __init__(
        self,
        system: BuildSystem,
        root: Path,
        *,
        what: str,
        python: Path,
        environ: Mapping[str, str],
        log: BuildLog,
        processes: Processes,
        kind: str = "wheel",
        config_settings: Mapping[str, Any] | None = None,
        timeout: float = BUILD_TIMEOUT,
        reporter: Reporter = SILENT,
    ) -> None:
        """Name the project `what` in messages, and show the hooks `environ` and no other variables.

        `kind` is what is built: `"wheel"`, `"editable"` or `"sdist"`.
        """
        from pyproject_hooks import BuildBackendHookCaller

        self._system = system
        self._what = what
        self._environ = environ
        self._log = log
        self._processes = processes
        self._kind = kind
        self._settings = dict(config_settings) if config_settings else None
        self._timeout = timeout
        self._reporter = reporter
        self._caller = BuildBackendHookCaller(
            str(root),
            system.backend,
            list(system.backend_path) or None,
            runner=self._run,
            python_executable=str(python),
        )

    def further_requirements(self) -> tuple[str, ...]:
        """Return what the build needs besides `requires`, as the backend knows it. Raises `BuildFailed`."""
        hook = getattr(self._caller, f"get_requires_for_build_{self._kind}")
        found = self._call(lambda: hook(self._settings))
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise self._failure(
                f"the backend's further requirements are {found!r}, which is no list of texts"
            )
        for text in found:
            try:
                Requirement.parse(text)
            except RewheelError as error:
                raise self._failure(f"the backend's further requirements: {error}") from error
        return tuple(found)

    def prepare_metadata(self, folder: Path) -> Path | None:
        """Let the backend write a dist-info folder; `None` if it has no hook for that."""
        hook = getattr(self._caller, f"prepare_metadata_for_build_{self._kind}")
        folder.mkdir(parents=True, exist_ok=True)
        found = self._call(lambda: hook(str(folder), self._settings, _allow_fallback=False), optional=True)
        if found is None:
            return None
        info = self._inside(folder, found)
        if not (info / "METADATA").is_file():
            raise self._failure(f"the backend gave {found!r} as metadata, which has no METADATA")
        return info

    def build(self, folder: Path, metadata: Path | None) -> Path:
        """Let the backend write a wheel; `metadata` is what it prepared before."""
        hook = getattr(self._caller, f"build_{self._kind}")
        folder.mkdir(parents=True, exist_ok=True)
        found = self._call(lambda: hook(str(folder), self._settings, str(metadata) if metadata else None))
        wheel = self._inside(folder, found)
        if not wheel.is_file() or wheel.suffix != ".whl":
            raise self._failure(f"the backend gave {found!r}, which is no wheel that it made")
        return wheel

    def build_sdist(self, folder: Path) -> Path:
        """Let the backend write a source distribution."""
        folder.mkdir(parents=True, exist_ok=True)
        found = self._call(lambda: self._caller.build_sdist(str(folder), self._settings))
        archive = self._inside(folder, found)
        if not archive.is_file() or not archive.name.endswith(".tar.gz"):
            raise self._failure(f"the backend gave {found!r}, which is no source distribution that it made")
        return archive

    def _call(self, hook: Callable[[], Any], *, optional: bool = False) -> Any:  # noqa: ANN401 - what hooks give
        from pyproject_hooks import BackendUnavailable, HookMissing, UnsupportedOperation

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they are in the log
                return hook()
        except HookMissing as error:
            if optional:
                return None
            if self._kind == "editable":
                reason = f"{self._system.backend} makes no editable installations (PEP 660)"
                raise self._failure(reason, hint="install it without -e, or update its backend") from error
            raise self._failure(f"{self._system.backend} has no hook {error.hook_name}") from error
        except BackendUnavailable as error:
            self._log.write(error.traceback)
            reason = f"its backend {self._system.backend} can't be imported"
            hint = "`requires` in its pyproject.toml must name what provides the backend"
            raise self._failure(reason, hint=hint) from error
        except UnsupportedOperation as error:
            self._log.write(error.traceback)
            raise self._failure(f"{self._system.backend} does not support that") from error
        except (OSError, ValueError, KeyError) as error:
            raise self._failure(f"the backend gave no answer: {error}") from error

    def _run(
        self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
    ) -> None:
        """Run a hook; its output goes into the log. What it started ends with it when it is stopped."""
        self._reporter.detail(f"{self._what}: {cmd[-2]} of {self._system.backend}", 2)
        with self._log.section(cmd[-2]) as output:
            code = self._processes.run(
                cmd,
                cwd=cwd,
                environ={**self._environ, **(extra_environ or {})},
                output=output,
                timeout=self._timeout,
            )
        if code is None:
            raise self._failure(f"{cmd[-2]} took more than {self._timeout:g} seconds")
        if code:
            ended = f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"
            raise self._failure(f"{cmd[-2]} of {self._system.backend} {ended}")

    def _inside(self, folder: Path, name: object) -> Path:
        """Take a backend's word for the name of what it wrote, but for nothing else."""
        if (
            not isinstance(name, str)
            or name in {"", ".", ".."}
            or "/" in name
            or "\\" in name
            or "\0" in name
        ):
            raise self._failure(f"the backend gave {name!r} as the name of what it made")
        return folder / name

    def _failure(self, reason: str, *, hint: str = "") -> BuildFailed:
        return BuildFailed(self._what, reason, tail=self._log.tail(), log=self._log.keep(), hint=hint)
