"""What hadolint's rules on pinning ask for is asked for here too: each with a line that it flags and one it allows."""

from __future__ import annotations

import pytest

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer

DIGEST = "@sha256:" + "0123456789abcdef" * 4
BASE = f"FROM python:3.12.4-slim{DIGEST}\n"
CASES = [
    ("DL3006", "ENV007", "FROM debian\n", f"FROM debian:12.6{DIGEST}\n"),
    ("DL3006", "ENV007", "FROM debian AS a\nFROM a\n", f"FROM debian:12.6{DIGEST} AS a\nFROM a\n"),
    ("DL3007", "ENV007", "FROM debian:latest\n", f"FROM debian:bookworm-20240722{DIGEST}\n"),
    (
        "DL3008",
        "ENV008",
        "RUN apt-get update && apt-get install -y curl",
        "RUN apt-get install -y curl=7.88.1-10+deb12u6",
    ),
    ("DL3008", "ENV008", "RUN apt install --no-install-recommends git", "RUN apt install git=1:2.39.2-1.1 ./local.deb"),
    ("DL3013", "ENV008", "RUN pip install django", "RUN pip install django==5.0.7"),
    ("DL3013", "ENV008", "RUN pip3 install --upgrade 'flask>=3'", "RUN pip install -r requirements.txt"),
    ("DL3013", "ENV008", "RUN python3 -m pip install numpy", "RUN python3 -m pip install numpy==1.26.4"),
    ("DL3016", "ENV008", "RUN npm install express", "RUN npm install express@4.19.2"),
    ("DL3016", "ENV008", "RUN npm install -g @team/tool", "RUN npm install -g @team/tool@1.0.0"),
    ("DL3018", "ENV008", "RUN apk add --no-cache foo", "RUN apk add --no-cache foo=1.0-r0"),
    ("DL3028", "ENV008", "RUN gem install bundler", "RUN gem install bundler:2.5.16"),
    ("DL3028", "ENV008", "RUN gem install jekyll rake", "RUN gem install jekyll -v 4.3.3"),
    ("DL3033", "ENV008", "RUN yum install -y httpd", "RUN yum install -y httpd-2.4.37-65.el8"),
    ("DL3037", "ENV008", "RUN zypper install -y httpd", "RUN zypper install -y httpd=2.4.51-1"),
    ("DL3041", "ENV008", "RUN dnf install -y httpd", "RUN dnf install -y httpd-2.4.62-1.fc40"),
    ("DL3041", "ENV008", "RUN microdnf install httpd", "RUN microdnf install httpd-2.4.62-1.fc40"),
    ("DL3062", "ENV008", "RUN go install example.com/tool@latest", "RUN go install example.com/tool@v1.2.3"),
    ("DL3062", "ENV008", "RUN go install example.com/tool", "RUN go install ./cmd/tool"),
    ("DL3005", "ENV008", "RUN apt-get update && apt-get dist-upgrade -y", "RUN apt-get update"),
    ("DL3017", "ENV008", "RUN apk upgrade", "RUN apk update"),
    ("DL3031", "ENV008", "RUN yum update -y", "RUN yum clean all"),
    ("DL3035", "ENV008", "RUN zypper dist-upgrade", "RUN zypper clean"),
    ("DL3039", "ENV008", "RUN dnf upgrade -y", "RUN dnf clean all"),
]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    knowledge = load_knowledge(KnowledgeSources())
    return Analyzer([knowledge.rules[code] for code in ("ENV007", "ENV008", "ENV014")], knowledge.catalog)


def codes(analyzer: Analyzer, text: str) -> set[str]:
    file = ProjectFile("Dockerfile", "", FileKind.DOCKERFILE, len(text))
    text = text if text.startswith("FROM") else BASE + text + "\n"
    return {finding.code for finding in analyzer.analyze(file, text.encode()).findings}


@pytest.mark.parametrize(("code", "ours", "loose", "pinned"), CASES, ids=[f"{c[0]} {c[2].strip()}" for c in CASES])
def test_what_hadolint_asks_to_pin_is_asked_for(
    analyzer: Analyzer, code: str, ours: str, loose: str, pinned: str
) -> None:
    assert code.startswith("DL")
    assert ours in codes(analyzer, loose)
    assert codes(analyzer, pinned) == set()
