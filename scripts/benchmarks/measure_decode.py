"""decode.bf16, decode.bandwidth, decode.int8, prefill."""

import json

import corpora
from rows import median, row
from sides import Sides


def prompt(context, length):
    """The first tokens of the documents."""
    printed = context.run(
        *(context.shear, "tokenize", "--tokenizer", context.model, "--input", corpora.documents(context))
    )
    return [token for line in printed.splitlines() for token in json.loads(line)][:length]


def per_second(side, count, key):
    return [count / seconds for seconds in side.values(key)]


def fastest(candidates):
    """Of lists of rates the one of the highest median."""
    return max(candidates, key=median)


def same_tokens(context, result, ids, count):
    """Whether both sides decode the same tokens in fp32."""
    with Sides(result) as sides:
        ours = sides.add("decode: ours, fp32", ours_command(context, ids, count, "float32"))
        peer = sides.add("decode: transformers, fp32", peer_command(context, ids, count, "float32", "loop"))
        sides.alternate(0, 1)
    mine, other = [side.slices[0]["tokens"][:count] for side in (ours, peer)]
    return mine == other and len(mine) == count


def ours_command(context, ids, count, dtype, *more):
    return context.ours(
        *("decode", "--model", context.model, "--dtype", dtype, "--count", count, "--threads", context.threads),
        *(*more, "--prompt", *ids),
    )


def peer_command(context, ids, count, dtype, way):
    return context.peer(
        *("peer_decode.py", "--model", context.model, "--dtype", dtype, "--way", way, "--count", count),
        *("--threads", context.threads, "--prompt", *ids),
    )


def measure(context, result):
    length, count = context.pick((512, 64), (16, 4))
    ids = prompt(context, length)
    same = same_tokens(context, result, ids, count)
    with Sides(result) as sides:
        ours = sides.add("decode: ours, bf16", ours_command(context, ids, count, "bfloat16"))
        ways = [
            sides.add(f"decode: transformers {way}, bf16", peer_command(context, ids, count, "bfloat16", way))
            for way in ("loop", "generate")
        ]
        int8 = sides.add("decode: ours, INT8", ours_command(context, ids, count, "bfloat16", "--int8"))
        memory = sides.add(
            "decode: memory",
            context.ours("memory", "--threads", context.threads, "--mebibytes", context.pick(1024, 4)),
        )
        sides.alternate(*context.pick((2, 9), (1, 2)))
    decoded = {side: per_second(side, count, "decodeSeconds") for side in (ours, int8, *ways)}
    peer = fastest([decoded[way] for way in ways])
    each = ", ".join(f"{way.name.split()[2].rstrip(',')} {median(decoded[way]):.3g}" for way in ways)
    equal = f"{count} greedy tokens in fp32 {'equal' if same else 'DIFFER'}"
    result.add(row("decode.bf16", decoded[ours], peer, f"after {length} tokens; transformers' {each}; {equal}", holds=same))
    size = ours.facts["bytesPerToken"]
    read = [size * rate for rate in decoded[ours]]
    rates = [made["bytes"] / made["seconds"] for made in memory.slices]
    result.add(row("decode.bandwidth", read, rates, f"{size:,} bytes a token: weights once, keys and values so far"))
    result.add(row("decode.int8", decoded[int8], peer, "projections in INT8, embedding and head in bf16"))
    prefill = {side: per_second(side, length, "prefillSeconds") for side in (ours, *ways)}
    result.add(row("prefill", prefill[ours], fastest([prefill[way] for way in ways]), f"{length} tokens, bf16"))
