"""A model is served with other preprocessing than it was trained with.

## Why
A model only knows inputs that were prepared the way its training data was. Pixels that were divided by 255 in training
and are not in the service, another resize, channels in another order, another list of features: nothing fails, the
answers are merely worse, and no test on held-out data shows it, because that data goes through the training code.

## Fix
Put the steps into one function or object and import it on both sides; or save them with the model (a scikit-learn
`Pipeline`, Keras preprocessing layers, `weights.transforms()`, the tokenizer's own files).

## Notes
Both sides are followed from where data comes in to where the model gets it, through functions, classes, other files and
YAML, and brought into a normal form: arithmetic on pixels is folded into one map, what changes only shape or type is
left out, random augmentation is set apart and the validation's transform takes its place. Different spellings of the
same steps are silent. Both sides must belong to one model: saved here and loaded there, built by the same code, or the
project's only one. Confidence is high when every step of both sides is known and the model is shown to be the same,
medium where a step in the middle is unknown and the constants contradict each other all the same; low otherwise, and
where the data may explain the difference: a resize where training takes images as they are, dark and bright turned
around, files that the project wrote after some steps or whose names say so (`data/processed/`). Pixels kept in a table
and divided by 255 are compared with pictures. Nothing is said of sizes that can't be told.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule, Severity
from reprocheck.rulekit.preprocessing import Partners, partners, sides
from reprocheck_rules.skew.differing_examples import add_differing
from reprocheck_rules.skew.same_examples import add_same
from reprocheck_rules.skew.sequences import real, sentence, side_by_side

rule = Rule("SKW001", "preprocessing-diverges", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Each real difference of each pair of sides."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    for pair in partners(sides(project)):
        yield from _matches(project, pair)


def _matches(project: Project, pair: Partners) -> Iterator[Match]:
    for difference, confidence in real(pair):
        place = difference.origin_right.place if difference.origin_right is not None else pair.served.use.place
        if place.path in {step.place.path for step in pair.trained.use.data.steps} - {pair.served.use.place.path}:
            # Both sides go through this module: what serving asks of it is the fault.
            place = pair.served.use.place
        slight = difference.kind == "constants" and _only_interpolation(difference.left, difference.right)
        yield project.match(
            place.path,
            place.span,
            sentence(pair, difference),
            severity=Severity.NOTE if slight else None,
            confidence=confidence,
            trail=side_by_side(project, pair),
        )


def _only_interpolation(left: str, right: str) -> bool:
    """Whether two resizes go to the same size, each by looking at the image."""
    same = left.startswith("resize") and left.partition("(")[0] == right.partition("(")[0]
    return same and "repeated" not in left + right


add_differing(rule)
add_same(rule)
