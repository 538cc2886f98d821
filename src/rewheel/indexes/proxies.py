"""Which proxy, if any, stands between us and a host: the conventions of `http_proxy` and `no_proxy`."""

from collections.abc import Mapping

from rewheel.indexes.urls import Origin, split_credentials

__all__ = ["Proxy", "proxy_for"]

Proxy = tuple[Origin, tuple[str, str] | None]
"""Where the proxy listens, and the login for it."""


def proxy_for(origin: Origin, proxies: Mapping[str, str]) -> Proxy | None:
    """Choose the proxy for an origin; lower-case names win over upper-case ones.

    Raises ValueError for a proxy that is no plain `http://host:port`.
    """
    if not proxies:
        return None
    url = _get(proxies, f"{origin.scheme}_proxy") or _get(proxies, "all_proxy")
    if not url or _is_exempt(origin, _get(proxies, "no_proxy")):
        return None
    if "://" not in url:
        url = f"http://{url}"
    bare, login = split_credentials(url)
    if not bare.startswith("http://"):
        message = f"a proxy of the kind {bare.partition(':')[0]}:// is not supported, only http://"
        raise ValueError(message)
    try:
        return Origin.of(bare), login
    except ValueError:
        # What was given may hold a password, even where a port should be.
        message = "the proxy is not of the form http://[user:password@]host:port"
        raise ValueError(message) from None


def _get(proxies: Mapping[str, str], name: str) -> str:
    if value := proxies.get(name, ""):
        return value
    if name == "http_proxy" and "REQUEST_METHOD" in proxies:
        return ""  # in a CGI process HTTP_PROXY is what a stranger sent as the header "Proxy"
    return proxies.get(name.upper(), "")


def _is_exempt(origin: Origin, no_proxy: str) -> bool:
    for raw in no_proxy.replace(",", " ").split():
        entry = raw.lower()
        if entry in {"*", f"{origin.host}:{origin.port}"}:
            return True
        name = entry.removeprefix("*").lstrip(".").strip("[]")
        if name and (
            origin.host == name or origin.host.endswith(f".{name}") or _in_network(origin.host, name)
        ):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    if "/" not in network:
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
