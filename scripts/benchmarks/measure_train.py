"""train.eager, train.compile, train.floor, train.noamx, train.memory."""

import corpora
import steps
from rows import median, row
from sides import Sides

MODES = ("bf16", "autocast")
TOLERANCE = 0.02


class Group:
    """Our step and both modes of the peer, in turns; perhaps with the step's matrix products alone."""

    def __init__(self, context, result, shape, corpus, rows, name, compiled=False, products=False, environment=None):
        with Sides(result) as sides:
            # More steps than will be taken, so that ours never comes to its end; it writes their rows for the peers.
            mine = shape.ours(corpus, "--steps", 100, "--write-rows", rows)
            self.ours = sides.add(f"{name}: ours", mine, environment)
            self.products = sides.add(f"{name}: products", shape.products(), environment) if products else None
            more = ["--compile"] if compiled else []
            self.peers = [
                sides.add(f"{name}: {mode}", shape.peer(rows, "--mode", mode, *more), environment) for mode in MODES
            ]
            sides.alternate(*context.pick((2, 18), (1, 3)))
        self.shape = shape

    @property
    def fastest(self):
        return min(self.peers, key=lambda side: median(side.values("seconds")))

    def loss_difference(self, peer):
        """Of all steps the largest distance between our loss and a peer's, in nats."""
        pairs = zip(self.ours.every("losses"), peer.every("losses"))
        return max(abs(mine[0] - other[0]) for mine, other in pairs)

    def row(self, what, note=None):
        each = ", ".join(f"{mode} {median(self.shape.rates(side)):.4g}" for mode, side in zip(MODES, self.peers))
        count = len(self.ours.warmups + self.ours.slices)
        far = {mode: self.loss_difference(peer) for mode, peer in zip(MODES, self.peers)}
        losses = f"losses of {count} steps within " + ", ".join(f"{far[mode]:.2g} nats of {mode}'s" for mode in MODES)
        notes = [f"peers: {each} tokens/s", losses, *([note] if note else [])]
        return row(
            what,
            self.shape.rates(self.ours),
            self.shape.rates(self.fastest),
            "; ".join(notes),
            # The peer whose weights are float32, as ours are: weights in bfloat16 lose what is small beside them.
            holds=far["autocast"] <= TOLERANCE,
        )


def floor(group):
    """The row of the matrix products' own time."""
    shape, products = group.shape, group.products
    operations, seconds = products.facts["operations"], median(products.values("seconds"))
    kinds = {(kind["inputs"], kind["outputs"]): kind["count"] for kind in products.facts["products"]}
    formula = " + ".join(f"{count} x {inputs} x {outputs}" for (inputs, outputs), count in kinds.items())
    note = (
        f"3 x 2 x {shape.tokens} x ({formula}) = {operations:.4g} operations in {seconds:.3g} s, "
        f"{operations / seconds / 1e12:.3g} TFLOP/s; attention's own products are not counted"
    )
    return row("train.floor", shape.rates(group.ours), shape.rates(products), note)


def memory(group):
    """The row of resident memory at its peak, steps alone; the plan must meet it too."""
    ours = max(group.ours.every("peakResidentBytes"))
    peers = {mode: max(side.every("peakResidentBytes")) for mode, side in zip(MODES, group.peers)}
    plan = group.ours.facts["estimatedBytes"]
    each = ", ".join(f"{mode} {size / 1e9:.2f} GB" for mode, size in peers.items())
    note = f"peers: {each}; the plan says {plan / 1e9:.2f} GB, measured over plan {ours / plan:.3f}, wanted 0.9 to 1.1"
    return row("train.memory", [ours], [min(peers.values())], note, holds=0.9 <= ours / plan <= 1.1)


def measure(context, result):
    shape = steps.Shape(context)
    corpus = corpora.packed(context, "few", corpora.quickstart(context), shape.columns)
    rows = context.work / "rows.int32"
    common = (context, result, shape, corpus, rows)
    eager = Group(*common, "train.eager", products=True)
    result.add(eager.row("train.eager"))
    result.add(floor(eager))
    result.add(memory(eager))
    if context.has_amx:
        without = Group(*common, "train.noamx", environment={"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"})
        result.add(without.row("train.noamx"))
    else:
        result.add(eager.row("train.noamx", "this processor has no AMX: the steps of train.eager"))
    result.add(Group(*common, "train.compile", compiled=True).row("train.compile"))
