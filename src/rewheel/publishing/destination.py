"""The index that a release is uploaded to: what it has, and what it answers to an upload."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rewheel.indexes import Client, File, HttpSettings, IndexesError, IndexSource
from rewheel.indexes.urls import Origin
from rewheel.progress import SILENT, Reporter

if TYPE_CHECKING:
    from rewheel.indexes.answers import Response
    from rewheel.indexes.forms import UploadForm

__all__ = ["Answer", "Destination", "Login", "Reply", "simple_index_of"]

_LONGEST_REASON = 300  # characters of what a server says
_EXISTS = re.compile(r"already (?:exist|been|used)|exists already|overwrit|duplicate|reus", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Login:
    """Who uploads; for a token the user is `__token__`."""

    username: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of `Authorization`."""
        from rewheel.indexes.credentials import basic

        return basic(self.username, self.password)


class Answer(StrEnum):
    """What the index made of an upload."""

    TAKEN = "taken"
    EXISTS = "exists"
    """It has a file of that name; whether it is this one, the answer does not say."""
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    LATER = "later"
    """It has a problem of its own, and may take the file the next time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what the server says about it: one printable line without secrets, possibly empty."""

    answer: Answer
    status: int
    reason: str = ""


class Destination:
    """An index with the legacy upload API, and the page where it lists what it has."""

    def __init__(
        self,
        url: str,
        settings: HttpSettings,
        *,
        login: Login | None = None,
        index_url: str = "",
        reporter: Reporter = SILENT,
    ) -> None:
        """`index_url` is where to read what is there; without it the usual place is tried."""
        self._settings = settings
        self._login = login
        self._client = Client(settings, reporter=reporter)
        self._url = self._client.learn(url)
        self._with_login = url
        self._index_url = index_url
        self._is_guessed = not index_url

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    @property
    def url(self) -> str:
        """Where files are sent to, without secrets."""
        return self._url

    @property
    def login_header(self) -> str:
        """The value of `Authorization` that was chosen; empty to leave it to the URL, netrc or a keyring."""
        return self._login.header if self._login is not None else ""

    def listed(self, project: str) -> Mapping[str, File] | None:
        """Return the files that the index lists of a project now; None if that cannot be known.

        Raises IndexesError where the page was named by the user and cannot be read.
        """
        url = self._index_url or simple_index_of(self._with_login)
        with Client(self._settings) as client:  # a new one, since pages are remembered
            if self._login is not None and Origin.of(client.learn(url)) == Origin.of(self._url):
                client.learn(_with_login(url, self._login))  # a login is for one server alone
            try:
                page = IndexSource(url, client).page(project)
            except IndexesError:
                if self._is_guessed:
                    return None
                raise
            if page is None:
                return {}
            return {file.filename: file for file in page.files}

    def read(self, file: File) -> bytes:
        """Fetch a small file that the index lists; raises IndexesError."""
        with Client(self._settings) as client:
            if self._login is not None:
                client.learn(_with_login(self._url, self._login))
            return client.fetch(file)

    def upload(self, form: "UploadForm") -> Reply:
        """Send one file, once; raises IndexesError when no answer came."""
        response = self._client.send(self._url, form, login=self.login_header)
        return self._reply(response)

    def _reply(self, response: "Response") -> Reply:
        reason = self._reason(response)
        status = response.status
        if 200 <= status < 300:
            answer = Answer.TAKEN
        elif 300 <= status < 400:
            place = response.headers.get("location", "elsewhere").partition("?")[0]
            return Reply(Answer.REFUSED, status, f"it redirects to {place[:200]}: upload to that URL")
        elif status in {401, 403, 407} and not _EXISTS.search(reason):
            answer = Answer.UNAUTHORIZED
        elif status == 409 or (status in {400, 403, 412} and _EXISTS.search(reason)):
            answer = Answer.EXISTS
        elif status in {408, 429} or status >= 500:
            answer = Answer.LATER
        else:
            answer = Answer.REFUSED
        return Reply(answer, status, reason)

    def _reason(self, response: "Response") -> str:
        """Return what the server says in words: the text of the body, else the words of the status."""
        text = response.body[: 64 << 10].decode("utf-8", "replace")
        if "<" in text:
            text = re.sub(r"(?is)<(style|script|head|title)\b.*?</\1>|<[^>]*>", " ", text)
            text = html.unescape(text)
        words = " ".join(text.split()) or response.reason
        if response.reason and len(words) > _LONGEST_REASON:
            words = response.reason if len(response.reason) > 20 else words
        secret = self._login.password if self._login is not None else ""
        if secret:
            words = words.replace(secret, "****")
        return "".join(letter if letter.isprintable() else " " for letter in words)[:_LONGEST_REASON]


def _with_login(url: str, login: Login) -> str:
    from urllib.parse import quote

    scheme, separator, rest = url.partition("://")
    host = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
    return f"{scheme}{separator}{quote(login.username, safe='')}:{quote(login.password, safe='')}@{host}"


def simple_index_of(url: str) -> str:
    """Guess where an index that takes uploads at `url` lists its files (`/legacy/` beside `/simple/`)."""
    parts = urlsplit(url)
    if parts.hostname == "upload.pypi.org":
        return "https://pypi.org/simple/"
    path = parts.path.rstrip("/")
    base = path.removesuffix("/legacy") if path.endswith("/legacy") else path
    if base.endswith("/simple"):
        base = base.removesuffix("/simple")
    return f"{parts.scheme}://{parts.netloc}{base}/simple/"
