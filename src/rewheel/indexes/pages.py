"""Project pages of the simple repository API: JSON (PEP 691) and HTML (PEP 503) into one shape.

A page is a stranger's document: what is wrong with the page as a whole raises InvalidPage, an entry that
makes no sense is left out, and an attribute that makes no sense is taken as missing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewheel.indexes.documents import ACCEPT, PAGE_LIMIT
from rewheel.indexes.errors import InvalidPage
from rewheel.indexes.files import File, ProjectPage, RimPlace, is_index_file_name
from rewheel.indexes.listing import Listing
from rewheel.indexes.urls import filename_in, join, redact, without_fragment

if TYPE_CHECKING:
    from rewheel.indexes.links import Anchor, Links
    from rewheel.indexes.source import Source

__all__ = ["ACCEPT", "PAGE_LIMIT", "fragment_hashes", "link_files", "parse_page"]

_HIGHEST_MAJOR = 1
_FRAGMENT_HASH = re.compile(r"(?:^|&)(sha256|sha512|sha384|sha224|sha1|md5)=([0-9A-Fa-f]+)(?=&|$)")
_EXTENSIONS = (".whl", ".whlx", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".json", ".egg", ".exe")
_SEPARATOR = re.compile(r"[/\\:]")
_UNUSUAL = ("/", "\\", ":", "%", " .", "  ")
"""What is in no usual name of a file, where names stand between single spaces."""


def parse_page(body: bytes, content_type: str, url: str, project: str, source: "Source") -> ProjectPage:
    """Read a page that was found at `url`; its form is told by the content type, else by its looks.

    Raises InvalidPage.
    """
    kind = content_type.partition(";")[0].strip().lower()
    version = re.fullmatch(r"application/vnd\.pypi\.simple\.v(\d+)\+(json|html)", kind)
    if version and int(version[1][:9]) > _HIGHEST_MAJOR:
        raise InvalidPage(url, f"its format is {kind}, which is newer than we can read")
    is_json = kind.endswith(("+json", "/json"))
    if not is_json and not kind.endswith(("+html", "/html", "/xhtml+xml")):
        start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
        is_json = start.startswith(b"{")
        if not is_json and not start.startswith(b"<"):
            raise InvalidPage(url, f"the content type {kind or 'nothing'!r} is not that of an index page")
    if is_json:
        return _parse_json(body, url, project, source)
    return _parse_html(body, content_type, url, project, source)


def link_files(body: bytes, content_type: str, url: str, source: "Source") -> list[File]:
    """Read the files of any HTML page with links, such as `--find-links` names. Raises InvalidPage."""
    return _html_files(_links(body, content_type, url), url, source)


# JSON


def _parse_json(body: bytes, url: str, project: str, source: "Source") -> ProjectPage:
    import json

    try:
        document = json.loads(body.removeprefix(b"\xef\xbb\xbf").decode())
    except (ValueError, RecursionError) as error:
        raise InvalidPage(url, f"it is no JSON document: {error}") from error
    if not isinstance(document, dict):
        raise InvalidPage(url, "it is no JSON object")
    meta = document.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, url)
    entries = document.get("files")
    if not isinstance(entries, list):
        raise InvalidPage(url, 'it has no list of "files"')
    status = document.get("project-status")
    if not isinstance(status, dict):
        status = {}
    versions = document.get("versions")
    return ProjectPage(
        project,
        _json_files(entries, url, source),
        source,
        redact(url),
        _texts(versions),
        _text(status, "status") or _text(status, "state") or "active",  # PEP 792 writes both
        _text(status, "reason"),
        _texts(meta.get("tracks") if isinstance(meta, dict) else None),
        _texts(document.get("alternate-locations")),
    )


def _json_files(entries: Sequence[object], base: str, source: "Source") -> Sequence[File]:
    """Find the entries that make sense; what they say is read when somebody looks at the file."""
    names, kept, locations = _usual_entries(entries, base) or _sensible_entries(entries, base)

    def make(number: int) -> File:
        return _json_file(names[number], kept[number], locations[number], base, source)

    return Listing(names, make) if names else ()


_Entries = tuple[Sequence[str], Sequence[dict[str, object]], Sequence[str]]
"""Names of files, what is said of each, and where it is."""


def _usual_entries(entries: Sequence[Any], base: str) -> _Entries | None:
    """Take all entries at once if each of them is as nearly all are; None if there is any other.

    Pages have thousands, and looking at each takes longer than reading the document. The names or URLs
    become one text, in which a space can only be what joins them.
    """
    try:
        names = [entry["filename"] for entry in entries]
        locations = [entry["url"] for entry in entries]
        text, places = f" {' '.join(names)} ", f" {' '.join(locations)}"
    except (TypeError, KeyError):
        return None
    count = len(names)
    starts = places.count(" https://") + (0 if base.startswith("https:") else places.count(" http://"))
    if not (text.isascii() and text.isprintable() and places.isascii() and places.isprintable()):
        return None
    if text.count(" ") != count + 1 or places.count(" ") != count or starts != count:
        return None
    if any(unusual in text for unusual in _UNUSUAL):
        return None
    if ".json " in text and not all(is_index_file_name(name) for name in names if name.endswith(".json")):
        return None
    return names, entries, locations


def _sensible_entries(entries: Sequence[object], base: str) -> _Entries:
    """Look at each entry, and leave out those that make no sense."""
    names: list[str] = []
    kept: list[dict[str, object]] = []
    locations: list[str] = []
    for entry in entries:
        if type(entry) is not dict:
            continue
        filename, url = entry.get("filename"), entry.get("url")
        if type(filename) is not str or type(url) is not str:
            continue
        if "%" in filename:
            filename = filename_in(filename)
        if not _is_filename(filename):
            continue
        location = _resolve(base, url, _hashes(entry.get("hashes")))
        if location and (not filename.endswith(".json") or is_index_file_name(filename)):
            names.append(filename)
            kept.append(entry)
            locations.append(location)
    return names, kept, locations


def _json_file(
    filename: str, entry: Mapping[str, object], location: str, page_url: str, source: "Source"
) -> File:
    hashes = _hashes(entry.get("hashes"))
    if filename.endswith(".json"):
        return _index_file(filename, location, hashes, source)
    size = entry.get("size")
    return File(
        filename,
        location,
        hashes,
        _text(entry, "requires-python"),
        _yanked(entry.get("yanked")),
        size if type(size) is int and size >= 0 else None,
        _text(entry, "upload-time"),
        _core_metadata(entry.get("core-metadata", entry.get("dist-info-metadata"))),
        source,
        _rim(entry["_rim"], page_url) if "_rim" in entry else None,
    )


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    return value if type(value) is str else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if type(item) is str) if type(value) is list else ()


def _hashes(value: object) -> dict[str, str]:
    if type(value) is not dict:
        return {}
    for algorithm, digest in value.items():
        if type(digest) is not str or type(algorithm) is not str:
            return {a: d for a, d in value.items() if type(a) is str and type(d) is str}
    return value


def _yanked(value: object) -> str | None:
    """Read the mark of a withdrawn file: in doubt it is withdrawn."""
    if type(value) is str:
        return value
    return "" if value else None


def _core_metadata(value: object) -> Mapping[str, str] | bool:
    if type(value) is dict:
        return _hashes(value) or True
    return value is True


def _rim(value: object, base: str) -> RimPlace | None:
    """Read our own server's private key about a wheel that lies elsewhere."""
    if type(value) is not dict:
        return None
    hashes = _hashes(value.get("hashes"))
    url = _resolve(base, _text(value, "url"), hashes)
    metadata = _core_metadata(value.get("core-metadata"))
    return RimPlace(url, hashes, _text(value, "owner"), _text(value, "support"), metadata) if url else None


