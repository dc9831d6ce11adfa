"""A run seeds TensorFlow and trains, but leaves its operations free not to repeat.

## Why
The seed fixes the weights' first values and the order of the data. On a GPU, TensorFlow and cuDNN still choose
algorithms that add in whatever order threads finish, and parallel input pipelines may deliver in another order, so that
two runs with one seed part after some steps.

## Fix
Beside the seed:

    tf.keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()

Before TensorFlow 2.8, the environment variable `TF_DETERMINISTIC_OPS=1`.

## Notes
TensorFlow takes a GPU unless it is told otherwise, so a program that hides them, or installs `tensorflow-cpu`, gets no
finding. One finding for each seeding call. Programs written for TensorFlow 1, where only a patch helps, get low
confidence.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import AddImport, Confidence, Match, Project, Rule, Where
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.determinism.switches import (
    Report,
    Stated,
    asked_seeds,
    by_default,
    merged,
    naming,
    stated,
    statement_beside,
    story,
    switch,
)

rule = Rule("DET007", "tensorflow-determinism-off", __doc__, confidence="medium")

_SWITCH = "tf.config.experimental.enable_op_determinism()"
_VARIABLES = ("TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC")
_OWN = ("keras.", "tensorflow.", "tf_slim.", "tensorflow_addons.")
_STEPS = ("?.fit", "?.fit_generator", "?.train_on_batch", "?.minimize", "?.apply_gradients")
_BUILDS = frozenset({"initialises", "optimizer", "dropout"})
_FIRST_VERSION = re.compile(r"^tensorflow\.(?:compat\.v1\.)?set_random_seed$|^tensorflow\.compat\.v1\.")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Seeding calls of runs that train with TensorFlow without a switch."""
    set_outside = any(name in project.index.variables for name in _VARIABLES)
    if not set_outside and Stated.TENSORFLOW_CPU not in project.value_of(stated):
        yield from merged(project.of_runs(_of_run))


def _of_run(project: Project, run: Run) -> Iterator[Report]:
    seeds = [h for h in asked_seeds(project, run, "tensorflow") if h.name.startswith(("tensorflow.", "keras."))]
    if not seeds:
        return
    learning = _learning(run)
    state = switch(project, run, "tensorflow-determinism")
    hidden = any(project.holds(h, "hides-gpu") is not False and h.active for h in run.happenings)
    if learning is None or state.on or state.optional or hidden:
        return
    reached = {run.entry.path} | {h.path for h in run.happenings}
    if all(reached.isdisjoint(project.value_of(naming, name)) for name in _VARIABLES):
        yield _report(project, run, seeds[0], learning)


def _learning(run: Run) -> Happening | None:
    """Where a run trains with TensorFlow: a step of its own, or one of any library beside layers of TensorFlow."""
    active = [h for h in run.happenings if h.active]
    builds = any(h.name.startswith(_OWN) and not h.entry.roles.isdisjoint(_BUILDS) for h in active)
    for happening in active:
        roles = happening.entry.roles
        if happening.name.startswith(_OWN) and not roles.isdisjoint({"trains", "optimizer"}):
            return happening
        if builds and "trains" in roles and happening.name in _STEPS:
            return happening
    return None


def _report(project: Project, run: Run, seed: Happening, learning: Happening) -> Report:
    trail = [*story(project, run, seed, "seeds TensorFlow")]
    trail.append(project.note(learning.path, learning.call.span, "trains"))
    first_version = _FIRST_VERSION.match(seed.name) is not None
    match_ = project.match(
        seed.path,
        seed.call.span,
        f"`{seed.name}` seeds a run that may still differ on a GPU: `enable_op_determinism()` is not called",
        confidence=Confidence.LOW
        if first_version or not run.complete or not by_default(project, run, seed)
        else Confidence.MEDIUM,
        trail=trail,
        fix=None
        if first_version
        else statement_beside(seed, Where.AFTER, _SWITCH, AddImport("tensorflow", alias="tf"), "turn determinism on"),
    )
    return Report(match_, run.entry.path)


