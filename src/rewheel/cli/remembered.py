"""Whether, and as what question, the answer of an installation's resolution is remembered."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rewheel import __version__
from rewheel.cli.session import Session
from rewheel.values import field_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewheel.cli.requirements_file import Asked
    from rewheel.environments import Target
    from rewheel.resolution import RememberingResolver, Resolver

__all__ = ["remembering"]

_NEUTRAL_OPTIONS = frozenset({
    "--cache-dir", "--link-mode", "--prefix", "--python", "--retries", "--target", "--timeout", "-t",
})  # fmt: skip
_NEUTRAL_FLAGS = frozenset({"-q", "--quiet", "--compile", "--no-compile", "--dry-run", "--offline"})
"""Words of the command line that change nothing about the answer; all others are part of the question."""
_NEUTRAL_SETTINGS = frozenset({
    "cache_dir", "compile", "link_mode", "no_cache", "offline", "origins", "python", "retries", "timeout",
})  # fmt: skip


def remembering(
    session: Session,
    asked: "Asked",
    target: "Target",
    make: "Callable[[], Resolver]",
    *,
    keep_installed: bool,
    report: bool,
) -> "RememberingResolver | Resolver":
    """Return a resolver that remembers, or the usual one where everything is to be told or nothing kept."""
    from rewheel.resolution import RememberingResolver, question_of

    settings = session.settings
    if report or session.output.verbosity > 0 or settings.no_cache or settings.machine is not None:
        return make()
    said = [
        __version__,
        list(_telling(session.arguments)),
        [(name, getattr(settings, name)) for name in field_names(settings) if name not in _NEUTRAL_SETTINGS],
        sorted((project, sorted(digests)) for project, digests in asked.hashes.items()),
        sorted((name, text) for name, text in session.environ.items() if "VARIANT" in name),
        keep_installed,
    ]
    return RememberingResolver(
        make,
        question=question_of(target, target.installed() if keep_installed else (), said),
        sources=session.sources,
        client=session.client,
        target=target,
        warnings=lambda: session.output.warnings,
    )


def _telling(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the words of the command line that may have a say about the answer."""
    words = iter(arguments)
    for word in words:
        if word in _NEUTRAL_FLAGS or word.partition("=")[0] in _NEUTRAL_OPTIONS:
            if word in _NEUTRAL_OPTIONS:
                next(words, None)
            continue
        yield word
