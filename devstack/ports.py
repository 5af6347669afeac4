"""The ports that the local servers listen on, and by which names they may be called."""

import socket
import sys
from urllib.parse import urlsplit

from tooling.errors import CommandError

if sys.platform != "win32":
    import resource

HOST = "127.0.0.1"
LAST_PORT = 65535
MOST_WAITING_CONNECTIONS = 4096
"""How many new connections may wait for a server; systems cut it down to what they allow."""
ENOUGH_FILES = 2 * MOST_WAITING_CONNECTIONS
CONNECT_TIMEOUT_SECONDS = 0.5


def require_free_port(port: int, option: str) -> None:
    """Check that a server may listen on the port.

    Raises CommandError that names the port and the option that changes it.
    """
    if _answers(port):
        raise CommandError(f"Port {port} is in use by another program; choose another with {option}.")
    with socket.socket() as probe:
        _as_servers_do(probe)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise CommandError(
                f"Port {port} may not be used by this account; choose another with {option}."
            ) from None
        except OSError:
            raise CommandError(
                f"Port {port} is in use by another program; choose another with {option}."
            ) from None


def is_free(port: int) -> bool:
    """Say whether a server may listen on the port."""
    try:
        require_free_port(port, "")
    except CommandError:
        return False
    return True


def allow_many_connections() -> None:
    """Raise this process's limit of open files, which on many systems is met by a few hundred connections."""
    if sys.platform != "win32":
        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        is_enough = allowed == resource.RLIM_INFINITY or allowed >= ENOUGH_FILES
        if not is_enough:
            wanted = ENOUGH_FILES if most == resource.RLIM_INFINITY else min(most, ENOUGH_FILES)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_local_name(url: str) -> bool:
    """Say whether a URL's host is this machine by one of its own names.

    A foreign web page can let a name of its own point here (DNS rebinding), but none of these.
    """
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in {HOST, "localhost"} or name.endswith(".localhost")


def _answers(port: int) -> bool:
    # On macOS a second program can bind a port that another one serves on all addresses: binding is no proof.
    with socket.socket() as probe:
        probe.settimeout(CONNECT_TIMEOUT_SECONDS)
        return probe.connect_ex((HOST, port)) == 0


def _as_servers_do(probe: socket.socket) -> None:
    if sys.platform == "win32":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
