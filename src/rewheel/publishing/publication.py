"""Publish a release: every file once, the index file last, and after an interruption only what is missing."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.indexes import File, IndexesError
from rewheel.indexes.forms import UploadForm
from rewheel.progress import SILENT, Reporter
from rewheel.publishing.checking import hashed
from rewheel.publishing.destination import Answer, Destination, Reply
from rewheel.publishing.entries import Release, SdistEntry, WheelEntry
from rewheel.publishing.errors import UploadFailed
from rewheel.publishing.index_file import plan_index_file
from rewheel.publishing.upload_fields import index_file_fields, upload_fields

if TYPE_CHECKING:
    from rewheel.publishing.index_file import IndexFile

__all__ = ["Fate", "IndexFileFate", "Publication", "Published", "publish"]


class Fate(StrEnum):
    """What became of one file."""

    UPLOADED = "uploaded"
    THERE = "there already"


class IndexFileFate(StrEnum):
    """What became of the index file of a release."""

    NOT_NEEDED = "not needed"  # the release has no variants
    SERVED = "served"  # the index makes it by itself, or has it already
    UPLOADED = "uploaded"
    NOT_TAKEN = "not taken"  # the index has no place for such files


@dataclass(frozen=True, slots=True)
class Published:
    """One release on the index."""

    release: Release
    files: Mapping[str, Fate]
    index_file: IndexFileFate
    index_file_name: str = ""
    reason: str = ""
    """Why the index did not take the index file, in its own words."""


@dataclass(slots=True)
class Publication:
    """How files are sent: how often something is tried, how long is waited between, who hears of it."""

    destination: Destination
    retries: int = 3
    skip_existing: bool = False
    """Whether a file of the same name is taken for this one where the index does not tell its hash."""
    reporter: Reporter = SILENT
    told: Callable[[str, Fate], None] = field(default=lambda _name, _fate: None)
    """Hears of every file that is where it should be."""
    sleep: Callable[[float], None] = time.sleep

    def release(self, release: Release, directory: Path) -> Published:
        """Upload what the index lacks of a release; raises UploadFailed, and what was sent stays there."""
        there = self.destination.listed(release.project)
        fates: dict[str, Fate] = {}
        entries: list[WheelEntry | SdistEntry] = [*release.sdists, *_plain_first(release.wheels)]
        try:
            for entry in entries:
                fates[entry.path.name] = self._file(entry, there)
                self.told(entry.path.name, fates[entry.path.name])
        except UploadFailed as error:
            error.done, error.total = len(fates), len(entries)
            raise
        fate, name, reason = self._index_file(release, directory)
        return Published(release, fates, fate, name, reason)

    def _file(self, entry: WheelEntry | SdistEntry, there: Mapping[str, File] | None) -> Fate:
        name = entry.path.name
        entry = replace(entry, sha256=entry.sha256 or hashed(entry.path))
        if there is not None and self._is_there(entry, there):
            return Fate.THERE
        form = UploadForm(
            upload_fields(entry),
            name,
            entry.path,
            advanced=lambda count: self.reporter.upload_advanced(name, count),
        )
        self.reporter.upload_started(name, entry.size)
        try:
            return self._send(entry, form)
        finally:
            self.reporter.upload_finished(name)

    def _send(self, entry: WheelEntry | SdistEntry, form: UploadForm) -> Fate:
        """Send until the index has the file, or says that it won't."""
        name = entry.path.name
        wait = 0.5
        for left in range(self.retries, -1, -1):
            try:
                reply = self.destination.upload(form)
            except IndexesError as error:
                # The server may have got all of it before the connection broke.
                if self._arrived(entry):
                    return Fate.UPLOADED
                if not left:
                    raise UploadFailed(name, self.destination.url, str(error), hint=_AGAIN) from error
                self.reporter.detail(f"{name}: {error}; trying again")
            else:
                if reply.answer is Answer.TAKEN:
                    return Fate.UPLOADED
                if reply.answer is Answer.EXISTS:
                    return self._exists(entry, reply)
                if reply.answer is not Answer.LATER or not left:
                    raise _failure(name, self.destination.url, reply)
                self.reporter.detail(f"{name}: the index answered {reply.status}; trying again")
            self.sleep(wait)
            wait *= 2
        raise AssertionError  # the last round returns or raises

    def _exists(self, entry: WheelEntry | SdistEntry, reply: Reply) -> Fate:
        there = self.destination.listed(entry.core.name)
        if there is not None and self._is_there(entry, there):
            return Fate.THERE
        if self.skip_existing and not (there and entry.path.name in there):
            return Fate.THERE
        raise UploadFailed(
            entry.path.name,
            self.destination.url,
            f"the index has a file of this name already{_words(reply)}",
            hint="give the release another version; --skip-existing takes it for the same file where the "
            "index does not tell its hash",
        )

    def _arrived(self, entry: WheelEntry | SdistEntry) -> bool:
        try:
            there = self.destination.listed(entry.core.name)
        except IndexesError:
            return False
        return there is not None and self._is_there(entry, there)

    def _is_there(self, entry: WheelEntry | SdistEntry, there: Mapping[str, File]) -> bool:
        """Tell whether the index has this very file; raises UploadFailed if it has another of that name."""
        name = entry.path.name
        file = there.get(name)
        if file is None:
            return False
        digest = file.hashes.get("sha256", "")
        if digest == entry.sha256 or (not digest and self.skip_existing):
            return True
        if not digest:
            return False
        raise UploadFailed(
            name,
            self.destination.url,
            f"the index has another file of this name, with SHA-256 {digest[:16]}…; this one has "
            f"{entry.sha256[:16]}…",
            hint="files of a release are never replaced: give the release another version",
        )

    def _index_file(self, release: Release, directory: Path) -> tuple[IndexFileFate, str, str]:
        if not release.variant_wheels:
            return IndexFileFate.NOT_NEEDED, "", ""
        plan = plan_index_file(release, directory, replace=True)
        if plan.file is None:
            return IndexFileFate.NOT_NEEDED, "", ""
        name = plan.file.path.name
        there = self.destination.listed(release.project)
        if there is not None and name in there and self._covers(there[name], release):
            return IndexFileFate.SERVED, name, ""
        reply = self._send_index_file(release, plan.file)
        if reply.answer is Answer.TAKEN:
            return IndexFileFate.UPLOADED, name, ""
        return IndexFileFate.NOT_TAKEN, name, reply.reason

    def _covers(self, file: File, release: Release) -> bool:
        """Tell whether the index file on the index lists every label of the release."""
        from rewheel.errors import RewheelError
        from rewheel.variants import read_metadata

        try:
            metadata = read_metadata(self.destination.read(file))
        except RewheelError:
            return False
        return all(metadata.properties_of(label) is not None for label in release.labels)

    def _send_index_file(self, release: Release, file: "IndexFile") -> Reply:
        digest = hashlib.sha256(file.content).hexdigest()
        fields = index_file_fields(release.project, str(release.version), digest)
        try:
            return self.destination.upload(UploadForm(fields, file.path.name, file.content))
        except IndexesError as error:
            return Reply(Answer.REFUSED, 0, str(error))


