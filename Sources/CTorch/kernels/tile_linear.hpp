#pragma once
#include "../handle.hpp"

namespace shearling {

/// Whether `tile_linear` does this product: rows of bfloat16 that `tile_matrix` multiplies with the weight.
bool fits_tile_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

/// input [.., K] times weight [N, K], row by row or the transpose of such a matrix, plus bias [N]; float32 inside.
/// Differentiable, with products of the same kind.
at::Tensor tile_linear(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias);

}  // namespace shearling
