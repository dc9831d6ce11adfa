"""What arguments of optimizers, loaders, estimators and `fit` set, by their names."""

from __future__ import annotations

from typing import Final

KINDS: Final = {
    "lr": "learning rate",
    "learning_rate": "learning rate",
    "learning_rate_init": "learning rate",
    "eta0": "learning rate",
    "step_size": "step size",
    "initial_learning_rate": "learning rate",
    "max_lr": "learning rate",
    "batch_size": "batch size",
    "epochs": "epochs",
    "nb_epoch": "epochs",
    "n_epochs": "epochs",
    "num_epochs": "epochs",
    "max_epochs": "epochs",
    "max_steps": "steps",
    "num_boost_round": "boosting rounds",
    "steps_per_epoch": "steps per epoch",
    "n_estimators": "estimators",
    "max_depth": "depth",
    "num_leaves": "leaves",
    "hidden_layer_sizes": "hidden layers",
    "max_iter": "iterations",
    "momentum": "momentum",
    "weight_decay": "weight decay",
    "betas": "betas",
    "beta_1": "betas",
    "beta1": "betas",
    "b1": "betas",
    "gamma": "decay",
    "decay_rate": "decay",
    "decay_steps": "decay steps",
    "milestones": "milestones",
    "T_max": "schedule length",
    "patience": "patience",
    "factor": "decay factor",
    "alpha": "alpha",
    "C": "regularisation",
    "dropout": "dropout",
}
"""What an argument sets, by its name."""
MAIN: Final = frozenset(
    {"learning rate", "batch size", "epochs", "estimators", "depth", "leaves", "hidden layers", "boosting rounds"}
)
"""What a report of an experiment can't leave out."""
