"""Files that come by the legacy interface and are to be staged: an experiment (PEP 694, `staged`)."""

from packaging.version import InvalidVersion, Version

from rewheel.server.catalog.stages import Stage
from rewheel.server.catalog.tokens import Identity
from rewheel.server.errors import Refused
from rewheel.server.intake import Spooled
from rewheel.server.intake.naming import read_name
from rewheel.server.services import Services
from rewheel.server.writing.upload2.documents import FileRequest, SessionRequest
from rewheel.server.writing.upload2.files import SessionFiles
from rewheel.server.writing.upload2.sessions import Sessions

__all__ = ["stage_upload"]


def stage_upload(
    services: Services, identity: Identity, spooled: Spooled, *, display_name: str, version: str
) -> Stage:
    """Put a file into the session of its release, which is begun if there is none; raises Refused.

    The session is that of Upload 2.0: it is published or canceled there.
    """
    name = read_name(spooled.path.name)
    try:
        request = SessionRequest(display_name or name.project, name.project, Version(version))
    except (InvalidVersion, ValueError) as error:
        raise Refused(400, "'version' is not a valid version (PEP 440)", kind="invalid-version") from error
    view, _ = Sessions(services).create(identity, request)
    session, files = view.stage.public_id, SessionFiles(services)
    wanted = FileRequest(name.name, spooled.size, {"sha256": spooled.sha256})
    file = files.begin(identity, session, wanted).file.public_id
    try:
        files.keep(identity, session, file, spooled)
        files.complete(identity, session, file)
    except Refused:
        files.delete(identity, session, file)  # so that the same upload can be tried again
        raise
    return view.stage
