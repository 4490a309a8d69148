"""The peer of `shear bench train`: a plain PyTorch loop over a transformers model, fused AdamW, gradients clipped.

Two modes: `bf16` holds weights and moments in bfloat16, `autocast` holds them in float32 and computes under autocast.
"""

import argparse

import numpy
import torch
import transformers
from peer_turns import forget_peak, now, resident, take


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--rows-file")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--columns", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--mode", choices=["bf16", "autocast"])
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        options.model,
        dtype=torch.bfloat16 if options.mode == "bf16" else torch.float32,
        attn_implementation="sdpa",
    ).train()
    parameters = list(model.parameters())
    # The constants of ours.
    optimizer = torch.optim.AdamW(
        parameters, lr=options.rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0, fused=True
    )
    forward = torch.compile(model) if options.compile else model
    steps = numpy.fromfile(options.rows_file, numpy.int32).reshape(-1, options.rows, options.columns)
    taken = 0

    def step(tokens):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.mode == "autocast"):
            loss = forward(input_ids=tokens, labels=tokens, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def slice():
        nonlocal taken
        if taken == 0:
            forget_peak()
        start = now()
        loss = step(torch.from_numpy(steps[taken]).long())
        taken += 1
        return {"seconds": now() - start, "losses": [loss], "peakResidentBytes": resident("VmHWM")}

    take({"parameters": sum(parameter.numel() for parameter in parameters), "residentBytes": resident("VmRSS")}, slice)


if __name__ == "__main__":
    main()
