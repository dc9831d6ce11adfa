"""Which declared versions are looked up, which are not, and what is said of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from reprocheck.advisories import online
from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.lookup import Answers, NotAnsweredError
from reprocheck.app import advisory_database
from reprocheck.app.audit import DATABASE, ONLINE, Audited, AuditRequest, audit
from reprocheck.app.audit_findings import findings_of
from reprocheck.model.audit import Advisory, AdvisorySource, Audit, Vulnerable
from reprocheck.model.finding import Finding
from reprocheck.model.place import Place, Span
from reprocheck.project.discovery import discover

RECORDS = Path(__file__).resolve().parents[2] / "data" / "advisories"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("advisories") / "advisories.sqlite"
    advisory_database.update(path, str(RECORDS))
    return path


def audited(
    root: Path,
    database: Path,
    files: dict[str, str],
    *,
    source: str = DATABASE,
    connect: Callable[..., Answers] = online.connect,
) -> Audited:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    request = AuditRequest(source=source, database=database, cache=root / "cache", date="2026-01-02", connect=connect)
    return audit(request, discover(root, []))


def unreachable(*_: object, **__: object) -> Answers:
    raise AdvisoryError("PyPI cannot be reached")


def lookups(found: Audited) -> tuple[set[tuple[str, str, str, int]], set[tuple[str, str]]]:
    """Vulnerable packages with their places, and packages that were not looked up with the reason."""
    assert found.audit is not None
    vulnerable = {(v.package, v.version, v.place.path, v.place.span.line) for v in found.audit.vulnerable}
    return vulnerable, {(u.package, u.reason) for u in found.audit.unaudited}


def findings(found: Audited) -> list[Finding]:
    assert found.audit is not None
    return list(findings_of(found.audit))


def test_every_line_is_looked_up_or_named(tmp_path: Path, database: Path) -> None:
    text = "acme-net==2.0\nacme_table>=0.1\nnumpy\nacme-table @ https://example.org/t.whl\n-e .\ngit+https://example.org/x.git#egg=other\n"
    vulnerable, unaudited = lookups(audited(tmp_path, database, {"requirements.txt": text}))
    assert vulnerable == {("acme-net", "2.0", "requirements.txt", 1)}
    assert unaudited == {
        ("acme-table", "no exact version (`>=0.1`)"),
        ("numpy", "no exact version"),
        ("acme-table", "installed from a URL"),
        ("other", "installed from git"),
    }


def test_a_lock_answers_for_the_manifest_beside_it(tmp_path: Path, database: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'mine'\nversion = '1'\ndependencies = ['acme-net']\n",
        "uv.lock": (
            "version = 1\n\n[[package]]\nname = 'mine'\nversion = '1'\nsource = { editable = '.' }\n\n"
            "[[package]]\nname = 'acme-net'\nversion = '1.9'\nsource = { registry = 'https://example.org/simple' }\n"
        ),
    }
    found = audited(tmp_path, database, files)
    assert lookups(found) == ({("acme-net", "1.9", "uv.lock", 9)}, set())
    assert found.incomplete == ()
    assert found.audit is not None
    assert found.audit.audited == 1


def test_a_constraint_gives_the_version_of_an_open_line(tmp_path: Path, database: Path) -> None:
    files = {"requirements.txt": "-c constraints.txt\nacme-net\n", "constraints.txt": "acme-net==2.0\n"}
    assert lookups(audited(tmp_path, database, files)) == ({("acme-net", "2.0", "requirements.txt", 2)}, set())


def test_conda_packages_are_not_taken_for_those_of_pypi(tmp_path: Path, database: Path) -> None:
    text = "channels: [conda-forge]\ndependencies:\n  - acme-net=2.0.0\n  - pip:\n    - acme-table==0.1\n"
    vulnerable, unaudited = lookups(audited(tmp_path, database, {"environment.yml": text}))
    assert vulnerable == {("acme-table", "0.1", "environment.yml", 5)}
    assert unaudited == {("acme-net", "a conda package: advisories are about those of PyPI")}


def test_a_file_that_can_not_be_read_leaves_the_audit_incomplete(tmp_path: Path, database: Path) -> None:
    found = audited(
        tmp_path, database, {"poetry.lock": "[[package]\nname = 'acme-net'\n", "r/requirements.txt": "acme-net==3\n"}
    )
    assert [reason.partition(": ")[0] for reason in found.incomplete] == ["not audited"]
    assert "poetry.lock" in found.incomplete[0]


def test_a_project_that_declares_nothing_is_not_clean(tmp_path: Path, database: Path) -> None:
    assert audited(tmp_path, database, {"train.py": "import acme_net\n"}).incomplete == (
        "dependencies were not audited: no file declares any",
    )


@pytest.mark.parametrize("source", [DATABASE, "auto", ONLINE])
def test_where_nobody_can_be_asked_nothing_is_audited(tmp_path: Path, source: str) -> None:
    files = {"requirements.txt": "acme-net==2.0\n"}
    found = audited(tmp_path, tmp_path / "none.sqlite", files, source=source, connect=unreachable)
    assert found.audit is None
    assert found.incomplete[0].startswith("dependencies were not audited: ")
    assert ("reprocheck db update" in found.incomplete[0]) is (source != ONLINE)


def test_without_a_service_the_database_answers_and_says_so(tmp_path: Path, database: Path) -> None:
    files = {"requirements.txt": "acme-net==2.0\n"}
    found = audited(tmp_path, database, files, source="auto", connect=unreachable)
    assert found.audit is not None
    assert found.audit.source.kind == "database"
    assert "the local database of advisories answers instead" in found.messages[0]


class Told:
    """A service that answers as told."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.source = AdvisorySource(kind="online", name="Told", date="2026-01-02")
        self._left = fails_after

    def advisories(self, package: str, version: Version) -> list[Advisory]:
        if self._left is None:
            raise NotAnsweredError(f"Told does not know {package} {version}")
        if not self._left:
            raise AdvisoryError("Told does not answer")
        self._left -= 1
        return []


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Told(), "Told knows none of the declared packages, as a mirror might"),
        (Told(fails_after=1), "Told does not answer"),
    ],
)
def test_a_service_that_says_nothing_gives_way_to_the_database(
    tmp_path: Path, database: Path, service: Told, why: str
) -> None:
    files = {"requirements.txt": "acme-table==9\nacme-net==2.0\n"}
    found = audited(tmp_path, database, files, source="auto", connect=lambda *_, **__: service)
    assert found.audit is not None
    assert found.audit.source.kind == "database"
    assert found.messages == (f"{why}; the local database of advisories answers instead",)
    assert lookups(found) == ({("acme-net", "2.0", "requirements.txt", 2)}, set())


