"""The random-number part of the catalog, on which the rules that cross files stand."""

import pytest

from reprocheck.rulekit import Catalog
from reprocheck.rulekit.loading import KnowledgeSources, load_catalog

FAMILIES = {
    *("python", "numpy", "torch", "torch-cuda", "tensorflow", "keras", "jax", "cupy", "mxnet", "paddle", "gym"),
    *("polars", "dgl", "imgaug", "entropy", "fixed"),
}
EVERYTHING_OF_TORCH = {"python", "numpy", "torch", "torch-cuda"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(KnowledgeSources())


@pytest.mark.parametrize("role", ["seeder", "draw", "draw-implicit", "generator"])
def test_each_name_that_seeds_or_draws_has_a_known_family(catalog: Catalog, role: str) -> None:
    names = [name for name in catalog.with_role(role) if not set(catalog.names[name].families) <= FAMILIES]
    bare = [name for name in catalog.with_role(role) if not catalog.names[name].families]
    assert (names, bare) == ([], [])


def test_each_seeder_says_which_argument_is_the_seed_unless_it_makes_one_up(catalog: Catalog) -> None:
    silent = {"unseeds", "seeds-by-default"}
    without = [
        name
        for name in catalog.with_role("seeder")
        if not catalog.names[name].seed_argument and catalog.names[name].roles.isdisjoint(silent)
    ]
    assert without == []


@pytest.mark.parametrize(
    ("written", "families"),
    [
        ("random.seed", {"python"}),
        ("numpy.random.seed", {"numpy"}),
        ("torch.random.manual_seed", {"torch", "torch-cuda"}),
        ("torch.cuda.manual_seed_all", {"torch-cuda"}),
        ("tensorflow.compat.v1.set_random_seed", {"tensorflow", "keras"}),
        ("tensorflow.keras.utils.set_random_seed", {"keras", "tensorflow", "python", "numpy", "torch"}),
        ("pytorch_lightning.seed_everything", EVERYTHING_OF_TORCH),
        ("lightning.seed_everything", EVERYTHING_OF_TORCH),
        ("transformers.set_seed", EVERYTHING_OF_TORCH | {"tensorflow", "keras"}),
        ("accelerate.utils.set_seed", EVERYTHING_OF_TORCH),
        ("fastai.vision.all.set_seed", EVERYTHING_OF_TORCH),
        ("stable_baselines3.common.utils.set_random_seed", EVERYTHING_OF_TORCH),
    ],
)
def test_a_seeder_reaches_these_families_under_every_spelling(
    catalog: Catalog, written: str, families: set[str]
) -> None:
    entry = catalog.entry(catalog.canonical(written))
    assert entry is not None
    assert "seeder" in entry.roles
    assert set(entry.families) == families


@pytest.mark.parametrize(
    ("written", "role", "family"),
    [
        ("torch.empty().normal_", "draw", "torch"),
        ("torch.nn.modules.linear.Linear", "draw-implicit", "torch"),
        ("tensorflow.keras.layers.Dense", "draw-implicit", "keras"),
        ("tensorflow.data.Dataset.from_tensor_slices().map().shuffle", "draw-implicit", "tensorflow"),
        ("gym.make().action_space.sample", "draw", "gym"),
        ("gym.make().reset", "draw-implicit", "gym"),
        ("pandas.read_csv().dropna().sample", "sampler", "numpy"),
        ("sklearn.ensemble._forest.RandomForestClassifier", "estimator", "numpy"),
        ("sklearn.cross_validation.train_test_split", "splitter", "numpy"),
        ("scipy.stats.norm.rvs", "draw", "numpy"),
        ("optuna.samplers.TPESampler", "sampler", "entropy"),
        ("xgboost.XGBClassifier", "estimator", "fixed"),
    ],
)
def test_a_draw_is_known_under_every_spelling(catalog: Catalog, written: str, role: str, family: str) -> None:
    entry = catalog.entry(catalog.canonical(written))
    assert entry is not None
    assert role in entry.roles
    assert entry.family == family
