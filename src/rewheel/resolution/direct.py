"""Wheels that a requirement names by path or URL (PEP 508, direct references)."""
