"""The story of a publication: the check before it, every file, and what is left to do."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import RewheelError

if TYPE_CHECKING:
    from rewheel.cli.session import Session
    from rewheel.publishing import Release
    from rewheel.publishing.destination import Destination
    from rewheel.publishing.publication import Fate, Published

__all__ = ["prepared", "publish_all"]


def prepared(
    session: "Session",
    directory: Path,
    *,
    checking: bool,
    limits: str,
    ignored: Sequence[str],
    rims_too: bool = False,
) -> "list[Release]":
    """Check a folder and return its releases; raises RewheelError when they must not be published.

    There have to be some, unless `.rim` files count, which are looked at later.
    """
    from rewheel.cli.release_check import questions
    from rewheel.cli.release_view import finding_lines, summary_line
    from rewheel.publishing.checkup import check_directory

    asked = questions(session, limits=limits, ignored=ignored, content=checking)
    checkup = check_directory(session.cwd / directory, asked, with_audience=False)
    findings = [finding for finding in checkup.findings if checking and finding.severity != "note"]
    for line in finding_lines([finding for finding in findings if finding.code != "RW221"]):
        session.output.say(line)
    if checking and checkup.has_errors:
        raise RewheelError(
            f"{summary_line(checkup)}; nothing was uploaded",
            hint="mend what is wrong, or say nothing of a code with --ignore CODE",
        )
    if checkup.unread:
        for line in finding_lines(checkup.unread):
            session.output.say(line)
        raise RewheelError(f"{checkup.unread[0].file} cannot be published; nothing was uploaded")
    releases = [release for release in checkup.contents if release.is_listed]
    if not releases and not rims_too:
        raise RewheelError(f"{directory}: holds nothing that can be published")
    return releases


def publish_all(
    session: "Session",
    releases: "Sequence[Release]",
    directory: Path,
    destination: "Destination",
    *,
    skip_existing: bool,
    dry_run: bool,
) -> None:
    """Upload releases and tell what became of each file; raises RewheelError where that ends early."""
    from rewheel.publishing.errors import UploadFailed
    from rewheel.publishing.publication import Publication, publish

    output = session.output

    def tell(name: str, fate: "Fate") -> None:
        output.say(f"  {name}: {fate}")

    for release in releases:
        count = len(release.wheels) + len(release.sdists)
        output.say(f"{release.project} {release.version}: {count} files to {destination.url}")
        if dry_run:
            for path in (*(sdist.path for sdist in release.sdists), *(each.path for each in release.wheels)):
                output.say(f"  {path.name}")
    if dry_run:
        output.say("Nothing was uploaded")
        return
    publication = Publication(
        destination,
        retries=session.settings.retries,
        skip_existing=skip_existing,
        reporter=session.reporter,
        told=tell,
    )
    try:
        done = publish(releases, session.cwd / directory, publication)
    except UploadFailed as error:
        if error.done:
            output.say(f"{error.done} of {error.total} files of this release are on the index")
        raise
    for published in done:
        for line in _index_file_lines(published):
            output.say(line)
        output.say(_summary(published))


def _summary(published: "Published") -> str:
    from rewheel.publishing.publication import Fate

    sent = sum(fate is Fate.UPLOADED for fate in published.files.values())
    kept = len(published.files) - sent
    more = f", {kept} there already" if kept else ""
    release = published.release
    return f"Published {release.project} {release.version}: {sent} file{'s' * (sent != 1)} uploaded{more}"


def _index_file_lines(published: "Published") -> Iterator[str]:
    """Say what became of the index file, and what to do where the index has no place for it."""
    from rewheel.publishing.publication import IndexFileFate

    name = published.index_file_name
    if published.index_file is IndexFileFate.UPLOADED:
        yield f"  {name}: uploaded"
    elif published.index_file is IndexFileFate.SERVED:
        yield f"  {name}: the index lists it"
    elif published.index_file is IndexFileFate.NOT_TAKEN:
        why = f" ({published.reason})" if published.reason else ""
        yield f"  {name}: the index takes no index files{why}"
        yield "    installers will read the metadata from the wheels, as long as the index lists them;"
        yield f"    whoever can put files beside the pages should put {name} there and list it (PEP 825),"
        yield "    or serve the folder itself: `rewheel release index DIR` makes it an index"
