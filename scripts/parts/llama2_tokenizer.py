"""Rebuilds the LLaMA-2 tokenizer from the test vocabulary in the llama-cpp-python source distribution.

    llama2_tokenizer.py SDIST.tar.gz FOLDER

Writes tokenizer.model (a SentencePiece model: same pieces, scores and normaliser), tokenizer.json (Hugging Face
`tokenizers`: BPE merges in order of score), tokenizer_config.json, special_tokens_map.json and test_vectors.json
([{"text", "ids"}]: no BOS, with the dummy prefix). Standard library only.
"""

import hashlib
import json
import pathlib
import struct
import sys
import tarfile

MEMBER = "vendor/llama.cpp/models/ggml-vocab-llama-spm.gguf"
SHA256 = "16c3724582d59aa8bf84711894e833f916ee46a31d80e21312759c48bf8d0e69"
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
NORMAL = 1


def metadata(data):
    """The key-value pairs at the start of a GGUF file."""
    at = 8 + 8  # magic, version, tensor count

    def take(layout):
        nonlocal at
        value = struct.unpack_from(layout, data, at)[0]
        at += struct.calcsize(layout)
        return value

    def text():
        nonlocal at
        size = take("<Q")
        at += size
        return data[at - size : at].decode("utf-8")

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            element, count = take("<I"), take("<Q")
            return [value(element) for _ in range(count)]
        return take(SCALARS[kind])

    return {text(): value(take("<I")) for _ in range(take("<Q"))}


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def integer(field, number):
    return varint(field << 3) + varint(number)


def message(field, content):
    content = content.encode("utf-8") if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def sentencepiece_model(tokens, scores, kinds):
    """A ModelProto: pieces (1), trainer (2: BPE, byte fallback, ids), normaliser (3: identity, dummy prefix)."""
    pieces = []
    for token, score, kind in zip(tokens, scores, kinds):
        piece = message(1, token) + varint(2 << 3 | 5) + struct.pack("<f", score)
        pieces.append(message(1, piece if kind == NORMAL else piece + integer(3, kind)))
    trainer = (
        integer(3, 2) + integer(4, len(tokens)) + integer(35, 1)
        + integer(40, 0) + integer(41, 1) + integer(42, 2) + integer(43, -1)
        + message(44, " \u2047 ") + message(45, "<unk>") + message(46, "<s>") + message(47, "</s>")
    )  # fmt: skip
    normaliser = message(1, "identity") + integer(3, 1) + integer(4, 0) + integer(5, 1)
    return b"".join(pieces) + message(2, trainer) + message(3, normaliser)


def merges(tokens, scores, kinds):
    """Every split of a piece into two pieces, best score first; equal scores keep the vocabulary's order."""
    number = {token: index for index, token in enumerate(tokens)}
    found = []
    for token, score, kind in zip(tokens, scores, kinds):
        if kind != NORMAL:
            continue
        splits = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        splits = [pair for pair in splits if pair[0] in number and pair[1] in number]
        found += [(-score, pair) for pair in sorted(splits, key=lambda pair: (number[pair[0]], number[pair[1]]))]
    found.sort(key=lambda entry: entry[0])
    return [list(pair) for _, pair in found]


def tokenizer_json(tokens, scores, kinds):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    first = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, "content": tokens[index], **flags} for index in range(3)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "\u2581"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [
                first,
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "<s>", "type_id": 1}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": merges(tokens, scores, kinds),
        },
    }


def main(sdist, folder):
    parts = {}
    with tarfile.open(sdist) as archive:
        for member in archive:
            for ending in ("", ".inp", ".out"):
                if member.name.endswith(MEMBER + ending):
                    parts[ending] = archive.extractfile(member).read()
    if hashlib.sha256(parts[""]).hexdigest() != SHA256:
        sys.exit(f"{MEMBER} is not the pinned file (SHA-256 differs)")
    fields = metadata(parts[""])
    pieces = [fields[f"tokenizer.ggml.{key}"] for key in ("tokens", "scores", "token_type")]
    texts = parts[".inp"].decode("utf-8").split("\n__ggml_vocab_test__\n")
    rows = parts[".out"].decode().split("\n")
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}

    (folder / "tokenizer.model").write_bytes(sentencepiece_model(*pieces))
    files = {
        "tokenizer.json": tokenizer_json(*pieces),
        "special_tokens_map.json": names,
        "tokenizer_config.json": {
            **names,
            "tokenizer_class": "LlamaTokenizer",
            "add_bos_token": True,
            "add_eos_token": False,
            "clean_up_tokenization_spaces": False,
            "legacy": True,
            "model_max_length": 4096,
        },
        "test_vectors.json": [
            {"text": text, "ids": [int(number) for number in row.split()]} for text, row in zip(texts, rows)
        ],
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{len(pieces[0])} pieces, {len(texts)} test vectors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
