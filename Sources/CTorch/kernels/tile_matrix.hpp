#pragma once
#include "../handle.hpp"

namespace shearling {

/// Whether `tile_matrix` multiplies these: bfloat16 matrices [M, K] and [K, N] on the CPU, each row by row or column by column,
/// of more than a few rows, on a processor with AVX-512 and without AMX.
bool fits_tile_matrix(const at::Tensor &a, const at::Tensor &b);

/// a [M, K] times b [K, N], plus bias [N] to each row: [M, N], float32 inside. The bits do not depend on the number of threads.
at::Tensor tile_matrix(const at::Tensor &a, const at::Tensor &b, const c10::optional<at::Tensor> &bias = c10::nullopt);

/// a times b, by `tile_matrix` where that fits.
at::Tensor matrix_product(const at::Tensor &a, const at::Tensor &b);
/// The same into a contiguous matrix of a's dtype.
void matrix_product_into(const at::Tensor &out, const at::Tensor &a, const at::Tensor &b);

}  // namespace shearling
