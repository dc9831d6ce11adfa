"""The door to pip-audit: its services answer for single versions, with bounded patience and nothing passed over.

pip-audit skips what its service doesn't know and says so in a log line only; here that is an answer of its own.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.lookup import NotAnsweredError
from reprocheck.model.audit import Advisory, AdvisorySource

if TYPE_CHECKING:
    from pip_audit._service import VulnerabilityResult, VulnerabilityService  # type: ignore[import-untyped]

SECONDS: Final = 10
"""Patience with one answer."""
TOTAL_SECONDS: Final = 300.0
"""Patience with all answers together."""
FAILURES: Final = 3
"""Answers that may fail one after the other before the service is given up."""
SERVICES: Final = {"pypi": ("PyPI", "pypi.org"), "osv": ("OSV", "api.osv.dev")}
"""Name for people and host, by the name given to `--audit-service`."""


class OnlineService:
    """A service of pip-audit."""

    def __init__(
        self, name: str, service: VulnerabilityService, *, date: str, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        """`date` is today's, since the answers are of today."""
        self._service = service
        self._end = time.monotonic() + total_seconds
        self._failed = 0
        self._source = AdvisorySource(kind="online", name=name, date=date)

    @property
    def source(self) -> AdvisorySource:
        """What stands in every report."""
        return self._source

    def advisories(self, package: str, version: Version) -> list[Advisory]:
        """What is known of one version.

        Raises NotAnsweredError for one that the service doesn't know, AdvisoryError when it has stopped answering.
        """
        from pip_audit._service import ResolvedDependency, ServiceError, SkippedDependency
        from requests import RequestException

        if time.monotonic() > self._end:
            raise AdvisoryError(f"{self._source.name} was too slow: not all packages could be looked up")
        public = Version(version.public)
        try:
            answered, results = self._service.query(ResolvedDependency(package, public))
        except (ServiceError, RequestException, ValueError, KeyError, TypeError) as error:
            self._failed += 1
            if self._failed >= FAILURES:
                raise AdvisoryError(f"{self._source.name} does not answer: {_reason(error)}") from error
            raise NotAnsweredError(f"the look-up failed ({_reason(error)})") from error
        self._failed = 0
        if isinstance(answered, SkippedDependency):
            raise NotAnsweredError(f"{self._source.name} does not know {package} {public}")
        return [_advisory(result, public) for result in results]


def connect(service: str, *, date: str, cache: Path) -> OnlineService:
    """A service that answers; raises AdvisoryError where pip-audit isn't installed or the host can't be reached.

    Answers are kept in `cache`: pip-audit's default folder is pip's own, and finding it tidies up files of the user's.
    """
    label, host = SERVICES[service]
    try:
        from pip_audit._service import OsvService, PyPIService
    except ImportError:
        raise AdvisoryError("asking a service needs pip-audit: install `reprocheck[audit]`") from None
    _reach(label, host)
    kind = PyPIService if service == "pypi" else OsvService
    return OnlineService(label, kind(cache_dir=cache, timeout=SECONDS), date=date)


def _reach(label: str, host: str, port: int = 443) -> None:
    """Try whether a connection can be made at all, so that a machine without network is told so at once."""
    from urllib.request import getproxies

    if "https" in getproxies() or "all" in getproxies():
        return
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        raise AdvisoryError(f"{label} ({host}) cannot be reached: {error.strerror or error}") from error


def _advisory(result: VulnerabilityResult, version: Version) -> Advisory:
    return Advisory(
        id=result.id,
        aliases=tuple(sorted(result.aliases)),
        summary=" ".join(result.description.split())[:300],
        fixed=tuple(str(fix) for fix in sorted(result.fix_versions) if fix > version),
    )


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())[:200]
