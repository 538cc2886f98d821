"""`rewheel freeze`: what is installed, as a requirements file."""

from typing import TYPE_CHECKING

import click

from rewheel.cli.options import cache_options, output_options, pass_session, place_options, target_options
from rewheel.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rewheel.environments import InstalledDistribution

__all__ = ["command"]


@click.command("freeze")
@click.option("--all", "everything", is_flag=True, help="List pip and its like, too.")
@click.option(
    "--exclude", "excluded", metavar="PKG", multiple=True, help="Leave this package out. Repeatable."
)
@click.option("--exclude-editable", is_flag=True, help="Leave editable packages out.")
@target_options
@place_options
@cache_options
@output_options
@pass_session
def command(session: Session, *, everything: bool, excluded: tuple[str, ...], exclude_editable: bool) -> None:
    """Print what is installed, as a requirements file.

    The label of each variant follows in a comment, as in `numpy==2.2.5  # variant x86_64_v3`. What is there
    without its default extras has empty brackets.
    """
    from rewheel.cli.dependencies import installed_graph
    from rewheel.environments.references import editable_location, exact_requirement
    from rewheel.variants import normalize_project

    target = session.target
    left_out = {normalize_project(name) for name in excluded}
    if not everything:
        left_out |= {"pip"} if target.version >= (3, 12) else {"pip", "setuptools", "wheel", "distribute"}
    graph = installed_graph(session)
    seen = set[str]()
    for each in sorted(target.installed(), key=lambda found: found.name.lower()):
        if each.project in left_out or each.project in seen:
            continue
        seen.add(each.project)
        location = editable_location(each)
        if location is not None:
            if not exclude_editable:
                for line in _editable_lines(session, each, location):
                    session.output.result(line)
            continue
        label = f"  # variant {each.label}" if each.label else ""
        without = graph.lacks_defaults(each.project)
        session.output.result(exact_requirement(each, without_defaults=without) + label)


def _editable_lines(session: Session, each: "InstalledDistribution", location: "Path") -> "Iterator[str]":
    """Name the repository that an editable package is a clone of, as pip does, or else its folder."""
    from rewheel.builds.clones import origin_of

    origin = origin_of(location, session.environ) if location.is_dir() else ""
    if origin:
        url, hash_sign, fragment = origin.partition("#")
        egg = each.name.replace("-", "_")
        yield f"-e {url}#egg={egg}" + (f"&{fragment}" if hash_sign else "")
    else:
        yield f"# Editable install ({each.name}=={each.version})"
        yield f"-e {location}"
