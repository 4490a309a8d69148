#pragma once
#include "vectorised.hpp"

#include <c10/core/GradMode.h>

namespace shearling {

/// Rows of numbers as signed bytes, each with a scale of its own: row = scale * bytes, scale = max|row| / 127, bytes
/// rounded to the nearest, ties to even. `stride` is bytes from row to row; what lies between is 0. `flip` is 0, or 0x80
/// for bytes plus 128 as unsigned ones.
template <class T>
void quantise_rows(const T *__restrict from, int64_t rows, int64_t width, int64_t stride, uint8_t flip, uint8_t *__restrict to, float *__restrict scales) {
    parallel_for(0, rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
        vectorised([&]() CT_INLINE {
            for (int64_t row = begin; row < end; ++row) {
                const T *__restrict x = from + row * width;
                uint8_t *__restrict q = to + row * stride;
                // The magnitude's bits order as integers do; a NaN stands above all and goes into the scale.
                uint32_t largest = 0;
                for (int64_t i = 0; i < width; ++i) {
                    const uint32_t bits = std::bit_cast<uint32_t>(widen(x[i])) & 0x7FFFFFFFu;
                    largest = bits > largest ? bits : largest;
                }
                const float most = std::bit_cast<float>(largest), inverse = largest == 0 ? 0.0f : 127.0f / most;
                scales[row] = most / 127.0f;
                for (int64_t i = 0; i < width; ++i) {
                    const float scaled = widen(x[i]) * inverse;
                    const float shifted = scaled + 12582912.0f;  // the nearest integer stands in the low bits
                    q[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(shifted)) ^ flip;
                }
                for (int64_t i = width; i < stride; ++i) q[i] = flip;
            }
        });
    });
}

}  // namespace shearling
