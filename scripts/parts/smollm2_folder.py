"""Writes a Hugging Face folder in fp32 from the SmolLM2-135M GGUF file.

    smollm2_folder.py FILE.gguf FOLDER

This is the independent reader that the Swift importer is compared with: a GGUF parser, the three storage types that
the file uses (F32, Q8_0, Q4_1), and the undoing of llama.cpp's row order of the query and key projections.
"""

import json
import mmap
import pathlib
import struct
import sys

import numpy as np

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, LIST = 8, 9
F32, Q4_1, Q8_0 = 0, 3, 8


class Reader:
    """Metadata and tensors of one GGUF file, version 2 or 3."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = 0
        magic, version, tensors, pairs = self.take("<4sIQQ")
        if magic != b"GGUF" or version not in (2, 3):
            sys.exit(f"{path} is not a GGUF file of version 2 or 3")
        self.fields = {}
        for _ in range(pairs):
            key = self.text()
            self.fields[key] = self.value(self.take("<I")[0])
        infos = []
        for _ in range(tensors):
            name, axes = self.text(), self.take("<I")[0]
            shape = [self.take("<Q")[0] for _ in range(axes)]
            kind, offset = self.take("<IQ")
            infos.append((name, shape[::-1], kind, offset))
        step = self.fields.get("general.alignment", 32)
        base = -(-self.at // step) * step
        self.tensors = {name: self.dense(shape, kind, base + offset) for name, shape, kind, offset in infos}

    def take(self, layout):
        values = struct.unpack_from(layout, self.bytes, self.at)
        self.at += struct.calcsize(layout)
        return values

    def text(self):
        (size,) = self.take("<Q")
        self.at += size
        return self.bytes[self.at - size : self.at].decode("utf-8")

    def value(self, kind):
        if kind == TEXT:
            return self.text()
        if kind == LIST:
            element, count = self.take("<IQ")
            return [self.value(element) for _ in range(count)]
        return self.take(SCALARS[kind])[0]

    def dense(self, shape, kind, start):
        count = int(np.prod(shape))
        if kind == F32:
            return np.frombuffer(self.bytes, "<f4", count, start).reshape(shape)
        if kind == Q8_0:  # 32 values: scale f16, 32 int8
            block = np.dtype([("scale", "<f2"), ("values", "i1", 32)])
            blocks = np.frombuffer(self.bytes, block, count // 32, start)
            dense = blocks["scale"].astype(np.float32)[:, None] * blocks["values"].astype(np.float32)
            return dense.reshape(shape)
        if kind == Q4_1:  # 32 values: scale f16, minimum f16, 16 bytes with values i (low) and i + 16 (high)
            block = np.dtype([("scale", "<f2"), ("least", "<f2"), ("pairs", "u1", 16)])
            blocks = np.frombuffer(self.bytes, block, count // 32, start)
            steps = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=1).astype(np.float32)
            dense = blocks["scale"].astype(np.float32)[:, None] * steps + blocks["least"].astype(np.float32)[:, None]
            return dense.reshape(shape)
        sys.exit(f"storage type {kind} is not one that this file was known to use")


def halves(weight, heads):
    """llama.cpp interleaves the rotary halves of each head: back to first half, second half."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


def named(tensors, heads, groups):
    for name, weight in tensors.items():
        if name in TOP:
            yield TOP[name], weight
            continue
        _, layer, part, _ = name.split(".")
        if part == "attn_q":
            weight = halves(weight, heads)
        elif part == "attn_k":
            weight = halves(weight, groups)
        yield f"model.layers.{layer}.{PARTS[part]}.weight", weight


def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        size = tensors[name].size * 4
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(np.ascontiguousarray(tensors[name], "<f4").tobytes())


def tokenizer(fields):
    """Byte-level BPE as Hugging Face `tokenizers` writes it; this vocabulary splits digits one by one."""
    tokens = fields["tokenizer.ggml.tokens"]
    kinds = fields["tokenizer.ggml.token_type"]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, **plain}
            for number, (token, kind) in enumerate(zip(tokens, kinds))
            if kind == 3
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]},
        "post_processor": None,
        "decoder": {**level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in fields["tokenizer.ggml.merges"]],
        },
    }


def main(source, folder):
    reader = Reader(source)
    fields = reader.fields
    heads = fields["llama.attention.head_count"]
    groups = fields["llama.attention.head_count_kv"]
    tensors = dict(named(reader.tensors, heads, groups))
    hidden = fields["llama.embedding_length"]
    tokens = fields["tokenizer.ggml.tokens"]
    bos, eos = fields["tokenizer.ggml.bos_token_id"], fields["tokenizer.ggml.eos_token_id"]
    padding = fields["tokenizer.ggml.padding_token_id"]
    special = {
        "bos_token": tokens[bos],
        "eos_token": tokens[eos],
        "pad_token": tokens[padding],
        "unk_token": tokens[fields["tokenizer.ggml.unknown_token_id"]],
    }
    numbers = {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": padding}
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "mlp_bias": False,
        **numbers,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "head_dim": hidden // heads,
        "intermediate_size": fields["llama.feed_forward_length"],
        "max_position_embeddings": fields["llama.context_length"],
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "num_hidden_layers": fields["llama.block_count"],
        "rms_norm_eps": float(f"{fields['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_scaling": None,
        "rope_theta": float(fields["llama.rope.freq_base"]),
        "tie_word_embeddings": "output.weight" not in reader.tensors,
        "torch_dtype": "float32",
        "vocab_size": int(tensors["model.embed_tokens.weight"].shape[0]),
    }
    files = {
        "config.json": config,
        "generation_config.json": numbers,
        "special_tokens_map.json": special,
        "tokenizer.json": tokenizer(fields),
        "tokenizer_config.json": {
            **special,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": config["max_position_embeddings"],
            "chat_template": fields["tokenizer.chat_template"],
        },
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write_safetensors(folder / "model.safetensors", tensors)
    print(f"{len(tensors)} tensors, {sum(weight.size for weight in tensors.values()):,} parameters")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
