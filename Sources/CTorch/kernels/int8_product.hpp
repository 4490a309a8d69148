#pragma once
#include "quantised_rows.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Products of quantised rows with weights of bytes, in the forms that `int8_linear.cpp` names.

namespace shearling::int8 {

constexpr int64_t channels = 16, inputs = 4, word = channels * inputs;
/// Sums of K products of bytes stay below 2^31.
constexpr int64_t widest = 65536;

/// What both loops end with: exact sums to outputs.
template <class T>
CT_INLINE inline void finish(const int32_t *__restrict sums, int64_t count, float row_scale, const float *__restrict scales, const float *__restrict bias,
                             T *__restrict out) {
    if (bias != nullptr)
        for (int64_t n = 0; n < count; ++n) {
            const float product = static_cast<float>(sums[n]) * (row_scale * scales[n]);
            out[n] = narrow<T>(product + bias[n]);
        }
    else
        for (int64_t n = 0; n < count; ++n) out[n] = narrow<T>(static_cast<float>(sums[n]) * (row_scale * scales[n]));
}

/// Sums of one row of `width` signed bytes with rows `first ..< last` of weights [N, K], finished into `out`.
template <class T>
void plain_row(const int8_t *x, float row_scale, int64_t width, const int8_t *weight, int64_t first, int64_t last, const float *scales,
               const float *bias, T *out) {
    vectorised([&]() CT_INLINE {
        const int8_t *__restrict left = x, *__restrict right = weight;
        for (int64_t n = first; n < last; ++n) {
            int32_t sum = 0;
            for (int64_t i = 0; i < width; ++i) sum += static_cast<int32_t>(left[i]) * static_cast<int32_t>(right[n * width + i]);
            finish(&sum, 1, row_scale, scales + n, bias == nullptr ? nullptr : bias + n, out + n);
        }
    });
}

#if defined(__x86_64__)

#define CT_VNNI __attribute__((target("arch=x86-64-v4,avx512vnni,no-prefer-256-bit")))

inline bool has_vnni() {
    static const bool found = instruction_set() == InstructionSet::avx512 && __builtin_cpu_supports("avx512vnni");
    return found;
}

/// Sums of `Rows` rows of unsigned bytes with `Blocks` blocks of 16 channels; a block's last word is what 128 times its
/// weights sum to, which the rows' shift by 128 has added.
template <int Rows, int Blocks>
CT_VNNI __attribute__((always_inline)) inline void tile(const uint8_t *x, int64_t x_stride, const int8_t *weight, int64_t block_bytes, int64_t words,
                                                        int32_t *sums, int64_t sums_stride) {
    __m512i sum[Rows][Blocks];
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        const __m512i shift = _mm512_loadu_si512(weight + b * block_bytes + words * word);
#pragma clang loop unroll(full)
        for (int r = 0; r < Rows; ++r) sum[r][b] = _mm512_sub_epi32(_mm512_setzero_si512(), shift);
    }
    for (int64_t w = 0; w < words; ++w) {
        __m512i right[Blocks];
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b) right[b] = _mm512_loadu_si512(weight + b * block_bytes + w * word);
#pragma clang loop unroll(full)
        for (int r = 0; r < Rows; ++r) {
            int32_t four;
            __builtin_memcpy(&four, x + r * x_stride + w * inputs, 4);
            const __m512i left = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b) sum[r][b] = _mm512_dpbusd_epi32(sum[r][b], left, right[b]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; ++r)
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b) _mm512_storeu_si512(sums + r * sums_stride + b * channels, sum[r][b]);
}

template <int Rows>
CT_VNNI inline void tiles(int64_t blocks, const uint8_t *x, int64_t x_stride, const int8_t *weight, int64_t block_bytes, int64_t words, int32_t *sums) {
    if (blocks == 4) return tile<Rows, 4>(x, x_stride, weight, block_bytes, words, sums, 4 * channels);
    for (int64_t b = 0; b < blocks; ++b)
        tile<Rows, 1>(x, x_stride, weight + b * block_bytes, block_bytes, words, sums + b * channels, 4 * channels);
}

/// Rows `first_row ..< last_row` of bytes plus 128 with up to four blocks of packed weights, finished into out [rows, outputs].
template <class T>
CT_VNNI void rows_by_blocks(int64_t first_row, int64_t last_row, int64_t first_block, int64_t blocks, const uint8_t *x, const float *row_scales,
                            const int8_t *weight, int64_t words, int64_t outputs, const float *scales, const float *bias, T *out) {
    alignas(64) int32_t sums[6 * 4 * channels];
    const int64_t stride = words * inputs, block_bytes = (words + 1) * word, first = first_block * channels;
    const int64_t count = std::min(blocks * channels, outputs - first);
    const int8_t *start = weight + first_block * block_bytes;
    const auto write = [&](int64_t row, int64_t rows) CT_VNNI {
        for (int64_t r = 0; r < rows; ++r)
            finish(sums + r * 4 * channels, count, row_scales[row + r], scales + first, bias == nullptr ? nullptr : bias + first,
                   out + (row + r) * outputs + first);
    };
    int64_t row = first_row;
    for (; row + 6 <= last_row; row += 6) {
        tiles<6>(blocks, x + row * stride, stride, start, block_bytes, words, sums);
        write(row, 6);
    }
    for (; row + 2 <= last_row; row += 2) {
        tiles<2>(blocks, x + row * stride, stride, start, block_bytes, words, sums);
        write(row, 2);
    }
    for (; row < last_row; ++row) {
        tiles<1>(blocks, x + row * stride, stride, start, block_bytes, words, sums);
        write(row, 1);
    }
}

#endif

}  // namespace shearling::int8
