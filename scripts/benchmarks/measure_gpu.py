"""gpu: says whether there is one."""

import torch
from rows import ROWS


def measure(context, result):
    if torch.cuda.is_available():
        raise RuntimeError(f"{torch.cuda.get_device_name(0)} is at hand, and steps on a GPU are not measured here yet")
    kind = ROWS["gpu"]
    result.add(
        {
            "what": "gpu",
            "ours": None,
            "peer": None,
            "unit": kind.unit,
            "better": kind.better,
            "ratio": None,
            "target": kind.target,
            "holds": None,
            "note": "no GPU is at hand",
        }
    )
