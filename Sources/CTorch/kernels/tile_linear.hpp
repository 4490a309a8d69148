#pragma once
#include "../handle.hpp"

namespace shearling {

/// Whether `tile_linear` does this product: many rows of bfloat16 on a processor with AVX512-BF16 and without AMX, where oneDNN
/// leaves a fifth of the arithmetic unused; no gradients to record.
bool fits_tile_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

/// input [.., K] times weight [N, K], row by row or the transpose of such a matrix, plus bias [N]; float32 inside.
at::Tensor tile_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

}  // namespace shearling
