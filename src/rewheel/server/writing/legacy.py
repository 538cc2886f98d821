"""`/legacy/`: the upload interface that twine and `uv publish` speak."""

import re
from contextlib import ExitStack

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from rewheel.server.addresses import base_url
from rewheel.server.answers import Answer, header, refusal, text_answer
from rewheel.server.catalog.stages import Stage
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake import Accepted, Spool, Upload, accept
from rewheel.server.intake.accepting import check_digests, check_project, refuse_attestations
from rewheel.server.intake.limits import file_limit, too_large
from rewheel.server.services import Services
from rewheel.server.writing.authentication import authenticate
from rewheel.server.writing.bodies import pieces
from rewheel.server.writing.form import FormReader, Sink
from rewheel.server.writing.upload2.legacy_stage import stage_upload
from rewheel.variants import normalize_project

__all__ = ["LegacyUpload"]

_FORM_OVERHEAD = 32 << 20
"""Bytes of a request beyond the file: the metadata as fields, a README among them."""

_DIGESTS = {"md5_digest": "md5", "sha256_digest": "sha256", "blake2_256_digest": "blake2_256"}
_HEX = re.compile(r"[0-9a-fA-F]{32,128}")


class LegacyUpload:
    """Takes one file a request, as an ASGI application."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = refusal(refused)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return text_answer(405, "uploads are sent here by POST", {"Allow": "POST"})
        identity = await authenticate(self._services, scope)
        accepted = await self._receive(scope, receive, identity)
        if isinstance(accepted, Stage):
            place = f"{base_url(self._services.settings, scope)}stage/{accepted.token}/simple/"
            return text_answer(200, f"staged, not published; to be seen at {place}")
        if not accepted.is_new:
            return text_answer(200, f"{accepted.filename} is here already, exactly as it is")
        lines = [f"{accepted.filename} is published", *(f"note: {note}" for note in accepted.notes)]
        return text_answer(200, "\n".join(lines))

    async def _receive(self, scope: Scope, receive: Receive, identity: Identity) -> Accepted | Stage:
        """Spool the file while the form arrives, then check and publish it."""
        settings = self._services.settings
        spools: list[Spool] = []
        names: list[str] = []

        with ExitStack() as stack:

            async def begin(filename: str, fields: dict[str, list[str]]) -> Sink:
                name, digests = normalize_project(_single(fields, "name")), _digests(fields)
                project = await self._services.look_up(
                    lambda connection: check_project(connection, settings, name, identity)
                )
                limit = file_limit(settings, project)
                spool = Spool(
                    self._services.spool,
                    filename,
                    limit=limit,
                    too_large=too_large(filename[:200], limit),
                    digests=[algorithm for algorithm in digests if algorithm != "sha256"],
                )
                spools.append(stack.enter_context(spool))
                names.append(filename)
                return spool.write

            reader = FormReader(header(scope, b"content-type"), begin)
            limit = settings.hard_file_limit + _FORM_OVERHEAD
            async for piece in pieces(receive, limit=limit, patience=settings.body_timeout):
                await reader.feed(piece)
            reader.finish()
            if not spools:
                raise Refused(400, "the form has no file: a part called 'content' with a file name")
            if _single(reader.fields, ":action") not in {"", "file_upload"}:
                raise Refused(400, "only uploads of files are understood here (:action=file_upload)")
            # What may wait for a stranger's host keeps no thread from others.
            is_looked_at = self._services.external is not None and names[0].endswith(".rim")
            run = self._services.look if is_looked_at else self._services.run
            return await run(self._take, spools[0], identity, reader.fields)

    def _take(self, spool: Spool, identity: Identity, fields: dict[str, list[str]]) -> Accepted | Stage:
        """Publish what has arrived, or stage it."""
        upload = Upload(
            spooled=spool.finish(),
            by=identity,
            project=normalize_project(_single(fields, "name")),
            digests=_digests(fields),
            attestations=_attestations(fields),
        )
        try:
            if _single(fields, "staged").lower() in {"true", "1"}:
                return self._stage(upload, fields)
            return accept(self._services, upload)
        finally:
            spool.discard()

    def _stage(self, upload: Upload, fields: dict[str, list[str]]) -> Stage:
        """Put a file into a publishing session; without leave to try that out nothing is published either."""
        if not self._services.settings.staged_legacy_uploads:
            raise Refused(
                400,
                "this index takes no staged uploads here",
                hint="use Upload 2.0 (`rewheel release publish --stage`)",
                kind="not-staged",
            )
        assert upload.by is not None
        if upload.attestations:
            raise refuse_attestations(upload.spooled.path.name)
        check_digests(upload)
        return stage_upload(
            self._services,
            upload.by,
            upload.spooled,
            display_name=_single(fields, "name"),
            version=_single(fields, "version"),
        )


def _single(fields: dict[str, list[str]], name: str) -> str:
    """Return the first value of a field."""
    return fields.get(name, [""])[0].strip()


def _attestations(fields: dict[str, list[str]]) -> str:
    """Return the field of this name, of which there is one (PEP 740, upload endpoint changes)."""
    if len(fields.get("attestations", [])) > 1:
        raise Refused(400, "the form has more than one field 'attestations'", kind="invalid-attestations")
    return _single(fields, "attestations")


def _digests(fields: dict[str, list[str]]) -> dict[str, str]:
    found = {}
    for name, algorithm in _DIGESTS.items():
        value = _single(fields, name)
        if value:
            if not _HEX.fullmatch(value):
                raise Refused(400, f"{name} is not a hexadecimal digest")
            found[algorithm] = value
    return found
