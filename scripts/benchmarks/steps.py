"""Training steps of both sides: one shape, one rate, the same rows."""

RATE = 2e-5
# What quickstart.yaml prunes SmolLM2-135M to: layers, hidden size, heads, key-value heads, intermediate size.
TARGET = (20, 384, 6, 3, 1024)


class Shape:
    def __init__(self, context):
        self.context = context
        self.rows, self.columns = context.pick((4, 512), (1, 32))

    @property
    def tokens(self):
        return self.rows * self.columns

    def ours(self, corpus, *more):
        """Our step, plain unless `more` says otherwise."""
        return self.context.ours(
            *("train", "--model", self.context.model, "--dtype", "bfloat16", "--corpus", corpus),
            *("--rows", self.rows, "--rate", RATE, "--threads", self.context.threads),
            *more,
        )

    def peer(self, rows, *more):
        """The peer's step on the rows of a file."""
        return self.context.peer(
            *("peer_train.py", "--model", self.context.model, "--rows-file", rows, "--rows", self.rows),
            *("--columns", self.columns, "--rate", RATE, "--threads", self.context.threads),
            *more,
        )

    def products(self):
        """The matrix products of a step."""
        return self.context.ours(
            *("products", "--model", self.context.model, "--dtype", "bfloat16", "--tokens", self.tokens),
            *("--threads", self.context.threads),
        )

    def rates(self, side):
        """Tokens per second of each slice of one step."""
        return [self.tokens / seconds for seconds in side.values("seconds")]
