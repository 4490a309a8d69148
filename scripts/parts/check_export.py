"""Compares the logits of an exported folder, read by transformers, with those of `shear score`.

    check_export.py SHEAR FOLDER [EXACT]

With EXACT, that model's are taken instead: what the folder was padded from.
"""

import json
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4
PADDED_TOLERANCE = 1e-5
TEXT = "The house stood at the end of a long road, and nobody had lived in it for years.\n\tdef f(x): return x + 1"


def main(shear, folder, exact=None):
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report.get(kind):
            sys.exit(f"transformers found {kind}: {sorted(map(str, report[kind]))[:5]}")
    config = model.config
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    layers = config.num_hidden_layers
    hidden, inner, vocabulary = config.hidden_size, config.intermediate_size, config.vocab_size
    attention = hidden * head * 2 * (config.num_attention_heads + config.num_key_value_heads)
    expected = layers * (attention + 3 * hidden * inner + 2 * hidden) + hidden + vocabulary * hidden
    expected += 0 if config.tie_word_embeddings else vocabulary * hidden
    found = sum(parameter.numel() for parameter in model.parameters())
    if found != expected:
        sys.exit(f"{found:,} parameters; config.json promises {expected:,}")
    print(f"transformers loads it: {found:,} parameters, {layers} layers, hidden {hidden}")

    tokenizer = AutoTokenizer.from_pretrained(folder)
    generator = torch.Generator().manual_seed(17)
    rows = [tokenizer(TEXT, add_special_tokens=False)["input_ids"]]
    rows += [torch.randint(0, vocabulary, (length,), generator=generator).tolist() for length in (2, 33, 256)]
    model.eval()
    with torch.no_grad():
        theirs = [model(torch.tensor([row])).logits.float() for row in rows]
    with tempfile.TemporaryDirectory() as place:
        tokens, logits = f"{place}/tokens.json", f"{place}/logits.safetensors"
        with open(tokens, "w") as file:
            json.dump(rows, file)
        command = [shear, "score", "--model", exact or folder, "--tokens", tokens, "--logits", logits]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = load_file(logits)
    ours = [found.get(str(place)) for place in range(len(rows))]
    for mine, other in zip(ours, theirs):
        if mine is None or mine.shape != other.shape:
            shape = None if mine is None else tuple(mine.shape)
            sys.exit(f"shear score gave logits of {shape}, wanted {tuple(other.shape)}")
    largest = max(other.abs().max().item() for other in theirs)
    difference = max((mine - other).abs().max().item() for mine, other in zip(ours, theirs))
    tolerance = PADDED_TOLERANCE if exact else TOLERANCE
    print(f"logits: largest difference {difference:.2e}, over the largest logit {difference / largest:.2e}")
    if not difference / largest <= tolerance:
        sys.exit(f"more than {tolerance}")


if __name__ == "__main__":
    main(*sys.argv[1:])
