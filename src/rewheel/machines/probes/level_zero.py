"""Ask Level Zero for the GPUs that it drives: their vendors and the versions of their architecture (IP).

A stand-alone script, run in its own process: `python -I -S level_zero.py LIBRARY…`. The first library
that loads is asked. Prints one marked line of JSON with `library` (null if none loads) and `devices`
(null if they cannot be listed), each with `vendor` and `ip`. Structures and constants are those of the
Level Zero specification.
"""

import ctypes
import json
import os
import sys
from collections.abc import Callable
from typing import Any

MOST_HANDLES = 256
GPU_DRIVERS = 1
INIT_DRIVER_TYPE_DESC = 0x20021
DEVICE_PROPERTIES = 0x3
DEVICE_IP_VERSION = 0x1000F


class InitDriverTypeDesc(ctypes.Structure):
    """ze_init_driver_type_desc_t."""

    _fields_ = (("stype", ctypes.c_uint32), ("next", ctypes.c_void_p), ("flags", ctypes.c_uint32))


class IpVersion(ctypes.Structure):
    """ze_device_ip_version_ext_t."""

    _fields_ = (("stype", ctypes.c_uint32), ("next", ctypes.c_void_p), ("version", ctypes.c_uint32))


class DeviceProperties(ctypes.Structure):
    """ze_device_properties_t."""

    _fields_ = (
        ("stype", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("type", ctypes.c_uint32),
        ("vendor", ctypes.c_uint32),
        ("device", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("subdevice", ctypes.c_uint32),
        ("core_clock_rate", ctypes.c_uint32),
        ("max_mem_alloc_size", ctypes.c_uint64),
        ("max_hardware_contexts", ctypes.c_uint32),
        ("max_command_queue_priority", ctypes.c_uint32),
        ("threads_per_eu", ctypes.c_uint32),
        ("physical_eu_simd_width", ctypes.c_uint32),
        ("eus_per_subslice", ctypes.c_uint32),
        ("subslices_per_slice", ctypes.c_uint32),
        ("slices", ctypes.c_uint32),
        ("timer_resolution", ctypes.c_uint64),
        ("timestamp_valid_bits", ctypes.c_uint32),
        ("kernel_timestamp_valid_bits", ctypes.c_uint32),
        ("uuid", ctypes.c_uint8 * 16),
        ("name", ctypes.c_char * 256),
    )


Ask = Callable[[Any, Any], int]
"""A function that fills in a count, and handles if there is room for them; 0 is success."""


def load(names: list[str]) -> tuple[str, ctypes.CDLL | None]:
    """Load the first library that can be loaded; ("", None) if there is none."""
    for name in names:
        try:
            return name, ctypes.CDLL(name)
        except OSError:
            continue
    return "", None


def handles(ask: Ask) -> list[ctypes.c_void_p] | None:
    """Ask how many handles there are, then for the handles; None if that fails."""
    count = ctypes.c_uint32()
    if ask(ctypes.byref(count), None) != 0:
        return None
    count.value = min(count.value, MOST_HANDLES)
    if not count.value:
        return []
    found = (ctypes.c_void_p * count.value)()
    if ask(ctypes.byref(count), found) != 0:
        return None
    return [ctypes.c_void_p(handle) for handle in found[: count.value]]


def drivers(library: ctypes.CDLL) -> list[ctypes.c_void_p] | None:
    """List the GPU drivers; loaders before 1.10 know only the two older functions."""
    if hasattr(library, "zeInitDrivers"):
        wanted = InitDriverTypeDesc(INIT_DRIVER_TYPE_DESC, None, GPU_DRIVERS)
        found = handles(lambda count, room: library.zeInitDrivers(count, room, ctypes.byref(wanted)))
        if found is not None:
            return found
    if hasattr(library, "zeInit") and library.zeInit(ctypes.c_uint32(GPU_DRIVERS)) == 0:
        return handles(library.zeDriverGet)
    return None


def devices(library: ctypes.CDLL) -> list[dict[str, int]] | None:
    """List the GPUs of all drivers; one that does not answer is left out."""
    found = drivers(library)
    if found is None:
        return None
    described = []
    for driver in found:
        for device in handles(lambda count, room, of=driver: library.zeDeviceGet(of, count, room)) or []:  # type: ignore[misc]
            version = IpVersion(DEVICE_IP_VERSION, None, 0)
            properties = DeviceProperties(DEVICE_PROPERTIES, ctypes.addressof(version))
            if library.zeDeviceGetProperties(device, ctypes.byref(properties)) == 0:
                described.append({"vendor": int(properties.vendor), "ip": int(version.version)})
    return described


def main() -> None:
    """Ask and print."""
    name, library = load(sys.argv[1:])
    answer = {"library": name or None, "devices": None if library is None else devices(library)}
    sys.stdout.write(f"\nrewheel-probe:{json.dumps(answer)}\n")
    sys.stdout.flush()
    os._exit(0)  # the answer is out; a driver that crashes while it is unloaded shall not spoil it


if __name__ == "__main__":
    main()
