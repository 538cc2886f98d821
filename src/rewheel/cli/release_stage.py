"""The story of a staged publication (PEP 694): all into one session, then public at once, or later."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewheel.cli.session import Session as Run
    from rewheel.publishing import Release
    from rewheel.publishing.destination import Destination
    from rewheel.publishing.sessions import Session, Sessions, StagedUpload

__all__ = ["StageEnd", "stage_all", "upload_root"]

StageEnd = str
"""What is done with a session in the end: `publish`, `hold` or `discard`."""


def upload_root(url: str) -> str:
    """Return where an index takes sessions, given where it takes uploads: `/upload/` beside `/legacy/`."""
    base = url.rstrip("/")
    return f"{base.removesuffix('/legacy')}/upload/" if base.endswith("/legacy") else f"{base}/"


def stage_all(
    session: "Run",
    releases: "Iterable[Release]",
    directory: Path,
    destination: "Destination",
    *,
    end: StageEnd,
) -> None:
    """Put each release into a session of its own, and tell of it; raises RewheelError."""
    from rewheel.publishing.sessions import Sessions

    sessions = Sessions(session.client, upload_root(destination.url), login=destination.login_header)
    for (project, version), uploads in _gathered(session, releases, directory).items():
        opened, is_new = sessions.open(project, version)
        kind = "new" if is_new else "known"
        session.output.say(f"{project} {version}: {kind} session at {destination.url}")
        if end == "discard":
            sessions.cancel(opened)
            session.output.say("  canceled; nothing of it was published")
            continue
        _fill(session, sessions, opened, uploads)
        if end == "hold":
            _tell_of_stage(session, opened)
            continue
        sessions.publish(opened)
        session.output.say(f"Published {project} {version}: {len(uploads)} files, all at once")


def _fill(session: "Run", sessions: "Sessions", opened: "Session", uploads: "list[StagedUpload]") -> None:
    """Upload what the session does not have yet."""
    there = _staged_hashes(session, opened)
    for upload in uploads:
        name = upload.path.name
        if there.get(name) == upload.sha256:
            is_staged = opened.files.get(name, {}).get("status") == "completed"
            if is_staged or name not in opened.files:
                session.output.say(f"  {name}: {'staged' if is_staged else 'published'} already")
                continue
        session.reporter.upload_started(name, upload.size)
        try:
            sessions.add(opened, upload, advanced=partial(session.reporter.upload_advanced, name))
        finally:
            session.reporter.upload_finished(name)
        session.output.say(f"  {name}: staged")


def _staged_hashes(session: "Run", opened: "Session") -> dict[str, str]:
    """Read from the stage which bytes are there, staged or published; nothing if it shows none."""
    from rewheel.indexes import Client, IndexesError, IndexSource

    if not opened.stage:
        return {}
    project = opened.subject.partition(" ")[0]
    try:
        with Client(session.http_settings) as client:
            page = IndexSource(opened.stage, client).page(project)
    except IndexesError:
        return {}
    return {file.filename: file.hashes.get("sha256", "") for file in page.files} if page is not None else {}


def _tell_of_stage(session: "Run", opened: "Session") -> None:
    say = session.output.say
    if not opened.stage:
        say("  staged; this index shows nobody what is staged")
    else:
        say("  staged; try it with")
        say(f"    rewheel install --extra-index-url {opened.stage} {opened.subject.replace(' ', '==')}")
        session.output.result(opened.stage)
    say("  the same command without --hold publishes it, with --discard it is given up")


def _gathered(
    session: "Run", releases: "Iterable[Release]", directory: Path
) -> "dict[tuple[str, str], list[StagedUpload]]":
    """Return the files of each release, rims included; raises RewheelError."""
    from rewheel.publishing.checking import hashed
    from rewheel.publishing.sessions import StagedUpload

    found: dict[tuple[str, str], list[StagedUpload]] = {}
    for release in releases:
        paths = [*(sdist.path for sdist in release.sdists), *(wheel.path for wheel in release.wheels)]
        found[release.project, str(release.version)] = [
            StagedUpload(path, path.stat().st_size, hashed(path)) for path in paths
        ]
    for path in _rims(session.cwd / directory):
        found.setdefault(_release_of(path), []).append(StagedUpload(path, path.stat().st_size, hashed(path)))
    if not found:
        raise UsageError(f"{directory}: holds nothing that can be published")
    return found


def _rims(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.rim") if path.is_file())


def _release_of(path: Path) -> tuple[str, str]:
    """Return project and version of a rim, which is checked; raises RewheelError."""
    from packaging.version import Version

    from rewheel.wheels import Rim

    with Rim.open(path, allow_http=True) as rim:  # what the index allows is for the index to say
        return rim.filename.project, str(Version(rim.filename.version))
