"""The peer of `shear bench decode`: transformers continues a prompt greedily with its cache, one sequence.

Two ways: `loop` calls the model token by token and does nothing else, `generate` is transformers' own.
"""

import argparse

import torch
import transformers
from peer_turns import now, resident, take


class Clock(transformers.generation.streamers.BaseStreamer):
    """Notes when the first token is there."""

    def __init__(self):
        self.first = None
        self.calls = 0

    def put(self, value):
        self.calls += 1
        if self.calls == 2:  # the first call brings the prompt
            self.first = now()

    def end(self):
        pass


def loop(model, prompt, count):
    made = model(prompt, use_cache=True, logits_to_keep=1)
    token = made.logits[:, -1].argmax(-1, keepdim=True)
    tokens = [token.item()]
    first = now()
    for _ in range(count):
        made = model(token, past_key_values=made.past_key_values, use_cache=True, logits_to_keep=1)
        token = made.logits[:, -1].argmax(-1, keepdim=True)
        tokens.append(token.item())
    return first, tokens


def generate(model, prompt, count):
    clock = Clock()
    made = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count + 1, do_sample=False, streamer=clock
    )
    return clock.first, made[0, prompt.shape[1] :].tolist()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--dtype")
    parser.add_argument("--way", choices=["loop", "generate"])
    parser.add_argument("--prompt", type=int, nargs="+")
    parser.add_argument("--count", type=int)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        options.model, dtype=getattr(torch, options.dtype), attn_implementation="sdpa"
    ).eval()
    model.generation_config.eos_token_id = None  # ours does not stop either
    model.generation_config.pad_token_id = 0
    prompt = torch.tensor([options.prompt])
    way = {"loop": loop, "generate": generate}[options.way]

    def slice():
        with torch.inference_mode():
            start = now()
            first, tokens = way(model, prompt, options.count)
            end = now()
        return {
            "seconds": end - start,
            "prefillSeconds": first - start,
            "decodeSeconds": end - first,
            "tokens": tokens,
            "peakResidentBytes": resident("VmHWM"),
        }

    take({"prompt": len(options.prompt), "decoded": options.count}, slice)


if __name__ == "__main__":
    main()
