"""Publishing sessions of an index (PEP 694): releases are put together, and published at once."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from rewheel.indexes.forms import DocumentBody, FileBody
from rewheel.publishing.errors import UploadFailed

if TYPE_CHECKING:
    from rewheel.indexes import Client
    from rewheel.indexes.answers import Response
    from rewheel.indexes.http import Body

__all__ = ["Session", "Sessions", "StagedUpload"]

_TYPE = "application/vnd.pypi.upload.v2+json"
_META = {"api-version": "2.0"}
_MECHANISM = "http-post-bytes"
_LONGEST_WAIT = 1800.0
"""Seconds that an index may take to publish, or to look into a file."""
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class StagedUpload:
    """A file to upload."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the index described it last."""

    subject: str
    """Project and version, for messages."""
    links: Mapping[str, str]
    status: str
    files: Mapping[str, Mapping[str, Any]]
    notices: tuple[str, ...]

    @property
    def stage(self) -> str:
        """The URL that installers take as an index; empty if the index shows no stages."""
        return self.links.get("stage", "")


class Sessions:
    """Speaks Upload 2.0 with one index. Every method raises UploadFailed, or IndexesError for the network."""

    def __init__(
        self, client: "Client", root: str, *, login: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Take the URL at which sessions are made, and the value of `Authorization`."""
        self._client = client
        self._root = root
        self._login = login
        self._sleep = sleep

    def open(self, project: str, version: str) -> tuple[Session, bool]:
        """Begin a session for a release; if there is one, go on with that, and give false."""
        subject = f"{project} {version}"
        response = self._send("POST", self._root, {"name": project, "version": version})
        if response.status == 409 and (place := response.headers.get("location", "")):
            return self.status(Session(subject, {"session": place}, "", {}, ())), False
        return self._session(subject, self._checked(subject, response)), True

    def status(self, session: Session) -> Session:
        """Ask how a session is."""
        response = self._send("GET", session.links["session"])
        return self._session(session.subject, self._checked(session.subject, response))

    def add(
        self, session: Session, upload: StagedUpload, *, advanced: Callable[[int], None] = lambda _: None
    ) -> None:
        """Put a file into a session, in place of what the session has of that name."""
        name = upload.path.name
        if name in session.files and session.files[name].get("status") != "completed":
            self._checked(name, self._send("DELETE", str(session.files[name].get("link", ""))))
        document = {
            "filename": name,
            "size": upload.size,
            "hashes": {"sha256": upload.sha256},
            "mechanism": _MECHANISM,
        }
        begun = self._checked(name, self._send("POST", session.links["upload"], document))
        try:
            place, target = begun["links"]["file-upload-session"], begun["mechanism"]["file_url"]
            complete = begun["links"]["complete"]
        except (KeyError, TypeError):
            self._misunderstood(name)
        try:
            self._checked(name, self._post(target, FileBody(upload.path, advanced=advanced)))
            found = self._checked(name, self._send("POST", complete, {}))
            self._await(name, place, found, "completed")
        except BaseException:
            self._send("DELETE", place)  # nothing half-done stays in the session
            raise

    def publish(self, session: Session) -> None:
        """Make all files of a session public, and wait until that is done."""
        response = self._send("POST", session.links["publish"], {})
        found = self._checked(session.subject, response)
        self._await(session.subject, session.links["session"], found, "published")

    def cancel(self, session: Session) -> None:
        """Give a session up, with all files in it."""
        self._checked(session.subject, self._send("DELETE", session.links["session"]))

    # How it is done

    def _await(self, subject: str, place: str, found: Mapping[str, Any], wanted: str) -> None:
        """Ask again while the index is at work."""
        waited, pause = 0.0, 0.2
        while found.get("status") in {"processing", "pending"} and waited < _LONGEST_WAIT:
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 5.0)
            found = self._checked(subject, self._send("GET", place))
        if found.get("status") != wanted:
            notices = "; ".join(str(notice) for notice in found.get("notices") or ())
            says = f"the index says that it is {str(found.get('status'))[:40]!a}"
            raise UploadFailed(subject, self._root, _plain(notices) or says)

    def _send(self, method: str, url: str, document: Mapping[str, Any] | None = None) -> "Response":
        content = {"meta": _META, **document} if document is not None else None
        return self._exchange(method, url, DocumentBody(content, _TYPE))

    def _post(self, url: str, body: "Body") -> "Response":
        return self._exchange("POST", url, body)

    def _exchange(self, method: str, url: str, body: "Body") -> "Response":
        """Send to the index and to nobody else: a link may not lead our login to another server."""
        if _origin(str(url)) != _origin(self._root):
            raise UploadFailed("the index", self._root, f"it sends us to another server: {str(url)[:200]!a}")
        return self._client.send(url, body, login=self._login, method=method)

    def _checked(self, subject: str, response: "Response") -> Mapping[str, Any]:
        """Return the document of an answer; raises UploadFailed with the index's own words."""
        if response.status == 204:
            return {}
        try:
            document = json.loads(response.body)
        except (ValueError, RecursionError):
            document = None
        if response.status >= 300:
            raise UploadFailed(subject, self._root, _reason(response, document), hint=_hint(response.status))
        if not isinstance(document, dict):
            self._misunderstood(subject)
        return document

    def _session(self, subject: str, document: Mapping[str, Any]) -> Session:
        links, files = document.get("links"), document.get("files")
        if (
            not isinstance(links, dict)
            or not all(isinstance(links.get(key), str) for key in ("session", "publish", "upload"))
            or not isinstance(files, dict)
            or not all(isinstance(file, dict) for file in files.values())
        ):
            self._misunderstood(subject)
        notices = document.get("notices")
        return Session(
            subject,
            {key: value for key, value in links.items() if isinstance(value, str)},
            str(document.get("status")),
            files,
            tuple(_plain(str(notice)) for notice in notices) if isinstance(notices, list) else (),
        )

    def _misunderstood(self, subject: str) -> NoReturn:
        raise UploadFailed(
            subject,
            self._root,
            "the answer is not one of Upload 2.0 (PEP 694)",
            hint="ask the index's operator for the URL of its Upload 2.0, or publish without --stage",
        )


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _reason(response: "Response", document: object) -> str:
    if isinstance(document, dict):
        for key in ("detail", "details", "title"):
            if isinstance(document.get(key), str) and document[key].strip():
                return _plain(document[key])
    return f"the index answered {response.status} {response.reason}".rstrip()


def _plain(text: str) -> str:
    words = " ".join(text.split())
    return "".join(letter if letter.isprintable() else " " for letter in words)[:_LONGEST_WORDS]


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "give a token with --token or REWHEEL_TOKEN that may upload to this project"
    if status in {404, 405, 415}:
        return "the index may not speak Upload 2.0 (PEP 694): publish without --stage"
    return ""
