"""Our own detectors, one module per well-known namespace, each a function from a `Host` to a `Detection`.

Every module has `detect(host)`, and `ALL_VALUES`: its features in order, each with every value that a
wheel may use. None of them needs the hardware that it looks for, and none raises for foreign reasons
other than `MalformedOverride`.
"""
