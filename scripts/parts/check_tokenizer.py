"""Compares `shear tokenize` with Hugging Face `tokenizers`, document by document.

    check_tokenizer.py SHEAR TOKENIZER.json SHARD...
"""

import json
import pathlib
import subprocess
import sys

from tokenizers import Tokenizer


def documents(shard):
    lines = subprocess.run(["zstd", "-dc", shard], check=True, capture_output=True).stdout.splitlines()
    return [json.loads(line)["text"] for line in lines]


def main(shear, original, *shards):
    reference = Tokenizer.from_file(original)
    # Plain text is plain text: the characters of a special token are not that token.
    reference.encode_special_tokens = True
    ours = [pathlib.Path(original), pathlib.Path(original).with_name("tokenizer.model")]
    for path in filter(pathlib.Path.exists, ours):
        count = ids = 0
        for shard in shards:
            output = subprocess.run(
                [shear, "tokenize", "--tokenizer", path, "--input", shard], check=True, capture_output=True, text=True
            ).stdout
            rows = [json.loads(line) for line in output.splitlines()]
            texts = documents(shard)
            if len(rows) != len(texts):
                sys.exit(f"{shard}: {len(rows)} rows for {len(texts)} documents")
            for number, (row, text) in enumerate(zip(rows, texts), 1):
                expected = reference.encode(text, add_special_tokens=False).ids
                if row != expected:
                    at = next((i for i, (a, b) in enumerate(zip(row, expected)) if a != b), min(len(row), len(expected)))
                    sys.exit(f"{shard} line {number}: token {at} is {row[at : at + 3]}, wanted {expected[at : at + 3]}")
                count += 1
                ids += len(row)
        print(f"{path.name}: {count} documents, {ids:,} tokens, all equal")


if __name__ == "__main__":
    main(*sys.argv[1:])