# HTML


def _parse_html(body: bytes, content_type: str, url: str, project: str, source: "Source") -> ProjectPage:
    links = _links(body, content_type, url)
    _check_version(links.meta.get("pypi:repository-version"), url)
    return ProjectPage(
        project,
        tuple(_html_files(links, url, source)),
        source,
        redact(url),
        status=links.meta.get("pypi:project-status", "") or "active",
        status_reason=links.meta.get("pypi:project-status-reason", ""),
        tracks=tuple(links.locations.get("pypi:tracks", ())),
        alternate_locations=tuple(links.locations.get("pypi:alternate-locations", ())),
    )


def _links(body: bytes, content_type: str, url: str) -> "Links":
    from rewheel.indexes.links import read_links

    if b"\0" in body[:1024]:
        raise InvalidPage(url, "it is no text")
    charset = re.search(r"charset=[\"']?([A-Za-z0-9_.:-]+)", content_type)
    try:
        text = body.decode(charset[1] if charset else "utf-8", "replace")
    except (LookupError, ValueError):  # an encoding that nobody knows, or that is no encoding of text
        text = body.decode("utf-8", "replace")
    return read_links(text)


def _html_files(links: "Links", url: str, source: "Source") -> list[File]:
    base = url
    if links.base:
        try:
            base = join(url, links.base)
        except ValueError:
            raise InvalidPage(url, "the address that it gives as its base is no URL") from None
        if _resolve(url, links.base, {}) is None:
            raise InvalidPage(url, "its base is neither on the web nor beside it")
    files = []
    for anchor in links.anchors:
        file = _html_file(anchor, base, source)
        if file is not None:
            files.append(file)
    return files


