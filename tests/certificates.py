"""Certificates for servers of the tests, signed by a root of the tests' own."""

import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """Signs certificates; `roots` is the file with its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test Root")
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(
            _pem(_draft(self._name, self._name, self._key, True).sign(self._key, hashes.SHA256()))
        )

    def server(self, host: str) -> ssl.SSLContext:
        """Return what a server of this name shows of itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        draft = _draft(_name(host), self._name, key, False)
        draft = draft.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        certificate = self._folder / f"{host}.pem"
        certificate.write_bytes(_pem(draft.sign(self._key, hashes.SHA256())) + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _draft(subject: x509.Name, issuer: x509.Name, key: Any, authority: bool) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
