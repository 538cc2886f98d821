"""Does a wheel hold what it promises? RECORD against files, dist-info and label against the file name."""

from collections.abc import Iterator

from rewheel.variants import DocumentKind, Finding, check_metadata
from rewheel.wheels.errors import InvalidRecord, WheelsError
from rewheel.wheels.names import unsafe_reason
from rewheel.wheels.record import SIGNATURES, RecordEntry
from rewheel.wheels.wheel import VARIANT_FILE, Wheel

__all__ = ["checked_record", "verify"]


def checked_record(wheel: Wheel) -> dict[str, RecordEntry]:
    """Return RECORD by path, having made sure that it vouches for every file (binary distribution format).

    RECORD itself and its signatures are left out, as are rows without a file. Raises `InvalidRecord` for a
    file without a row or without a strong hash, for rows that contradict each other, and for unsafe paths.
    """
    entries = wheel.record()
    for finding in _record_findings(wheel, entries):
        if finding.fatal:
            raise InvalidRecord(str(wheel.filename), f"{finding.path} {finding.message}")
    exempt = _exempt(wheel)
    members = wheel.archive.members
    return {entry.path: entry for entry in entries if entry.path in members and entry.path not in exempt}


def verify(wheel: Wheel, *, content: bool = True) -> Iterator[Finding]:
    """Read the whole wheel and yield everything that is wrong with it; nothing wrong, nothing yielded.

    `path` of a finding is a member's name. Installers must refuse a wheel with a fatal finding. Without
    `content` the files are not compared with their hashes, and little of the wheel is read.
    """
    yield from _dist_info_findings(wheel)
    yield from _variant_findings(wheel)
    try:
        entries = wheel.record()
    except WheelsError as error:
        yield _fatal("record", wheel.info_path("RECORD"), _reason(error))
        entries = None
    if entries is not None:
        yield from _record_findings(wheel, entries)
    if content:
        yield from _content_findings(wheel, entries or [])


def _record_findings(wheel: Wheel, entries: list[RecordEntry]) -> Iterator[Finding]:
    """Compare the rows of RECORD with the names of the members."""
    members = wheel.archive.members
    exempt = _exempt(wheel)
    rows: dict[str, RecordEntry] = {}
    for entry in entries:
        path = entry.path
        if path not in members and (reason := unsafe_reason(path)):  # those of members are safe
            yield _fatal("record-unsafe", ascii(path[:200]), f"is listed in RECORD and {reason}")
            continue
        if path in rows:
            code, same = "record-twice", rows[path] == entry
            yield Finding(code, path, "is listed twice in RECORD", fatal=not same)
        rows[path] = entry
        if path in exempt:
            continue
        if path not in members:
            yield Finding("record-absent", path, "is listed in RECORD, but not there", fatal=False)
        elif not entry.digest:
            yield _fatal("record-hash", path, "has no hash in RECORD")
        elif not entry.is_strong:
            yield _fatal("record-hash", path, f"has only a hash by {entry.hash_algorithm[:40]!r} in RECORD")
    for name, member in members.items():
        if name not in rows and name not in exempt and not member.is_dir:
            yield _fatal("record-unlisted", name, "is not listed in RECORD")


def _content_findings(wheel: Wheel, entries: list[RecordEntry]) -> Iterator[Finding]:
    """Read every member and compare it with its row."""
    exempt = _exempt(wheel)
    rows = {entry.path: entry for entry in entries if entry.is_strong and entry.path not in exempt}
    for name in wheel.archive.members:
        entry = rows.get(name)
        hasher = entry.hasher() if entry is not None else None
        size = 0
        try:
            for piece in wheel.archive.stream(name):
                size += len(piece)
                if hasher is not None:
                    hasher.update(piece)
        except WheelsError as error:
            yield _fatal("archive", name, _reason(error))
            continue
        if entry is not None and hasher is not None:
            problem = entry.disagreement(hasher.digest(), size)
            if problem:
                yield _fatal("record-mismatch", name, f"{problem} of RECORD")


def _dist_info_findings(wheel: Wheel) -> Iterator[Finding]:
    try:
        wheel.metadata_text()
    except WheelsError as error:
        yield _fatal("metadata", wheel.info_path("METADATA"), _reason(error))
    place = wheel.info_path("WHEEL")
    try:
        info = wheel.wheel_info()
    except WheelsError as error:
        yield _fatal("wheel", place, _reason(error))
        return
    if set(info.tags) != set(wheel.filename.tags()):
        yield Finding("tags", place, "its tags are not those of the file name", fatal=False)
    if info.build != wheel.filename.build:
        yield Finding("build", place, "its build tag is not that of the file name", fatal=False)


def _variant_findings(wheel: Wheel) -> Iterator[Finding]:
    place = wheel.info_path(VARIANT_FILE)
    try:
        content = wheel.variant_json()
    except WheelsError as error:
        yield _fatal("variant-json", place, _reason(error))
        return
    if content is None:
        if wheel.label:
            yield _fatal("variant-missing", place, f"is missing, although the label is {wheel.label!r}")
        return
    if not wheel.label:
        message = "is there, but the file name has no label: this is a plain wheel"
        yield Finding("variant-unlabelled", place, message, fatal=False)
        return
    for finding in check_metadata(content, kind=DocumentKind.WHEEL, label=wheel.label):
        yield finding._replace(path=place, message=str(finding))


def _exempt(wheel: Wheel) -> frozenset[str]:
    return frozenset(wheel.info_path(name) for name in ("RECORD", *SIGNATURES))


def _fatal(code: str, path: str, message: str) -> Finding:
    return Finding(code, path, message, fatal=True)


def _reason(error: WheelsError) -> str:
    return str(getattr(error, "reason", error.message))
