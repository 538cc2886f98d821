"""Showing URLs without the secrets in them."""

__all__ = ["redact_url"]


def redact_url(url: str) -> str:
    """Replace what may be a secret in the URL: the password, or a user name that stands alone."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    credentials, at_sign, host = rest[:end].rpartition("@")
    if not at_sign:
        return url
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user + ':' if colon else ''}****@{host}{rest[end:]}"
