"""Stand-alone scripts that load driver libraries, each run in a process of its own; never imported."""
