"""Makes tiny-NAME.safetensors: small random LLaMAs and the logits that transformers computes with them in float32.

    tiny_models.py FOLDER

Each file holds the weights by their Hugging Face names, `golden.tokens` (int64 [rows, time]) and `golden.logits` (float32
[rows, time, vocabulary]); its metadata holds config.json under `config`.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

SHARED = {
    "vocab_size": 37,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 4,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
MODELS = {
    "grouped": {"num_key_value_heads": 2, "tie_word_embeddings": True},
    "multi-query": {"num_key_value_heads": 1, "rms_norm_eps": 1e-6},
    "biases": {"attention_bias": True, "mlp_bias": True},
    "wide-heads": {"num_key_value_heads": 2, "head_dim": 10},
    "llama3": {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "rope_parameters": LLAMA3},
    "linear": {"rope_parameters": {"rope_type": "linear", "rope_theta": 1000.0, "factor": 4.0}},
}


def main(folder):
    for number, (name, changes) in enumerate(MODELS.items()):
        generator = torch.Generator().manual_seed(1000 + number)
        config = LlamaConfig(**{**SHARED, **changes})
        model = LlamaForCausalLM(config).float().eval()
        with torch.no_grad():
            for weight in model.parameters():
                centre = 1.0 if weight.dim() == 1 and weight.abs().sum() > 0 else 0.0
                weight.copy_(centre + 0.25 * torch.randn(weight.shape, generator=generator))
        tokens = torch.randint(0, config.vocab_size, (1, 40), generator=generator)
        with torch.inference_mode():
            logits = model(tokens).logits
        tensors = {key: value.clone() for key, value in model.state_dict().items()}
        if config.tie_word_embeddings:
            tensors.pop("lm_head.weight", None)
        tensors["golden.tokens"] = tokens
        tensors["golden.logits"] = logits.clone()
        described = config.to_dict() | {"architectures": ["LlamaForCausalLM"]}
        metadata = {"format": "pt", "config": json.dumps(described, sort_keys=True)}
        save_file(tensors, str(pathlib.Path(folder) / f"tiny-{name}.safetensors"), metadata=metadata)


if __name__ == "__main__":
    main(sys.argv[1])
