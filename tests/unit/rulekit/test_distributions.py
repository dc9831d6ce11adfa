"""What the catalog knows of distributions and of the end of releases."""

from __future__ import annotations

import pytest

from reprocheck.rulekit.catalog import Catalog, CatalogError, read_catalog_file
from reprocheck.rulekit.loading import KnowledgeSources, load_catalog

OWN = """
[distributions]
acme-vision = { imports = ["acme.vision", "acv"], brings = ["torch"] }
acme-tools = { imports = ["acme.tools"], brings = ["acme-vision"] }
plain-name = {}

[end_of_life.python]
checked = "2026-01-15"
source = "https://example.org"
versions = { "3.8" = "2024-10-07", "3.10" = "2026-10-31", "4" = "2025-06" }
"""


@pytest.fixture(scope="module")
def own() -> Catalog:
    return Catalog([read_catalog_file(OWN, "own.toml")])


def test_modules_lead_to_the_distributions_that_install_them(own: Catalog) -> None:
    known = own.distributions
    assert known.providers("acme.vision.nets") == ("acme-vision",)
    assert known.providers("acv") == ("acme-vision",)
    assert known.providers("plain_name.part") == ("plain-name",)
    assert known.providers("acme.other") == ()
    assert known.is_shared("acme.other")
    assert not known.is_shared("plain_name")


def test_what_is_unknown_is_taken_to_install_its_name(own: Catalog) -> None:
    assert own.distributions.imports("some-thing") == ("some_thing",)
    assert own.distributions.imports("acme-tools") == ("acme.tools",)


def test_what_is_brought_brings_its_own(own: Catalog) -> None:
    assert own.distributions.brought(["acme-tools"]) == {"acme-vision", "torch"}


def test_extras_bring_more_and_the_distribution_itself() -> None:
    brings = '[brings]\n"acme[plots]" = "seaborn"\nacme = "torch"\n'
    known = Catalog([read_catalog_file(OWN + brings, "own.toml")]).distributions
    assert known.brought(["acme"]) == {"torch"}
    assert known.brought(["acme[plots]"]) == {"acme", "seaborn", "torch"}
    assert known.brought(["acme[other]"]) == {"acme", "torch"}


def test_what_many_bring_is_common() -> None:
    rows = "".join(f'p{number} = {{ brings = ["numpy", "own{number}"] }}\n' for number in range(8))
    known = Catalog([read_catalog_file(f"[distributions]\n{rows}", "own.toml")]).distributions
    assert known.common == {"numpy"}


def test_a_release_has_ended_when_that_was_known_on_the_day_of_looking(own: Catalog) -> None:
    python = own.end_of_life["python"]
    assert [python.ended(version) for version in ("3.8.19", "3.8", "3.10.2", "3.12", "4.1")] == [
        "2024-10-07",
        "2024-10-07",
        None,
        None,
        "2025-06",
    ]


def test_files_add_to_what_others_say() -> None:
    more = '[distributions]\nplain-name = { deprecated = "archived" }\nacv = {}\n'
    merged = Catalog([read_catalog_file(OWN, "own.toml"), read_catalog_file(more, "more.toml")]).distributions
    assert merged.known["plain-name"].deprecated == "archived"
    assert merged.known["acme-vision"].brings == ("torch",)
    assert merged.providers("acv") == ("acme-vision", "acv")


@pytest.mark.parametrize("table", ["PyYAML = {}", "scikit_learn = {}", 'x = { import = ["y"] }'])
def test_a_name_or_field_that_would_never_be_found_is_an_error(table: str) -> None:
    with pytest.raises(CatalogError, match=r"own\.toml"):
        read_catalog_file(f"[distributions]\n{table}\n", "own.toml")


def test_the_catalog_knows_common_names_and_gives_a_source_for_each_end() -> None:
    known = load_catalog(KnowledgeSources())
    assert "scikit-learn" in known.distributions.providers("sklearn.svm")
    assert "pillow" in known.distributions.providers("PIL.Image")
    assert "numpy" in known.distributions.brought(["pytorch-lightning"])
    assert all(entry.source for entry in known.distributions.known.values() if entry.deprecated)
    assert all(entry.source and entry.checked for entry in known.end_of_life.values())
