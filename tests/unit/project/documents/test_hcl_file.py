"""Terraform's files are read as far as their values stand in them."""

from __future__ import annotations

from reprocheck.project.documents.hcl_file import read_hcl
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, Sequence
from reprocheck.project.source import SourceText

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

TEXT = """\
# a comment { with a brace
terraform {
  required_version = ">= 1.5" // why
}

resource "kubernetes_deployment" "train" {
  spec {
    container {
      name  = "train" /* and
      more { */
      image = "team/train:latest"
      args  = ["--fast", "{"]
      replicas = 2
      private = true
    }
  }
  tag     = "v${var.version}"
  user    = <<-EOF
    image = "not/this"
    EOF
  labels = { app = "train" }
}
"""


def read(text: str) -> Document:
    return read_hcl(SourceText("main.tf", text))


def plain(node: Node) -> Plain:
    match node:
        case Scalar(value):
            return value
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(entries):
            return {str(entry.key.value): plain(entry.value) for entry in entries}


def test_blocks_and_attributes_are_read() -> None:
    document = read(TEXT)
    assert document.problems == ()
    assert plain(document.roots[0]) == {
        "terraform": {"required_version": ">= 1.5"},
        "resource": {
            "kubernetes_deployment": {
                "train": {
                    "spec": {
                        "container": {"name": "train", "image": "team/train:latest", "replicas": 2, "private": True}
                    },
                    "labels": {"app": "train"},
                }
            }
        },
    }


def test_values_have_their_places() -> None:
    root = read(TEXT).roots[0]
    for name in ("resource", "kubernetes_deployment", "train", "spec", "container", "image"):
        assert isinstance(root, Mapping)
        found = root.get(name)
        assert found is not None
        root = found
    assert (root.span.line, root.span.column) == (11, 15)


def test_broken_files_are_read_as_far_as_they_go() -> None:
    for text in ("", "}", "a {", 'a "b', "a = ", "<<EOF", "x { y = 1", "\0", "{" * 500, 'a = "\\', "a {" * 300):
        document = read(text)
        assert len(document.roots) == 1
    assert [problem.message for problem in read("a {\n").problems] == ["has a block that is not closed"]
    assert "levels deep" in read("a {" * 300).problems[0].message
