"""search.inner, search.overhead."""

import json

from rows import median, row
from sides import Sides


def measure(context, result):
    evaluations, population, predictions = context.pick((250, 50, 20_000), (40, 20, 60))
    with Sides(result) as sides:
        search = sides.add(
            "search: ours",
            context.ours(
                *("search", "--model", context.model, "--evaluations", evaluations),
                *("--population", population, "--predictions", predictions),
            ),
        )
        sides.alternate(*context.pick((1, 5), (0, 1)))
    # The first round is random; of the others the slowest counts, which learns from the most.
    slowest = [max(made["rounds"][1:]) for made in search.slices]
    note = f"{search.facts['genes']} genes, {predictions:,} predictions a round, predictors' training included"
    result.add(row("search.inner", slowest, note=note))

    # What a candidate of pipelines/quickstart.yaml runs: two rows of 256 tokens of each of seven domains.
    domains, count = 7, context.pick(5, 1)
    columns = context.pick(256, 32)
    cost = json.loads(
        context.run(
            *(context.shear, "candidates", "--model", context.model, "--dtype", "bfloat16", "--rows", 2),
            *("--columns", columns, "--count", count, "--repeats", context.pick(3, 1), "--json"),
        )
    )
    candidate = domains * median([made["viewSeconds"] for made in cost["candidates"]])
    note = f"a candidate takes {candidate:.3g} s: 2 x {columns} tokens of each of {domains} domains, bf16"
    overhead = search.values("seconds")
    result.add(row("search.overhead", overhead, [evaluations * candidate], note))
