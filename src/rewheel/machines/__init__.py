"""Machines: what a computer supports, this one or another, and where that is known from.

`Machine.here(environ)` looks at this computer, lazily; `read_machine_file` takes one described in a file;
`Machine.elsewhere` takes one of which only the platform is known. `Providers` answers for packages whose
metadata says who knows what is supported, and runs provider plugins that the user trusts. Parts are loaded
when they are first used.
"""

from rewheel.front_door import front_door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rewheel.machines.errors import MachineFileError, MachinesError
    from rewheel.machines.known import KnownMachine, known_machines
    from rewheel.machines.machine import Machine
    from rewheel.machines.machine_file import parse_machine_file, read_machine_file, write_machine_file
    from rewheel.machines.native import NATIVE, NativeProvider, match_native
    from rewheel.machines.platform import Platform
    from rewheel.machines.plugin_api import Endpoint, PluginDescription, PluginError, PluginFeature
    from rewheel.machines.plugins import PluginEnvironments, PluginRunner, PreparedEnvironment
    from rewheel.machines.policy import ProviderPolicy
    from rewheel.machines.providing import Providers, as_supported
    from rewheel.machines.support import NamespaceSupport, Origin, OriginKind
    from rewheel.machines.trust import ALL_NAMESPACES, TrustEntry, TrustError, TrustStore

_HOMES = {
    "ALL_NAMESPACES": "trust",
    "Endpoint": "plugin_api",
    "KnownMachine": "known",
    "Machine": "machine",
    "MachineFileError": "errors",
    "MachinesError": "errors",
    "NATIVE": "native",
    "NamespaceSupport": "support",
    "NativeProvider": "native",
    "Origin": "support",
    "OriginKind": "support",
    "Platform": "platform",
    "PluginDescription": "plugin_api",
    "PluginEnvironments": "plugins",
    "PluginError": "plugin_api",
    "PluginFeature": "plugin_api",
    "PluginRunner": "plugins",
    "PreparedEnvironment": "plugins",
    "ProviderPolicy": "policy",
    "Providers": "providing",
    "TrustEntry": "trust",
    "TrustError": "trust",
    "TrustStore": "trust",
    "as_supported": "providing",
    "known_machines": "known",
    "match_native": "native",
    "parse_machine_file": "machine_file",
    "read_machine_file": "machine_file",
    "write_machine_file": "machine_file",
}

__all__ = [
    "ALL_NAMESPACES",
    "NATIVE",
    "Endpoint",
    "KnownMachine",
    "Machine",
    "MachineFileError",
    "MachinesError",
    "NamespaceSupport",
    "NativeProvider",
    "Origin",
    "OriginKind",
    "Platform",
    "PluginDescription",
    "PluginEnvironments",
    "PluginError",
    "PluginFeature",
    "PluginRunner",
    "PreparedEnvironment",
    "ProviderPolicy",
    "Providers",
    "TrustEntry",
    "TrustError",
    "TrustStore",
    "as_supported",
    "known_machines",
    "match_native",
    "parse_machine_file",
    "read_machine_file",
    "write_machine_file",
]

__getattr__, __dir__ = front_door(__name__, globals(), _HOMES)