_AGAIN = "run the same command again: what is there already is not sent again"


def publish(releases: Iterable[Release], directory: Path, publication: Publication) -> list[Published]:
    """Publish every release of a folder, one after the other; raises UploadFailed."""
    return [publication.release(release, directory) for release in releases if release.is_listed]


def _plain_first(wheels: Sequence[WheelEntry]) -> list[WheelEntry]:
    """Put the wheels that everybody can use before those for some, so that a partial release serves most."""
    return sorted(wheels, key=lambda wheel: (bool(wheel.filename.label), wheel.path.name))


def _words(reply: Reply) -> str:
    return f": {reply.reason}" if reply.reason else ""


def _failure(name: str, url: str, reply: Reply) -> UploadFailed:
    if reply.answer is Answer.UNAUTHORIZED:
        return UploadFailed(
            name,
            url,
            f"the index does not let you upload ({reply.status}){_words(reply)}",
            hint="give a token with --token or REWHEEL_TOKEN, or a login in .pypirc, netrc or a keyring",
        )
    if reply.answer is Answer.LATER:
        return UploadFailed(
            name, url, f"the index has a problem of its own ({reply.status}){_words(reply)}", hint=_AGAIN
        )
    hint = (
        "`rewheel release check --limits` compares with what an index accepts" if reply.status == 413 else ""
    )
    return UploadFailed(name, url, f"the index refused it ({reply.status}){_words(reply)}", hint=hint)
