"""`rewheel tree`: who needs whom in an environment."""

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
from rewheel.errors import RewheelError

__all__ = ["command"]


@click.command("tree")
@click.argument("packages", metavar="PKG...", nargs=-1)
@click.option("--reverse", is_flag=True, help="Show who needs a package, not what it needs.")
@click.option(
    "--depth", type=click.IntRange(min=0), metavar="N", help="Go no deeper; 0 shows the packages alone."
)
@json_option
@target_options
@place_options
@cache_options
@output_options
@pass_session
def command(
    session: Session, *, packages: tuple[str, ...], reverse: bool, depth: int | None, as_json: bool
) -> None:
    """Show what each installed package needs, as a tree.

    Without PKG it begins with what nothing else needs. What was shown before is not shown again below: (*)
    marks that, and (cycle) a package that needs itself.
    """
    from rewheel.cli.dependencies import installed_graph
    from rewheel.cli.tree_view import tree_json, tree_lines
    from rewheel.variants import normalize_project

    target = session.target
    graph = installed_graph(session)
    wanted = list(dict.fromkeys(normalize_project(name) for name in packages))
    absent = [name for name in wanted if graph.find(name) is None and not (reverse and graph.needed_by(name))]
    if absent:
        raise RewheelError(f"not installed in {target.root}: {', '.join(absent)}")
    for project, problem in graph.unreadable.items():
        session.reporter.warning(f"what {project} needs is not known: {problem}")
    if not wanted:
        wanted = [each.project for each in (graph.leaves() if reverse else graph.roots())]
    if as_json:
        session.output.json(tree_json(graph, wanted, reverse=reverse, depth=depth))
        return
    for line in tree_lines(graph, wanted, reverse=reverse, depth=depth):
        session.output.result(line)
