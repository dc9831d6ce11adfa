"""Knowledge as data: spelling, roles, and files that don't follow the schema."""

from __future__ import annotations

import pytest

from reprocheck.rulekit.catalog import Catalog, CatalogEntry, CatalogError, CatalogFile, read_catalog_file
from reprocheck.rulekit.loading import KnowledgeSources, load_catalog

TEXT = """
[aliases]
"tensorflow.keras" = "keras"
"lib.old" = "lib.new"
"a.loop" = "b.loop"
"b.loop" = "a.loop"

["lib.read"]
roles = ["reads"]
arguments = ["path", "mode"]
returns = "lib.Frame"

["lib.split"]
roles = ["splitter"]

["lib.split[]"]
returns = "lib.Frame"

["lib.Frame.*"]
roles = ["numeric"]

["lib.Frame.sample"]
roles = ["draw"]
family = "numpy"

["lib.new.go"]
roles = ["go"]
families = ["torch", "numpy"]
"""


@pytest.fixture
def catalog() -> Catalog:
    return Catalog([read_catalog_file(TEXT, "test.toml")])


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.keras", "keras"),
        ("tensorflow.keras_extra.x", "tensorflow.keras_extra.x"),
        ("lib.old.go", "lib.new.go"),
        ("lib._private.deep.go", "lib.deep.go"),
        ("sklearn.svm._classes.SVC().fit", "sklearn.svm.SVC.fit"),
        ("lib.read().sample", "lib.Frame.sample"),
        ("lib.read()", "lib.Frame.__call__"),
        ("lib.unknown().x", "lib.unknown().x"),
        ("lib.Thing().run", "lib.Thing.run"),
        ("lib.Thing().run().more", "lib.Thing.run().more"),
        ("lib.split()[0].sample", "lib.split()[0].sample"),
        (".Local.method", ".Local.method"),
        ("open", "open"),
        ("lib.__version__", "lib.__version__"),
    ],
)
def test_canonical_names(catalog: Catalog, name: str, canonical: str) -> None:
    assert catalog.canonical(name) == canonical
    assert catalog.canonical(name) == canonical


def test_aliases_in_a_circle_end(catalog: Catalog) -> None:
    assert catalog.canonical("a.loop.x") in {"a.loop.x", "b.loop.x"}


def test_instance_is_the_type_of_a_value(catalog: Catalog) -> None:
    assert catalog.instance("lib.read()") == "lib.Frame"
    assert catalog.instance("lib.Thing()") == "lib.Thing"


def test_exact_entries_win_over_patterns(catalog: Catalog) -> None:
    exact, pattern = catalog.entry("lib.Frame.sample"), catalog.entry("lib.Frame.mean")
    assert exact is not None
    assert exact.roles == {"draw"}
    assert pattern is not None
    assert pattern.roles == {"numeric"}
    assert catalog.entry("lib.Frame") is None
    assert catalog.with_role("draw") == ["lib.Frame.sample"]


def test_family_and_families_say_the_same(catalog: Catalog) -> None:
    one, several = catalog.entry("lib.Frame.sample"), catalog.entry("lib.new.go")
    assert one is not None
    assert several is not None
    assert (one.family, one.families) == ("numpy", ("numpy",))
    assert (several.family, several.families) == ("torch", ("torch", "numpy"))


def test_files_add_to_one_another() -> None:
    def file(**fields: object) -> CatalogFile:
        return CatalogFile(names={"lib.f": CatalogEntry(**fields)})  # type: ignore[arg-type]

    entry = Catalog(
        [
            file(roles=frozenset({"a"}), arguments=("x", "y"), returns="lib.A"),
            file(roles=frozenset({"b"}), arguments=("x",), family="numpy"),
        ]
    ).entry("lib.f")
    assert entry is not None
    assert entry.roles == {"a", "b"}
    assert (entry.arguments, entry.returns, entry.family) == (("x", "y"), "lib.A", "numpy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["a.b"\n', "bad.toml"),
        ('["a.b"]\nrole = ["x"]\n', "role"),
        ('["a.b"]\nroles = "x"\n', "roles"),
        ("[aliases]\na = 1\n", "aliases"),
        ("a = 1\n", "bad.toml"),
    ],
)
def test_file_that_does_not_follow_the_schema_is_named(text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message) as caught:
        read_catalog_file(text, "bad.toml")
    assert "bad.toml" in str(caught.value)


def test_no_entry_of_the_installed_catalog_is_lost_behind_an_alias() -> None:
    catalog = load_catalog(KnowledgeSources())
    plain = {name: entry for name, entry in catalog.names.items() if not {"*", "[", "("} & set(name)}
    assert len(plain) > 100
    lost = [
        name
        for name, entry in plain.items()
        if (reached := catalog.entry(catalog.canonical(name))) is None or not entry.roles <= reached.roles
    ]
    assert lost == []
