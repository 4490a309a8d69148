"""The rows that every run must give, and how a row is made of two medians."""

import collections
import statistics
import sys

Kind = collections.namedtuple("Kind", "subset unit better target text")

# A row's ratio is ours over the peer's; it is held against the target, and where there is no peer ours is.
ROWS = {
    "train.eager": Kind("train", "tokens/s", "higher", 2.9, "training step, against transformers eager"),
    "train.compile": Kind("train", "tokens/s", "higher", 1.9, "training step, against torch.compile"),
    "train.floor": Kind("train", "tokens/s", "higher", 0.5, "training step, against its matrix products alone"),
    "train.noamx": Kind("train", "tokens/s", "higher", 1.3, "training step without AMX, against transformers eager"),
    "train.memory": Kind("train", "bytes", "lower", 1.0, "peak memory of training, against transformers eager"),
    "prune.plain": Kind("prune", "s a step", "lower", 1.25, "pruning step, against our plain step"),
    "tokenize.bpe": Kind("tokenize", "bytes/s", "higher", 8.0, "byte-level BPE on one core, against tokenizers"),
    "tokenize.spm": Kind("tokenize", "bytes/s", "higher", 4.0, "LLaMA-2 on one core, against SentencePiece"),
    "tokenize.scaling": Kind("tokenize", "bytes/s", "higher", 1.9, "shards to rows on two threads, against one"),
    "loader.wait": Kind("loader", "s a step", "lower", 0.01, "wait for rows, against the step"),
    "decode.bf16": Kind("decode", "tokens/s", "higher", 2.2, "decoding one sequence, against transformers"),
    "decode.bandwidth": Kind("decode", "bytes/s", "higher", 0.75, "bytes that decoding reads, against memory's rate"),
    "decode.int8": Kind("decode", "tokens/s", "higher", 3.0, "decoding in INT8, against transformers in bf16"),
    "prefill": Kind("decode", "tokens/s", "higher", 1.5, "reading a prompt, against transformers"),
    "search.inner": Kind("search", "s", "lower", 2.0, "a round of 20,000 predictions"),
    "search.overhead": Kind("search", "s", "lower", 0.01, "250 evaluations' arithmetic, against their models"),
    "gpu": Kind("gpu", "", "higher", None, "training on a GPU"),
}


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def median(values):
    return statistics.median(values)


def row(what, ours, peer=None, note=None, holds=True):
    """A row of all samples of both sides, in the row's unit; `holds` false fails it whatever the figures."""
    kind = ROWS[what]
    mine = median(ours)
    other = median(peer) if peer else None
    ratio = mine / other if peer else None
    judged = ratio if peer else mine
    reached = judged >= kind.target if kind.better == "higher" else judged <= kind.target
    made = {
        "what": what,
        "ours": mine,
        "peer": other,
        "unit": kind.unit,
        "better": kind.better,
        "ratio": ratio,
        "target": kind.target,
        "holds": bool(reached and holds),
        "spread": {"ours": [min(ours), max(ours)], "peer": [min(peer), max(peer)] if peer else None},
    }
    if note:
        made["note"] = note
    return made
