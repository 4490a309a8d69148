#pragma once
#include "../handle.hpp"

namespace shearling {

/// Whether `row_linear` does this product: one row of float32 or bfloat16 on the CPU, in order in memory as the weight is, and
/// no gradients to record.
bool fits_row_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

/// input [.., K] of one row times weight [N, K], plus bias [N]: float32 inside, the weight read once at memory's speed.
at::Tensor row_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

}  // namespace shearling
