#pragma once
#include "vectorised.hpp"

// Attention of one token over the keys and values before it, in chunks of positions that are computed apart and joined
// afterwards (Dao, Flash-Decoding): no order of sums depends on the threads.

namespace shearling::decoder {

/// A head's channels (a, b) turned by a position's angles and scaled: (a cos - b sin, b cos + a sin).
template <class To>
void rotate_head(const float *head, const float *cosines, const float *sines, int64_t size, float scale, To *to) {
    vectorised([&]() CT_INLINE {
        const int64_t half = size / 2;
        const float *__restrict from = head, *__restrict c = cosines, *__restrict s = sines;
        To *__restrict out = to;
        for (int64_t i = 0; i < half; ++i) {
            const float low = from[i], high = from[half + i];
            out[i] = narrow<To>(scale * (low * c[i] - high * s[i]));
            out[half + i] = narrow<To>(scale * (high * c[i] + low * s[i]));
        }
    });
}

template <class T>
void narrow_row(const float *from, int64_t count, T *to) {
    vectorised([&]() CT_INLINE {
        for (int64_t i = 0; i < count; ++i) to[i] = narrow<T>(from[i]);
    });
}

/// One query over `count` positions, at most `chunk`, whose keys and values [count, size] lie one after another. Into `out`:
/// the largest score, the sum of exponentials of scores less that, and the values weighted by these exponentials [size].
template <int64_t Chunk, class T>
void attend(const float *query, const T *keys, const T *values, int64_t count, int64_t size, float *out) {
    vectorised([&]() CT_INLINE {
        const float *__restrict q = query;
        float *__restrict gathered = out + 2;
        float scores[Chunk];
        float top = -INFINITY, total = 0;
        for (int64_t i = 0; i < count; ++i) {
            const T *__restrict key = keys + i * size;
            float sum = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t c = 0; c < size; ++c) sum += q[c] * widen(key[c]);
            }
            scores[i] = sum;
            top = sum > top ? sum : top;
        }
        {
#pragma clang fp reassociate(on) contract(fast)
            for (int64_t i = 0; i < count; ++i) {
                scores[i] = exponential(scores[i] - top);
                total += scores[i];
            }
        }
        out[0] = top;
        out[1] = total;
        for (int64_t c = 0; c < size; ++c) gathered[c] = 0;
        {
#pragma clang fp contract(fast)
            int64_t i = 0;
            for (; i + 4 <= count; i += 4) {
                const T *__restrict value = values + i * size;
                const float a = scores[i], b = scores[i + 1], d = scores[i + 2], e = scores[i + 3];
                for (int64_t c = 0; c < size; ++c)
                    gathered[c] += a * widen(value[c]) + b * widen(value[size + c]) + d * widen(value[2 * size + c]) + e * widen(value[3 * size + c]);
            }
            for (; i < count; ++i) {
                const T *__restrict value = values + i * size;
                for (int64_t c = 0; c < size; ++c) gathered[c] += scores[i] * widen(value[c]);
            }
        }
    });
}

/// What `attend` gave for `count` chunks, one after another, joined into one context [size].
inline void join(const float *parts, int64_t count, int64_t size, float *context) {
    float top = -INFINITY, total = 0;
    for (int64_t i = 0; i < count; ++i) top = std::max(top, parts[i * (size + 2)]);
    std::fill_n(context, size, 0.0f);
    for (int64_t i = 0; i < count; ++i) {
        const float *part = parts + i * (size + 2), weight = std::exp(part[0] - top);
        total += weight * part[1];
        vectorised([&]() CT_INLINE {
            const float *__restrict from = part + 2;
            float *__restrict to = context;
            for (int64_t c = 0; c < size; ++c) to[c] += weight * from[c];
        });
    }
    for (int64_t c = 0; c < size; ++c) context[c] /= total;
}

}  // namespace shearling::decoder
