"""Says before anything starts whether a TCP port is free."""

import socket
import sys

from tooling.errors import CommandError

HOST = "127.0.0.1"
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


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


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