rule.flags(
    """
    import tensorflow as tf
    from tensorflow import keras

    tf.random.set_seed(1)  # expect: DET007
    model = keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, epochs=3)
    """
)
rule.flags(
    {
        "train.py": """
        from keras import layers, models
        from seeds import set_seeds

        def main():
            set_seeds(1)
            model = models.Sequential([layers.Dense(1)])
            model.compile(optimizer="adam", loss="mse")
            model.fit(x, y)

        if __name__ == "__main__":
            main()
        """,
        "seeds.py": """
        import os
        import random
        import numpy as np
        import tensorflow as tf

        def set_seeds(seed):
            os.environ["PYTHONHASHSEED"] = str(seed)
            random.seed(seed)
            np.random.seed(seed)
            tf.random.set_seed(seed)  # expect: DET007
        """,
    },
    title="In a helper",
    fixed={
        "seeds.py": """
        import os
        import random
        import numpy as np
        import tensorflow as tf

        def set_seeds(seed):
            os.environ["PYTHONHASHSEED"] = str(seed)
            random.seed(seed)
            np.random.seed(seed)
            tf.random.set_seed(seed)
            tf.config.experimental.enable_op_determinism()
        """,
    },
)
rule.flags(
    """
    import tensorflow as tf

    tf.keras.utils.set_random_seed(812)  # expect: DET007
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.Adam()
    with tf.GradientTape() as tape:
        loss = model(x)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    """,
    title="A training loop of one's own",
)
rule.flags(
    """
    import tensorflow as tf

    tf.set_random_seed(1)  # expect: DET007
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    """,
    title="TensorFlow 1, with low confidence",
)
rule.flags(
    {
        "train.py": """
        import tensorflow as tf

        tf.random.set_seed(3)  # expect: DET007
        model = tf.keras.Sequential([tf.keras.layers.LSTM(4)])
        model.compile(loss="mse")
        model.fit(x, y)
        """,
        "Dockerfile": """
        FROM tensorflow/tensorflow:2.15.0-gpu
        ENV TF_CPP_MIN_LOG_LEVEL=2
        CMD ["python", "train.py"]
        """,
    },
    title="A GPU image that says nothing of it",
)
rule.flags(
    {
        "train.py": """
        import tensorflow as tf

        tf.random.set_seed(3)  # expect: DET007
        model = tf.keras.Sequential([tf.keras.layers.Conv1D(4, 3)])
        model.compile(loss="mse")
        model.fit(x, y)
        """,
        "helpers.py": """
        import tensorflow as tf

        def make_deterministic():
            tf.config.experimental.enable_op_determinism()
        """,
    },
    title="The helper that would switch it on is never called",
)
rule.allows(
    """
    import tensorflow as tf

    tf.keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(x, y)
    """
)
rule.allows(
    """
    import os
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    import tensorflow as tf

    tf.random.set_seed(1)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.fit(x, y)
    """
)
rule.allows(
    {
        "train.py": """
        import tensorflow as tf
        from seeds import reproducible

        reproducible(1)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.fit(x, y)
        """,
        "seeds.py": """
        import tensorflow as tf

        def reproducible(seed):
            tf.random.set_seed(seed)
            tf.config.experimental.enable_op_determinism()
        """,
    },
    title="In a helper of another file",
)
rule.allows(
    """
    import os
    import tensorflow as tf

    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    tf.random.set_seed(1)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.fit(x, y)
    """,
    title="On the CPU",
)
rule.allows(
    """
    import tensorflow as tf

    tf.random.set_seed(1)
    model = tf.keras.models.load_model("model.keras")
    print(model.predict(tf.random.normal((1, 4))))
    """,
    title="Nothing is trained",
)
rule.allows(
    {
        "train.py": """
        import tensorflow as tf

        tf.random.set_seed(1)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.fit(x, y)
        """,
        "compose.yaml": """
        services:
          train:
            build: .
            environment:
              - TF_DETERMINISTIC_OPS=1
        """,
    },
    title="In the compose file",
)
rule.allows(
    """
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.fit(x, y)
    """,
    title="Nothing is seeded: that is another finding",
)
