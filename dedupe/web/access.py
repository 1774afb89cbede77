"""Who may ask: bearers of a token, or everybody of this machine where there is none."""

from __future__ import annotations

import hmac
import ipaddress
from hashlib import sha256
from pathlib import Path

from dedupe.errors import UsageError

_LEAST = 16  # characters of a token


class Tokens:
    """The tokens that are taken; any number, so that one can be replaced without a gap."""

    def __init__(self, path: str) -> None:
        """Raises UsageError where the file cannot be read, or has no token or too short a one."""
        self._path = path
        self._digests = self._read()

    def reread(self) -> None:
        """Read the file again. Raises UsageError, and goes on with the old ones."""
        self._digests = self._read()

    def _read(self) -> list[bytes]:
        try:
            lines = Path(self._path).read_text(encoding="ascii").splitlines()
        except OSError as error:
            raise UsageError(f"{self._path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(f"{self._path}: a token is plain ASCII, one on a line") from error
        tokens = [line.strip() for line in lines if line.strip()]
        if not tokens or min(map(len, tokens)) < _LEAST:
            raise UsageError(f"{self._path}: a token has {_LEAST} characters or more, on a line")
        return [sha256(token.encode()).digest() for token in tokens]

    def admit(self, authorization: bytes) -> bool:
        """Whether an Authorization header bears one of them, in the same time whatever it bears."""
        scheme, _, token = authorization.partition(b" ")
        given = sha256(token.strip()).digest()
        known = [hmac.compare_digest(given, digest) for digest in self._digests]
        return scheme.lower() == b"bearer" and any(known)


def is_loopback(host: str) -> bool:
    """Whether a host, without a port, is this machine and nothing else."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(header: bytes) -> str:
    """The host of a Host header, without its port."""
    text = header.decode("latin-1")
    return (
        text[: text.index("]") + 1]
        if text.startswith("[") and "]" in text
        else (text.partition(":")[0])
    )
