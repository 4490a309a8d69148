"""loader.wait: how long a training step waits for its rows, few shards and many."""

import corpora
import steps
from rows import median, row
from sides import Sides


def measure(context, result):
    shape = steps.Shape(context)
    few = corpora.packed(context, "few", corpora.quickstart(context), shape.columns)
    many = corpora.packed(
        context, "many", corpora.sharded(context, "many-shards", context.pick(1_000, 21)), shape.columns
    )
    with Sides(result) as sides:
        made = {
            name: sides.add(f"loader: {name} shards", shape.ours(folder))
            for name, folder in (("few", few), ("many", many))
        }
        sides.alternate(*context.pick((2, 10), (1, 2)))
    shares = {name: median(side.values("dataWaitSeconds")) / median(side.values("seconds")) for name, side in made.items()}
    worse = made[max(shares, key=shares.get)]
    note = ", ".join(f"{name} shards {100 * share:.3g} percent" for name, share in shares.items())
    result.add(row("loader.wait", worse.values("dataWaitSeconds"), worse.values("seconds"), f"{note} of a step"))
