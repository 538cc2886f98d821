"""Dependencies drawn as a tree, downwards to what is needed or upwards to who needs it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from rewheel.cli.narration import label_text

if TYPE_CHECKING:
    from rewheel.environments.dependencies import Dependency, DependencyGraph

__all__ = ["tree_json", "tree_lines"]

_DEEPEST = 200  # levels; nobody reads further, and metadata may make chains as long as it likes


class _Branch(NamedTuple):
    project: str
    dependency: "Dependency"
    extras: tuple[str, ...]
    """The extras of the parent by which it is needed; empty where it is needed anyway."""


def tree_lines(
    graph: "DependencyGraph", projects: Iterable[str], *, reverse: bool, depth: int | None
) -> Iterator[str]:
    """Draw the trees of the projects; a package's branches are drawn once, where it is first met."""
    drawn: set[str] = set()
    depth = _DEEPEST if depth is None else min(depth, _DEEPEST)
    for project in projects:
        yield _name(graph, project)
        yield from _below(graph, project, "", (project,), drawn, reverse=reverse, depth=depth)


def tree_json(
    graph: "DependencyGraph", projects: Iterable[str], *, reverse: bool, depth: int | None
) -> list[dict[str, object]]:
    """Return the trees for programs; `repeated` stands where the branches are elsewhere, `cycle` above."""
    drawn: set[str] = set()
    depth = _DEEPEST if depth is None else min(depth, _DEEPEST)
    return [_node(graph, project, (), drawn, reverse=reverse, depth=depth) for project in projects]


def _node(
    graph: "DependencyGraph",
    project: str,
    above: tuple[str, ...],
    drawn: set[str],
    *,
    reverse: bool,
    depth: int,
) -> dict[str, object]:
    found = graph.find(project)
    is_cycle = project in above
    branches = _branches(graph, project, reverse=reverse)
    is_known = project in drawn and bool(branches) and not is_cycle
    below: list[dict[str, object]] = []
    if not (is_cycle or is_known) and len(above) < depth:
        drawn.add(project)
        for branch in branches:
            child = _node(graph, branch.project, (*above, project), drawn, reverse=reverse, depth=depth)
            below.append(
                child
                | {
                    "requirement": str(branch.dependency.requirement),
                    "extras": list(branch.extras),
                    "met": branch.dependency.is_met,
                }
            )
    return {
        "name": found.name if found is not None else project,
        "version": found.version if found is not None else None,
        "label": found.label if found is not None else "",
        "installed": found is not None,
        "cycle": is_cycle,
        "repeated": is_known,
        "required_by" if reverse else "requires": below,
    }


def _below(
    graph: "DependencyGraph",
    project: str,
    indent: str,
    above: tuple[str, ...],
    drawn: set[str],
    *,
    reverse: bool,
    depth: int,
) -> Iterator[str]:
    if len(above) > depth:
        return
    branches = _branches(graph, project, reverse=reverse)
    drawn.add(project)
    for number, branch in enumerate(branches):
        is_last = number == len(branches) - 1
        line = f"{indent}{'└── ' if is_last else '├── '}{_name(graph, branch.project)}{_how(branch)}"
        if branch.project in above:
            yield f"{line} (cycle)"
            continue
        is_known = branch.project in drawn and bool(_branches(graph, branch.project, reverse=reverse))
        yield f"{line} (*)" if is_known else line
        if not is_known:
            yield from _below(
                graph,
                branch.project,
                indent + ("    " if is_last else "│   "),
                (*above, branch.project),
                drawn,
                reverse=reverse,
                depth=depth,
            )


def _branches(graph: "DependencyGraph", project: str, *, reverse: bool) -> list[_Branch]:
    """Return the neighbours of a project by name, each once."""
    found: dict[str, list[Dependency]] = {}
    for dependency in graph.needed_by(project) if reverse else graph.needs(project):
        name = dependency.parent.project if reverse else dependency.requirement.project
        found.setdefault(name, []).append(dependency)
    branches = []
    for name, dependencies in sorted(found.items()):
        extras = () if any(not each.extra for each in dependencies) else {each.extra for each in dependencies}
        # One that is not met tells more than those that are.
        shown = min(dependencies, key=lambda each: each.is_met)
        branches.append(_Branch(name, shown, tuple(sorted(extras))))
    return branches


def _name(graph: "DependencyGraph", project: str) -> str:
    found = graph.find(project)
    if found is None:
        return f"{project} (not installed)"
    return f"{found.name} {found.version}{label_text(found.label)}"


def _how(branch: _Branch) -> str:
    """Tell which versions are wanted, by which extra, and whether that is so."""
    requirement = branch.dependency.requirement
    wanted = requirement.specifier or (f"@ {requirement.url}" if requirement.url else "")
    extras = f"extra {', '.join(branch.extras)}" if branch.extras else ""
    how = "; ".join(filter(None, (wanted, extras)))
    unmet = " (wrong version)" if branch.dependency.found and not branch.dependency.is_met else ""
    return (f" [{how}]" if how else "") + unmet
