"""Compares an exported folder, read by transformers, with `shear score`.

    check_export.py SHEAR FOLDER [EXACT]

With EXACT, that model is scored instead: what the folder was padded from.
"""

import json
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4
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
    theirs = []
    with torch.no_grad():
        for row in rows:
            scores = torch.log_softmax(model(torch.tensor([row])).logits[0].float(), -1)
            theirs.append([scores[at - 1, row[at]].item() for at in range(1, len(row))])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(rows, file)
        file.flush()
        output = subprocess.run(
            [shear, "score", "--model", exact or folder, "--tokens", file.name], check=True, capture_output=True, text=True
        ).stdout
    ours = [json.loads(line) for line in output.splitlines()]
    if [len(row) for row in ours] != [len(row) for row in theirs]:
        sys.exit(f"shear score printed rows of {[len(row) for row in ours]}, wanted {[len(row) for row in theirs]}")
    largest = max(abs(value) for row in theirs for value in row)
    difference = max(abs(a - b) for mine, other in zip(ours, theirs) for a, b in zip(mine, other))
    print(f"log-probabilities: largest difference {difference:.2e}, over the largest value {difference / largest:.2e}")
    if difference / largest > TOLERANCE:
        sys.exit(f"more than {TOLERANCE}")


if __name__ == "__main__":
    main(*sys.argv[1:])
