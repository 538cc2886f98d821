"""The care of an index of one's own: `rewheel index verify`, `backup` and `restore`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rewheel.cli.options import json_option, output_options, pass_session
from rewheel.cli.own_index import own_index, own_index_options
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from rewheel.server.operating.verification import Damage
    from rewheel.server.services import Services

__all__ = ["backup", "restore", "verify"]


@click.command("verify")
@click.option("--quick", is_flag=True, help="Compare names and sizes alone, instead of reading every file.")
@click.option("--external", is_flag=True, help="Also fetch the wheels that lie elsewhere, and compare them.")
@click.option("--prune", is_flag=True, help="Delete what the catalog has not spoken of for a day.")
@json_option
@own_index_options
@output_options
@pass_session
def verify(
    session: Session,
    *,
    quick: bool,
    external: bool,
    prune: bool,
    as_json: bool,
    data: Path | None,
    database: str | None,
    storage: str | None,
) -> int:
    """Check that every file of an index is there and is what it was when it was published.

    The server may go on meanwhile. Ends with 1 if something is damaged; files that nothing speaks of, such as
    killed uploads leave behind, are no damage. What the search finds projects by is put right where it is
    outdated.
    """
    with own_index(session, data=data, database=database, storage=storage) as services:
        from rewheel.server.operating import verification
        from rewheel.server.operating.wording import renew_all

        output = session.output
        found = verification.verify(services, thorough=not quick, reporter=session.reporter)
        pruned = verification.prune(services, found) if prune else 0
        reworded = renew_all(services)
        outside = _look_outside(session, services, found.damages) if external else None
    if as_json:
        output.json(
            {
                "blobs": found.blobs,
                "bytes": found.size,
                "damages": [
                    {"kind": damage.kind, "subject": damage.subject, "text": damage.text}
                    for damage in found.damages
                ],
                "orphans": len(found.orphans),
                "orphan-bytes": found.orphan_size,
                "pruned": pruned,
                "external": outside,
                "reworded": reworded,
            }
        )
    else:
        for damage in found.damages:
            output.result(f"damaged: {damage}")
        output.result(
            f"{found.blobs:,} files with {found.size:,} bytes, {found.releases:,} releases with variants: "
            f"{len(found.damages) or 'nothing'} damaged"
        )
        if reworded:
            output.result(f"{reworded:,} projects were found by outdated words, and no longer are")
        if outside is not None:
            output.result(f"{outside:,} wheels that lie elsewhere were looked at")
        if found.orphans:
            done = f"; deleted {pruned:,}" if prune else "; --prune deletes them"
            output.result(f"{len(found.orphans):,} without a use, {found.orphan_size:,} bytes{done}")
    return 0 if found.is_sound else 1


def _look_outside(session: Session, services: "Services", damages: "list[Damage]") -> int:
    """Look at the wheels that lie elsewhere, add what is wrong with them, and return their number."""
    from contextlib import closing

    from rewheel.server.intake.external import ExternalWheels
    from rewheel.server.operating.outside import verify_outside

    settings, number = services.settings, 0
    wheels = ExternalWheels(
        hosts=settings.external_hosts,
        allow_http=settings.allow_insecure_external,
        certificates=settings.certificates,
    )
    with closing(wheels):
        for damage in verify_outside(services, wheels, reporter=session.reporter):
            number += 1
            if damage is not None:
                damages.append(damage)
    return number


@click.command("backup")
@click.argument("place", metavar="FILE.tar|DIR", type=click.Path(path_type=Path))
@click.option("--no-blobs", is_flag=True, help="Leave the files out: the storage has a backup of its own.")
@click.option("--no-upstream", is_flag=True, help="Leave out what was kept of upstream indexes.")
@own_index_options
@output_options
@pass_session
def backup(
    session: Session,
    *,
    place: Path,
    no_blobs: bool,
    no_upstream: bool,
    data: Path | None,
    database: str | None,
    storage: str | None,
) -> None:
    """Write a whole index into a tar file, or into a folder, to which the next backup only adds.

    The server may go on meanwhile: the backup is the index of one moment. It can be restored into an index
    with another kind of database and storage.
    """
    with own_index(session, data=data, database=database, storage=storage) as services:
        from rewheel.server.operating.backups import back_up

        done = back_up(
            services,
            session.cwd / place,
            with_blobs=not no_blobs,
            with_upstream=not no_upstream,
            reporter=session.reporter,
        )
    files = f", {done.blobs:,} files ({done.size:,} bytes new)" if done.is_complete else ", without the files"
    session.output.result(f"Backed up {done.rows['projects']:,} projects{files} to {place}")


@click.command("restore")
@click.argument("place", metavar="FILE.tar|DIR", type=click.Path(path_type=Path))
@own_index_options
@output_options
@pass_session
def restore(
    session: Session, *, place: Path, data: Path | None, database: str | None, storage: str | None
) -> None:
    """Put a backup into a new index, which must be empty; everything is checked on the way."""
    with own_index(session, data=data, database=database, storage=storage, new=True) as services:
        from rewheel.server.operating import backups

        done = backups.restore(services, session.cwd / place, reporter=session.reporter)
    session.output.result(
        f"Restored {done.rows['projects']:,} projects and {done.blobs:,} files from {place}"
    )