def _html_file(anchor: "Anchor", base: str, source: "Source") -> File | None:
    attributes = anchor.attributes
    href, fragment = without_fragment(attributes.get("href", "").strip())
    hashes = fragment_hashes(fragment)
    location = _resolve(base, href, hashes)
    filename = _link_name(anchor.text.strip(), href)
    if location is None or not _is_filename(filename):
        return None
    if filename.endswith(".json"):
        return _index_file(filename, location, hashes, source) if is_index_file_name(filename) else None
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return File(
        filename,
        location,
        hashes,
        attributes.get("data-requires-python", ""),
        attributes.get("data-yanked"),
        None,
        "",
        _html_metadata(metadata),
        source,
    )


def _link_name(text: str, href: str) -> str:
    """Give the file's name: the link's text (PEP 503), unless that is prose or cut short."""
    if "%" in text:
        text = filename_in(text)
    return text if text.endswith(_EXTENSIONS) and "/" not in text else filename_in(href)


def _html_metadata(value: str | None) -> Mapping[str, str] | bool:
    if value is None:
        return False
    algorithm, separator, digest = value.partition("=")
    if separator and algorithm and digest:
        return {algorithm: digest}
    return value.strip().lower() == "true"


# Both


def _check_version(version: object, url: str) -> None:
    """Refuse a newer major version (PEP 629); a page that gives none is of version 1.0."""
    if version is None:
        return
    match = re.fullmatch(r"(\d+)\.\d+", version.strip()) if isinstance(version, str) else None
    if match is None:
        raise InvalidPage(url, f"its API version is {version!r:.40}, which is no version")
    if int(match[1][:9]) > _HIGHEST_MAJOR:
        raise InvalidPage(url, f"its API version is {match[0]:.40}, and only 1.x can be read")


def _index_file(filename: str, url: str, hashes: Mapping[str, str], source: "Source") -> File:
    """Make the entry of a variants index file, which has no attributes whatever the page says (PEP 825)."""
    return File(filename, url, hashes, "", None, None, "", core_metadata=False, source=source)


def _is_filename(name: str) -> bool:
    """Tell a name that may become a file's, on any system: it will be joined to a path and printed."""
    return name.isascii() and name.isprintable() and bool(name.strip(". ")) and not _SEPARATOR.search(name)


def _resolve(base: str, url: str, hashes: Mapping[str, str]) -> str | None:
    """Find where a link leads; None where it must not: only the web, or files if the page is a file.

    A secure page may name a plain http URL only together with a hash.
    """
    if not url:
        return None
    try:
        location = join(base, url)
    except ValueError:
        return None
    if location.startswith("https://"):
        return location
    if location.startswith("http://"):
        return None if base.startswith("https:") and not hashes else location
    return location if location.startswith("file:") and base.startswith("file:") else None


def fragment_hashes(fragment: str) -> dict[str, str]:
    """Read the hashes that the fragment of a link advertises (PEP 503)."""
    return dict(_FRAGMENT_HASH.findall(fragment))
