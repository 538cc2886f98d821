"""`rewheel show`: what installed packages say about themselves, and who needs them."""

import click

from rewheel.cli.options import (
    cache_options,
    json_option,
    output_options,
    pass_session,
    place_options,
    target_options,
)
from rewheel.cli.session import Session
from rewheel.errors import RewheelError, UsageError

__all__ = ["command"]


@click.command("show")
@click.argument("packages", metavar="PKG...", nargs=-1)
@click.option("-f", "--files", is_flag=True, help="List the installed files.")
@json_option
@target_options
@place_options
@cache_options
@output_options
@pass_session
def command(session: Session, *, packages: tuple[str, ...], files: bool, as_json: bool) -> None:
    """Show what installed packages say about themselves, and who needs them.

    Of a variant its label and properties. With -v also classifiers, entry points and project URLs.
    """
    from rewheel.cli.dependencies import installed_graph
    from rewheel.cli.package_view import package_json, package_lines
    from rewheel.variants import normalize_project

    if not packages:
        raise UsageError("no package was named")
    target = session.target
    graph = installed_graph(session)
    wanted = dict.fromkeys(normalize_project(name) for name in packages)
    found = [each for project in wanted if (each := graph.find(project)) is not None]
    absent = [project for project in wanted if graph.find(project) is None]
    if not found:
        raise RewheelError(f"not installed in {target.root}: {', '.join(absent)}")
    for project in absent:
        session.reporter.warning(f"{project} is not installed in {target.root}")
    output = session.output
    if as_json:
        output.json([package_json(each, graph) for each in found])
        return
    for number, each in enumerate(found):
        if number:
            output.result("---")
        for line in package_lines(each, graph, files=files, everything=output.verbosity > 0):
            output.result(line)
