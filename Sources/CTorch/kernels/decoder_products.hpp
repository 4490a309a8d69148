#pragma once
#include "decoder.hpp"
#include "int8_product.hpp"
#include "row_product.hpp"

namespace shearling::decoder {

/// Outputs `share` of a projection of x [inputs], into y [outputs]; not of columns. `bytes` has room for the row's bytes.
template <class T>
void project(const Projection &p, const float *x, Share share, float *y, std::vector<uint8_t> &bytes) {
    if (share.count() <= 0) return;
    if (p.form == Projection::Form::rows)
        return row_by_rows(x, p.inputs, elements<T>(p.weight), p.bias.defined() ? elements<T>(p.bias) : nullptr, share.first, share.last, y);
    const float *scales = elements<float>(p.scales), *bias = p.bias.defined() ? elements<float>(p.bias) : nullptr;
    const int8_t *weight = elements<int8_t>(p.weight);
    float scale;
    if (p.form == Projection::Form::bytes) {
        quantise_rows(x, 1, p.inputs, p.inputs, 0, bytes.data(), &scale);
        return int8::plain_row(reinterpret_cast<const int8_t *>(bytes.data()), scale, p.inputs, weight, share.first, share.last, scales, bias, y);
    }
#if defined(__x86_64__)
    const int64_t words = p.weight.size(1) - 1, last = (share.last + int8::channels - 1) / int8::channels;
    quantise_rows(x, 1, p.inputs, words * int8::inputs, 0x80, bytes.data(), &scale);
    for (int64_t block = share.first / int8::channels; block < last; ++block)
        int8::rows_by_blocks<float>(0, 1, block, 1, bytes.data(), &scale, weight, words, p.outputs, scales, bias, y);
#endif
}

/// y = x / sqrt(mean(x^2) + epsilon) * weight.
template <class T>
void normalise(const float *x, const T *weight, int64_t width, float epsilon, float *y) {
    vectorised([&]() CT_INLINE {
        const float *__restrict from = x;
        const T *__restrict scale = weight;
        float *__restrict to = y;
        float sum = 0;
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int64_t i = 0; i < width; ++i) sum += from[i] * from[i];
        }
        const float root = 1.0f / std::sqrt(sum / static_cast<float>(width) + epsilon);
        for (int64_t i = 0; i < width; ++i) to[i] = from[i] * root * widen(scale[i]);
    });
}

/// y[i] = silu(gate[i]) up[i] for `first ..< last`.
inline void gate_neurons(const float *gate, const float *up, Share share, float *y) {
    vectorised([&]() CT_INLINE {
        const float *__restrict g = gate, *__restrict u = up;
        float *__restrict to = y;
        for (int64_t i = share.first; i < share.last; ++i) to[i] = g[i] * sigmoid(g[i]) * u[i];
    });
}

/// x += each of `count` rows of sums [count, width], in their order.
inline void add_sums(const float *sums, int64_t count, int64_t width, float *x) {
    vectorised([&]() CT_INLINE {
        float *__restrict to = x;
        for (int64_t row = 0; row < count; ++row) {
            const float *__restrict from = sums + row * width;
            for (int64_t i = 0; i < width; ++i) to[i] += from[i];
        }
    });
}

}  // namespace shearling::decoder
