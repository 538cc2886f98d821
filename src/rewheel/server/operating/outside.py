"""Whether wheels that lie elsewhere are still there, and still what their rims say (PEP 759)."""

from collections.abc import Iterator

from sqlalchemy import select

from rewheel.progress import SILENT, Reporter
from rewheel.server.catalog.schema import files
from rewheel.server.errors import Refused
from rewheel.server.intake.external import ExternalWheels
from rewheel.server.operating.verification import Damage
from rewheel.server.services import Services
from rewheel.wheels import ExternalHosting

__all__ = ["verify_outside"]

_AT_ONCE = 200


def verify_outside(
    services: Services, external: ExternalWheels, *, reporter: Reporter = SILENT
) -> Iterator[Damage | None]:
    """Read every wheel that lies elsewhere; yield what is wrong with each, None if nothing is."""
    for filename, place in _places(services):
        reporter.detail(f"looking at {filename} at its host")
        try:
            external.check(filename, place)
        except Refused as refused:
            yield Damage("external", filename, refused.message.partition(", ")[2] or refused.message)
        else:
            yield None


def _places(services: Services) -> Iterator[tuple[str, ExternalHosting]]:
    """Yield them some at a time, so that no transaction is open while a host is waited for."""
    last = 0
    while True:
        with services.database.read() as connection:
            query = (
                select(files.c.id, files.c.filename, files.c.external_url, files.c.size, files.c.hashes)
                .where(files.c.external_url.is_not(None), files.c.id > last)
                .order_by(files.c.id)
                .limit(_AT_ONCE)
            )
            rows = connection.execute(query).all()
        for row in rows:
            last = row.id
            yield row.filename, ExternalHosting("", row.external_url, row.size, dict(row.hashes))
        if len(rows) < _AT_ONCE:
            return
