"""Wheel files: safe reading, RECORD, reproducible writing, and turning wheels into variants and back."""
