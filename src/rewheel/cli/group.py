"""The commands and where they live: none is loaded before it is called, not even for `--help`."""

from collections.abc import Mapping
from typing import NamedTuple

import click

__all__ = ["COMMANDS", "LazyCommand", "LazyGroup"]


class LazyCommand(NamedTuple):
    """A command that is not loaded yet."""

    module: str
    summary: str


COMMANDS: Mapping[str, LazyCommand] = {
    "install": LazyCommand("install", "Install packages, with the variant that fits this machine."),
    "uninstall": LazyCommand("uninstall", "Remove installed packages."),
    "download": LazyCommand(
        "download", "Download wheels, with the variants that fit this machine or another."
    ),
    "list": LazyCommand("list", "List what is installed, with variant labels."),
    "freeze": LazyCommand("freeze", "Print what is installed, as a requirements file."),
    "show": LazyCommand("show", "Show what installed packages say about themselves, and who needs them."),
    "check": LazyCommand(
        "check", "Check that what is installed goes together, fits this machine, and is whole."
    ),
    "tree": LazyCommand("tree", "Show what each installed package needs, as a tree."),
    "explain": LazyCommand("explain", "Say why which wheel would be chosen, here and on other machines."),
    "index": LazyCommand("index", "Manage an index, and look at what several make of one name."),
    "machine": LazyCommand("machine", "Show and save what this machine supports, and say who may tell."),
    "build": LazyCommand("build", "Build a project: its source distribution, its wheels, its variants."),
    "variant": LazyCommand("variant", "Declare, make, unmake and look into variants."),
    "wheel": LazyCommand("wheel", "Look into wheel files, check them, and dismount them."),
    "release": LazyCommand("release", "Check releases, write index files and pages, publish them."),
    "serve": LazyCommand("serve", "Serve a package index until it is told to stop."),
    "cache": LazyCommand("cache", "Look at, prune and empty the cache."),
    "demo": LazyCommand("demo", "Show it all on real packages, served from this computer."),
}


class LazyGroup(click.Group):
    """A group that imports the module of a command when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return its `command`."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        import importlib

        module = importlib.import_module(f"rewheel.cli.commands.{COMMANDS[cmd_name].module}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])
