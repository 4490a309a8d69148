#pragma once
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>

// Products of small bfloat16 tiles with float32 sums, for processors with AVX512-BF16. The instruction multiplies pairs:
// two neighbours along the summed axis stand together in one 32-bit word ("pair"), so
//     C[row][column] += sum over pairs p of A(row, p).low * B(p, column).low + A(row, p).high * B(p, column).high.

#define CT_TILE __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit")))

namespace shearling::tile {

/// A[row, pair] stands at `data[row * row_stride + pair * pair_stride]`: rows of a matrix, or columns of its transpose.
struct Left {
    const uint32_t *data;
    int64_t row_stride, pair_stride;
};

/// B[pair, column] stands at `data[pair * pair_stride + column]`.
struct Right {
    const uint32_t *data;
    int64_t pair_stride;
};

template <int Rows, int Vectors>
CT_TILE __attribute__((always_inline)) inline void block(Left a, Right b, int64_t pairs, float *c, int64_t c_stride, bool accumulate) {
    __m512 sums[Rows][Vectors];
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; ++r)
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) sums[r][v] = accumulate ? _mm512_loadu_ps(c + r * c_stride + 16 * v) : _mm512_setzero_ps();
    for (int64_t p = 0; p < pairs; ++p) {
        __m512bh right[Vectors];
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) right[v] = (__m512bh)_mm512_loadu_si512(b.data + p * b.pair_stride + 16 * v);
#pragma clang loop unroll(full)
        for (int r = 0; r < Rows; ++r) {
            const __m512bh left = (__m512bh)_mm512_set1_epi32(static_cast<int>(a.data[r * a.row_stride + p * a.pair_stride]));
#pragma clang loop unroll(full)
            for (int v = 0; v < Vectors; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], left, right[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; ++r)
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) _mm512_storeu_ps(c + r * c_stride + 16 * v, sums[r][v]);
}

template <int Vectors>
CT_TILE inline void panel(int64_t rows, Left a, Right b, int64_t pairs, float *c, int64_t c_stride, bool accumulate) {
    int64_t row = 0;
    const auto from = [&](int64_t first) CT_TILE { return Left{a.data + first * a.row_stride, a.row_stride, a.pair_stride}; };
    for (; row + 6 <= rows; row += 6) block<6, Vectors>(from(row), b, pairs, c + row * c_stride, c_stride, accumulate);
    for (; row + 2 <= rows; row += 2) block<2, Vectors>(from(row), b, pairs, c + row * c_stride, c_stride, accumulate);
    for (; row < rows; ++row) block<1, Vectors>(from(row), b, pairs, c + row * c_stride, c_stride, accumulate);
}

/// C[rows, columns] = A B, or += when `accumulate`; columns is a multiple of 16.
CT_TILE inline void product(int64_t rows, int64_t columns, int64_t pairs, Left a, Right b, float *c, int64_t c_stride, bool accumulate) {
    int64_t column = 0;
    const auto at = [&](int64_t first) CT_TILE { return Right{b.data + first, b.pair_stride}; };
    for (; column + 64 <= columns; column += 64) panel<4>(rows, a, at(column), pairs, c + column, c_stride, accumulate);
    for (; column + 32 <= columns; column += 32) panel<2>(rows, a, at(column), pairs, c + column, c_stride, accumulate);
    for (; column < columns; column += 16) panel<1>(rows, a, at(column), pairs, c + column, c_stride, accumulate);
}

}  // namespace shearling::tile
#endif
