"""One small tree of errors; each says what was wrong, where, and what to do.

DedupeError
├── UsageError          the caller asked for something impossible      (exit 2)
│   ├── MissingExtra    an optional package is not installed
│   ├── ConfigError     an option, environment variable or TOML key is wrong
│   └── IndexMismatch   an index was made with other parameters
├── IndexFailure        the index cannot do what it was asked to       (exit 1)
│   ├── IndexUnavailable  its store does not answer, or refuses; a retry may succeed
│   └── IndexDamaged    what is stored cannot be read
├── FetchFailed         a request over HTTP got no answer that can be used  (exit 1)
└── InputError          what was read cannot be used
    ├── RecordRejected  one record; the rest of the input goes on      (exit 3)
    └── SourceUnreadable  a whole file or stream                       (exit 3)
"""

from __future__ import annotations


class DedupeError(Exception):
    """Root of every error that dedupe raises on purpose."""

    exit_code = 1


class UsageError(DedupeError):
    """The caller asked for something that cannot be done; nothing was started."""

    exit_code = 2


class ConfigError(UsageError):
    """An option, environment variable or TOML key has no meaning or a wrong value."""


class MissingExtra(UsageError):
    """A format needs an optional package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'newsdedupe[{extra}]'")
        self.extra = extra


class IndexMismatch(UsageError):
    """An index was made with other parameters than it is opened with."""


class IndexFailure(DedupeError):
    """The index cannot do what it was asked to."""


class IndexUnavailable(IndexFailure):
    """The store of the index does not answer, or refuses; nothing is lost, a retry may succeed."""


class IndexDamaged(IndexFailure):
    """What is stored in the index cannot be read; other parts of it may be."""


class FetchFailed(DedupeError):
    """A request got no answer that can be used; another time it may.

    `why` is address, dns, connection, tls, timeout, too_large, redirects or protocol: a word to
    count by. `url` has no name or password in it.
    """

    def __init__(self, url: str, why: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.why = why
        self.reason = reason


class InputError(DedupeError):
    """Something that was read cannot be used; other input is not affected."""

    exit_code = 3


class RecordRejected(InputError):
    """One record cannot be used. `where` is `file:line` (or `file#n`), `reason` plain words."""

    def __init__(self, where: str, reason: str, id: str | None = None) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason
        self.id = id


class SourceUnreadable(InputError):
    """A whole file or stream cannot be read; what came before it is kept."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason
