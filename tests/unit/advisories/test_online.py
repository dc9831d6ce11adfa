"""The door to pip-audit: what its services pass over or fail at is said, never taken for clean."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from reprocheck.advisories import online
from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.lookup import Pinned, ask
from reprocheck.advisories.online import OnlineService

service_module = pytest.importorskip("pip_audit._service")
Version = pytest.importorskip("packaging.version").Version


def service(answer: Callable[[Any], Any], *, seconds: float = 60.0) -> OnlineService:
    """A service of pip-audit's own kind that answers as told."""

    class Told(service_module.VulnerabilityService):  # type: ignore[misc,name-defined]
        def query(self, spec: Any) -> Any:  # noqa: ANN401 -- pip-audit has no types
            return answer(spec)

    return OnlineService("Told", Told(), date="2026-01-02", total_seconds=seconds)


def vulnerable(spec: Any) -> Any:  # noqa: ANN401 -- pip-audit has no types
    result = service_module.VulnerabilityResult.create(
        ids=["GHSA-1", "PYSEC-1", "CVE-1"],
        description="It\n  leaks.",
        fix_versions=[Version("3.0"), Version("1.0"), Version("2.1")],
        published=None,
    )
    return spec, [result]


def test_an_answer_keeps_aliases_and_later_fixes_only() -> None:
    (found,) = ask(service(vulnerable), Pinned("acme", "2.0+cu121")).advisories
    assert (found.id, found.aliases, found.fixed, found.summary) == (
        "PYSEC-1",
        ("CVE-1", "GHSA-1"),
        ("2.1", "3.0"),
        "It leaks.",
    )


def test_the_public_version_is_asked_for() -> None:
    asked: list[Any] = []

    def answer(spec: Any) -> Any:  # noqa: ANN401 -- pip-audit has no types
        asked.append(str(spec.version))
        return spec, []

    assert ask(service(answer), Pinned("acme", "2.0+cu121")).advisories == ()
    assert asked == ["2.0"]


def test_what_the_service_skips_is_not_answered() -> None:
    skipped = service_module.SkippedDependency(name="acme", skip_reason="not found")
    answer = ask(service(lambda _: (skipped, [])), Pinned("acme", "1.0"))
    assert answer.failure == "Told does not know acme 1.0"


def test_a_service_that_fails_again_and_again_is_given_up() -> None:
    def fail(_: Any) -> Any:  # noqa: ANN401 -- pip-audit has no types
        raise service_module.ServiceError("down")

    told = service(fail)
    for _ in range(online.FAILURES - 1):
        assert ask(told, Pinned("acme", "1.0")).failure == "the look-up failed (ServiceError: down)"
    with pytest.raises(AdvisoryError, match="Told does not answer"):
        ask(told, Pinned("acme", "1.0"))


def test_an_answer_in_between_starts_the_count_again() -> None:
    replies = iter([False, False, True, False, False])

    def answer(spec: Any) -> Any:  # noqa: ANN401 -- pip-audit has no types
        if next(replies):
            return spec, []
        raise service_module.ConnectionError("away")

    told = service(answer)
    assert [bool(ask(told, Pinned("acme", "1.0")).failure) for _ in range(5)] == [True, True, False, True, True]


def test_all_answers_together_are_waited_for_so_long_only() -> None:
    with pytest.raises(AdvisoryError, match="was too slow"):
        ask(service(vulnerable, seconds=-1.0), Pinned("acme", "1.0"))


def test_a_host_that_can_not_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        # Bound and not listening: whoever connects is refused.
        with pytest.raises(AdvisoryError, match=r"PyPI \(127.0.0.1\) cannot be reached"):
            online._reach("PyPI", "127.0.0.1", held.getsockname()[1])


def test_behind_a_proxy_the_host_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    online._reach("PyPI", "127.0.0.1", 9)
