"""Preprocessing as sequences of steps: what data goes through before a model is trained on it, or asked.

`sides(project)` follows the values of a project's programs (`interpreter`, `effects`) to every place where a model
meets data (`uses`); `partners` says which training and serving belong to one model; `normal_form` and `differences`
compare what both do. Knowledge of names is the catalog's (`step` of an entry). See `docs/internals/skew.md`.
"""

from reprocheck.rulekit.preprocessing.alignment import Difference, Pair, aligned, differences
from reprocheck.rulekit.preprocessing.normal_form import NormalForm, NormalStep, Scale
from reprocheck.rulekit.preprocessing.partners import Partners, partners
from reprocheck.rulekit.preprocessing.sides import Side, Sides, sides
from reprocheck.rulekit.preprocessing.uses import Use, Uses
from reprocheck.rulekit.preprocessing.values import UNSURE, Data, FunctionValue, Instance, Made, Named, Place, Step

__all__ = [
    "UNSURE",
    "Data",
    "Difference",
    "FunctionValue",
    "Instance",
    "Made",
    "Named",
    "NormalForm",
    "NormalStep",
    "Pair",
    "Partners",
    "Place",
    "Scale",
    "Side",
    "Sides",
    "Step",
    "Use",
    "Uses",
    "aligned",
    "differences",
    "partners",
    "sides",
]
