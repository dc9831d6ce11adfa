"""A draw from NumPy's global random state, which every library in the process shares.

## Why
`np.random.*` draws from one hidden state. Any library that draws from it too, another order of calls, or a thread moves
the numbers of everything behind, even where the state is seeded.

## Fix
Make one generator from a recorded seed and hand it to whatever draws:

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))

## Notes
A note, off by default: whether a seed is missing at all is what *unseeded-entry-point* looks at. Draws from a
`Generator` or `RandomState` of the program's own are fine, and so is test code.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Rule, Severity

rule = Rule("RNG010", "numpy-global-random", __doc__, severity=Severity.NOTE)
_PREFIX = "numpy.random."
_RENAMED = {
    "rand": "random",
    "random_sample": "random",
    "ranf": "random",
    "sample": "random",
    "randn": "standard_normal",
    "randint": "integers",
    "random_integers": "integers",
}
"""What a `Generator` calls them."""


@rule.on_call("numpy.random.*")
def check(call: Call) -> Iterator[Match]:
    """Draws from the global state."""
    entry = call.entry
    name = call.name.removeprefix(_PREFIX)
    if entry is None or "draw" not in entry.roles or entry.family != "numpy" or "." in name or call.module.is_test:
        return
    yield call.match(
        f"`np.random.{name}` draws from NumPy's global state; draw from a generator of your own: "
        f"`rng.{_RENAMED.get(name, name)}(...)`"
    )


rule.flags(
    """
    import numpy as np
    import numpy.random as npr
    from numpy import random
    from numpy.random import permutation

    np.random.seed(0)
    order = np.random.permutation(100)  # expect: RNG010
    noise = np.random.randn(3, 4)  # expect: RNG010
    picked = npr.choice(order, 10)  # expect: RNG010
    shift = random.uniform(-1, 1)  # expect: RNG010
    second = permutation(10)  # expect: RNG010

    def augment(image):
        if np.random.rand() < 0.5:  # expect: RNG010
            return image[::-1]
        return image

    class Sampler:
        def __init__(self, rows):
            np.random.shuffle(rows)  # expect: RNG010
    """,
    title="Draws from the hidden state",
)
rule.allows(
    """
    import random
    import numpy as np
    import torch
    from numpy.random import RandomState, default_rng

    rng = np.random.default_rng(3)
    order = rng.permutation(100)
    state = RandomState(3)
    noise = state.randn(3, 4)
    default_rng(1).normal()
    np.random.seed(3)
    torch.randn(3)
    random.shuffle(rows)
    saved = np.random.get_state()

    class Sampler:
        def __init__(self, seed):
            self.rng = np.random.RandomState(seed)

        def draw(self):
            return self.rng.choice(10)
    """,
    title="Generators of the program's own",
)
rule.allows(
    {
        "tests/test_model.py": """
        import numpy as np

        def test_shape():
            assert model(np.random.rand(3, 4)).shape == (3, 1)
        """
    },
    title="Test code",
)
