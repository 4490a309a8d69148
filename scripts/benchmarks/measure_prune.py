"""prune.plain: our pruning step beside our plain one."""

import corpora
import steps
from rows import row
from sides import Sides


def measure(context, result):
    shape = steps.Shape(context)
    corpus = corpora.packed(context, "few", corpora.quickstart(context), shape.columns)
    with Sides(result) as sides:
        plain = sides.add("prune: plain step", shape.ours(corpus))
        pruning = sides.add("prune: pruning step", shape.ours(corpus, "--target", *steps.TARGET))
        sides.alternate(*context.pick((2, 15), (1, 2)))
    note = f"all four mask families, soft; {shape.rows} x {shape.columns} tokens, bf16"
    result.add(row("prune.plain", pruning.values("seconds"), plain.values("seconds"), note))
