"""tokenize.bpe, tokenize.spm, tokenize.scaling."""

import filecmp

import corpora
from rows import row
from sides import Sides


def rates(side, size):
    return [size / seconds for seconds in side.values("seconds")]


def against(context, result, what, ours, peer, arguments):
    """Both sides encode the same documents on one thread; their ids must be equal."""
    shard = corpora.documents(context)
    files = [context.work / f"{what}.{side}.ids" for side in ("ours", "peer")]
    alone = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with Sides(result) as sides:
        mine = sides.add(
            f"{what}: ours", context.ours("tokenize", "--tokenizer", ours, "--input", shard, "--ids", files[0]), alone
        )
        other = sides.add(
            f"{what}: {arguments[0]}", context.peer("peer_tokenize.py", *arguments, peer, shard, files[1]), alone
        )
        sides.alternate(*context.pick((1, 7), (1, 2)))
    same = filecmp.cmp(*files, shallow=False)
    note = f"{mine.facts['documents']} documents, {mine.facts['bytes']:,} bytes; ids {'equal' if same else 'DIFFER'}"
    size = mine.facts["bytes"]
    result.add(row(what, rates(mine, size), rates(other, size), note, holds=same))


def scaling(context, result):
    manifest = corpora.quickstart(context)
    with Sides(result) as sides:
        one, two = [
            sides.add(
                f"tokenize.scaling: {threads}",
                context.ours(
                    *("pack", "--manifest", manifest, "--tokenizer", context.model, "--threads", threads)
                ),
            )
            for threads in (1, 2)
        ]
        sides.alternate(*context.pick((1, 5), (0, 1)))
    size = one.slices[0]["bytes"]
    note = f"{one.facts['shards']} shards, {size:,} bytes of text; decompress, parse, tokenise, pack"
    result.add(row("tokenize.scaling", rates(two, size), rates(one, size), note))


def measure(context, result):
    json = context.model / "tokenizer.json"
    against(context, result, "tokenize.bpe", json, json, ["tokenizers"])
    model = context.llama2 / "tokenizer.model"
    against(context, result, "tokenize.spm", model, model, ["sentencepiece"])
    scaling(context, result)