def test_a_service_that_breaks_off_without_a_database_leaves_the_rest_open(tmp_path: Path) -> None:
    files = {"requirements.txt": "acme-table==9\nacme-net==2.0\nacme-net==2.1\n"}
    service = Told(fails_after=1)
    found = audited(tmp_path, tmp_path / "none", files, source="auto", connect=lambda *_, **__: service)
    assert lookups(found) == (set(), {("acme-net", "the look-up had broken off")})
    assert found.incomplete == ("the audit broke off: Told does not answer",)


def test_messages_name_advisories_and_the_way_out(tmp_path: Path, database: Path) -> None:
    found = findings(audited(tmp_path, database, {"requirements.txt": "acme-net==1.9\nacme-table==0.1\nnumpy\n"}))
    assert [finding.message for finding in found] == [
        "`acme-net` 1.9 has a known vulnerability: CVE-2030-1111 (critical); fixed in 1.10",
        "`acme-table` 0.1 has a known vulnerability: CVE-2030-2222 (medium); fixed in 0.6",
        "a package of this file could not be looked up in advisories: no exact version (`numpy`)",
    ]


def test_an_advisory_without_a_fix_is_told_apart(tmp_path: Path, database: Path) -> None:
    (finding,) = findings(audited(tmp_path, database, {"requirements.txt": "acme-net==2.1.0\n"}))
    assert finding.message == (
        "`acme-net` 2.1.0 has 2 known vulnerabilities: CVE-2030-1111 (critical), PYSEC-2030-2; 1 of them without a "
        "known fix"
    )


def test_the_identity_of_a_finding_changes_with_its_advisories_only(tmp_path: Path, database: Path) -> None:
    def identity(text: str) -> str:
        (finding,) = findings(audited(tmp_path, database, {"requirements.txt": text}))
        return finding.fingerprint

    assert identity("acme-net==1.8\n") == identity("# moved\nacme-net==1.9\n")
    assert identity("acme-net==1.8\n") != identity("acme-net==2.1\n")
    assert identity("acme-net==1.8\n") != identity("acme-table==0.1\n")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Advisory(id="PYSEC-2030-1", aliases=("CVE-2030-1", "GHSA-a")), Advisory(id="GHSA-a", aliases=("CVE-2030-1",))),
        (Advisory(id="PYSEC-2030-2", aliases=("GHSA-b",)), Advisory(id="GHSA-b", aliases=("PYSEC-2030-2",))),
    ],
)
def test_a_vulnerability_keeps_its_identity_under_the_names_of_another_source(one: Advisory, other: Advisory) -> None:
    place = Place("requirements.txt", Span(1, 0, 1, 13))
    source = AdvisorySource(kind="online", name="somewhere")
    vulnerable = [Vulnerable(package="a", version="1", place=place, advisories=(named,)) for named in (one, other)]
    audits = [Audit(source=source, audited=1, vulnerable=(item,)) for item in vulnerable]
    first, second = (next(findings_of(made)) for made in audits)
    assert first.fingerprint == second.fingerprint
