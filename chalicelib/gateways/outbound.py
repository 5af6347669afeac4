"""HTTP requests to addresses that an owner configured, such as those of webhooks.

What a name resolves to is not the owner's alone to say, so a request goes to a public address only, which is
looked up once and checked before connecting to that very one; no redirect and no proxy is followed.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from chalicelib.errors import SendingFailed

SECONDS = 10.0
"""What one request may take in all, the lookup of the name aside."""
MAX_ANSWER_BYTES = 64 * 1024
TRANSLATED = IPv6Network("64:ff9b::/96")
PORTS = {"https": 443, "http": 80}

Resolver = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; the body is the first 64 KB of it."""

    status: int
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises OSError."""
    return [
        str(found[4][0])
        for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    ]


@dataclass(frozen=True)
class Outbound:
    """Sends requests. Only stage `local` allows loopback addresses, and plain HTTP to them."""

    allow_loopback: bool = False
    seconds: float = SECONDS
    resolver: Resolver = resolve

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Send one request and return whatever was answered.

        Raises SendingFailed, whose reason holds neither an address nor anything that was sent or answered.
        """
        with _reasons():
            place = urlsplit(url)
            with self._connected(place) as connection:
                target = (place.path or "/") + (f"?{place.query}" if place.query else "")
                connection.request("POST", target, body, dict(headers))
                with connection.getresponse() as answer:
                    return HttpAnswer(answer.status, answer.read(MAX_ANSWER_BYTES))

    @contextmanager
    def _connected(self, place: SplitResult) -> Iterator[HTTPConnection]:
        """Connect to a checked address, and cut the line when the time is up."""
        host, port = place.hostname or "", place.port or PORTS.get(place.scheme, 0)
        address = self._checked_address(place.scheme, host, port)
        connection = HTTPConnection(host, port)
        line = socket.create_connection((address, port), timeout=self.seconds)
        if place.scheme == "https":
            line = ssl.create_default_context().wrap_socket(
                line, server_hostname=host, do_handshake_on_connect=False
            )
        # A socket's own limit is one for each read: who sends a byte a second never reaches it.
        time_is_up = Event()
        cutting = Timer(self.seconds, _cut, (line, time_is_up))
        cutting.daemon = True
        with line:
            cutting.start()
            try:
                if isinstance(line, ssl.SSLSocket):
                    line.do_handshake()
                connection.sock = line
                yield connection
            finally:
                cutting.cancel()
                if time_is_up.is_set():
                    # What was read until then can look like a whole answer.
                    raise TimeoutError

    def _checked_address(self, scheme: str, host: str, port: int) -> str:
        allowed = [each for each in self.resolver(host, port) if self._may_reach(scheme, ip_address(each))]
        if scheme not in PORTS or not allowed:
            raise SendingFailed("not a public https address")
        return allowed[0]

    def _may_reach(self, scheme: str, address: IPv4Address | IPv6Address) -> bool:
        if self.allow_loopback and address.is_loopback:
            return True
        return scheme == "https" and _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in TRANSLATED
    ):
        # These carry an IPv4 address, which may be a private one; a receiver that has no other is rare.
        return False
    return address.is_global and not address.is_multicast


def _cut(line: socket.socket, time_is_up: Event) -> None:
    time_is_up.set()
    with suppress(OSError):  # the other end was quicker
        line.shutdown(socket.SHUT_RDWR)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what can go wrong on the way into SendingFailed with a reason that gives nothing away."""
    try:
        yield
    except TimeoutError as error:
        raise SendingFailed("took too long") from error
    except ssl.SSLError as error:
        raise SendingFailed("its certificate could not be verified") from error
    except socket.gaierror as error:
        raise SendingFailed("its name could not be resolved") from error
    except ConnectionRefusedError as error:
        raise SendingFailed("the connection was refused") from error
    except (OSError, HTTPException, ValueError) as error:
        raise SendingFailed("the connection failed") from error
