"""What several catalog files say of one name."""

from reprocheck.rulekit.catalog import Catalog, read_catalog_file


def merged(*texts: str) -> Catalog:
    return Catalog(read_catalog_file(text, "sample.toml") for text in texts)


def test_roles_of_two_files_are_united() -> None:
    catalog = merged('"torch.load" = { roles = ["reads"] }', '"torch.load" = { roles = ["deserialiser"] }')
    entry = catalog.entry("torch.load")
    assert entry is not None
    assert entry.roles == {"reads", "deserialiser"}


def test_a_later_file_states_a_field_and_leaves_the_others() -> None:
    catalog = merged(
        '"a.f" = { roles = ["draw"], seed_argument = "seed", returns = "a.X" }',
        '"a.f" = { random_default = false, returns = "a.Y" }',
    )
    entry = catalog.entry("a.f")
    assert entry is not None
    assert (entry.seed_argument, entry.random_default, entry.returns) == ("seed", False, "a.Y")


def test_the_longer_signature_stays_whichever_file_has_it() -> None:
    long, short = '"a.f" = { arguments = ["x", "y", "z"] }', '"a.f" = { arguments = ["x"] }'
    for texts in ((long, short), (short, long)):
        entry = merged(*texts).entry("a.f")
        assert entry is not None
        assert entry.arguments == ("x", "y", "z")
