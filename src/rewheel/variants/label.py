"""Variant labels: the short name at the end of a wheel's file name (PEP 825, variant label)."""

__all__ = ["NULL_LABEL", "check_label", "is_label"]

NULL_LABEL = "null"
"""The reserved label of the variant without properties, which every machine supports."""

_ALLOWED = "abcdefghijklmnopqrstuvwxyz0123456789_."


def is_label(text: str) -> bool:
    """Tell whether `text` is a label: one or more lowercase letters, digits, dots and underscores."""
    return bool(text) and not text.strip(_ALLOWED)


def check_label(text: str) -> str:
    """Return `text` if it is a label; raises `InvalidLabel` otherwise.

    Labels have no longest length: a limit of 16 characters belongs to drafts and is not enforced.
    """
    if not is_label(text):
        from rewheel.variants.errors import InvalidLabel

        raise InvalidLabel(text)
    return text
