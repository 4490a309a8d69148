"""Makes smollm2-135m.json: what transformers computes with SmolLM2-135M in float32, for the parity tests.

    smollm2.py FOLDER

Reads the model from $SHEARLING_FIXTURES/smollm2 (scripts/fetch-fixtures). Per prompt: token ids, mean loss of the next
token in nats, the last position's eight largest logits and those of the first eight ids, the norm of the stream at the
last position (embedding, each block, and the final norm in place of the last block), and sixteen greedy tokens.
"""

import json
import os
import pathlib
import sys

import torch
import transformers

PROMPTS = [
    "The capital of France is",
    "Once upon a time, there was a little girl who",
    "def fibonacci(n):\n    ",
    "Structured pruning removes whole heads, layers and hidden dimensions from a language model so that",
    "\\begin{theorem}\nLet $G$ be a finite group. Then 12345 + 67 =",
    "Q: What is the boiling point of water?\n\nA:",
]


def measure(model, tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        run = model(ids, output_hidden_states=True)
        greedy = ids
        for _ in range(16):
            following = model(greedy).logits[:, -1].argmax(-1, keepdim=True)
            greedy = torch.cat([greedy, following], 1)
    logits = run.logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:])
    top = logits[-1].topk(8)
    made = greedy[0, ids.shape[1] :].tolist()
    return {
        "text": text,
        "ids": ids[0].tolist(),
        "mean_next_token_loss": round(loss.item(), 6),
        "last_logits_top8": [[token, round(value, 5)] for token, value in zip(top.indices.tolist(), top.values.tolist())],
        "last_logits_first8": [round(value, 5) for value in logits[-1, :8].tolist()],
        "hidden_l2_last_position": [round(state[0, -1].norm().item(), 4) for state in run.hidden_states],
        "greedy_16": made,
        "greedy_text": tokenizer.decode(made),
    }


def main(folder):
    source = pathlib.Path(os.environ["SHEARLING_FIXTURES"]) / "smollm2"
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="sdpa").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    made_with = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "dtype": "float32",
        "attention": "sdpa",
    }
    prompts = [measure(model, tokenizer, text) for text in PROMPTS]
    path = pathlib.Path(folder) / "smollm2-135m.json"
    path.write_text(json.dumps({"made_with": made_with, "prompts": prompts}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
