"""The texts that both sides read, made of the quickstart's corpus."""

import gzip
import itertools
import json
import shutil
import subprocess

DOMAINS = ("common_crawl", "c4", "github", "book", "wikipedia", "arxiv", "stackexchange")


def lines(context, domain):
    """The training records of a domain, one line each."""
    for shard in sorted((context.root / "corpora/quickstart" / domain).glob("*-of-*.jsonl.zst")):
        yield from subprocess.run(["zstd", "-dc", shard], check=True, stdout=subprocess.PIPE).stdout.splitlines()


def some(context, domain, budget):
    """The first records of a domain, about so many bytes of them and at least one."""
    taken = 0
    for line in lines(context, domain):
        if taken and taken + len(line) > budget:
            return
        taken += len(line)
        yield line


def documents(context):
    """One shard with text of every domain, about 4 MB."""
    path = context.work / "documents.jsonl"
    budget = context.pick(600_000, 6_000)
    with open(path, "wb") as file:
        for domain in DOMAINS:
            for line in some(context, domain, budget):
                file.write(line + b"\n")
    return path


def texts(path):
    """The documents of a shard."""
    with open(path, "rb") as file:
        return [json.loads(line)["text"] for line in file]


def sharded(context, name, shards):
    """A manifest of the seven domains in about so many shards, with next to all their text."""
    folder = context.work / name
    shutil.rmtree(folder, ignore_errors=True)
    manifest = ["schema: 1", f"name: {name}", "validation_fraction: 0.02", "domains:"]
    for number, domain in enumerate(DOMAINS):
        (folder / domain).mkdir(parents=True)
        parts = shards // len(DOMAINS) + (number < shards % len(DOMAINS))
        records = list(some(context, domain, context.pick(1 << 30, 60_000)))
        # Few records would leave shards empty: then their text is cut.
        if len(records) < 4 * parts:
            records = list(itertools.chain.from_iterable(pieces(record, 4 * parts) for record in records))
        for part in range(parts):
            with gzip.open(folder / domain / f"{part:05}.jsonl.gz", "wb", compresslevel=3) as file:
                file.write(b"".join(record + b"\n" for record in records[part::parts]))
        manifest.append(f"  - {{ name: {domain}, shards: [{domain}/*.jsonl.gz] }}")
    (folder / "manifest.yaml").write_text("\n".join(manifest) + "\n")
    return folder / "manifest.yaml"


def pieces(record, count):
    """A record as several of at least 2,000 characters."""
    text = json.loads(record)["text"]
    size = max(len(text) // count, 2_000)
    for start in range(0, len(text), size):
        yield json.dumps({"text": text[start : start + size]}, ensure_ascii=False).encode()


def quickstart(context):
    """The manifest of the quickstart's corpus, or of a piece of it."""
    if context.quick:
        return sharded(context, "few-shards", 14)
    return context.root / "data-manifests/quickstart.yaml"


def packed(context, name, manifest, length):
    """Rows of so many tokens, packed by us for SmolLM2."""
    folder = context.work / f"{name}-{length}"
    shutil.rmtree(folder, ignore_errors=True)
    context.run(
        *context.ours("pack", "--manifest", manifest, "--tokenizer", context.model, "--sequence-length", length),
        *("--threads", context.threads, "--into", folder),
    )
    return folder
