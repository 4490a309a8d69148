#pragma once
#include "vectorised.hpp"

// Products of one row of floats with matrices, bound by the speed at which the matrix comes from memory: a row at a time, from
// front to back, which the processor fetches ahead by itself.

namespace shearling {

/// y[n] = x . w[n] + bias[n] for rows `first ..< last` of w [N, width]; `bias` may be NULL.
template <class T, class Y>
void row_by_rows(const float *x, int64_t width, const T *w, const T *bias, int64_t first, int64_t last, Y *y) {
    vectorised([&]() CT_INLINE {
        const float *__restrict left = x;
        for (int64_t n = first; n < last; ++n) {
            const T *__restrict right = w + n * width;
            float sum = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t i = 0; i < width; ++i) sum += left[i] * widen(right[i]);
            }
            y[n] = narrow<Y>(bias == nullptr ? sum : sum + widen(bias[n]));
        }
    });
}

/// y += sum of x[i] w[i] over rows `first ..< last` of w [N, width]: a product with the transpose of those rows.
template <class T>
void add_rows(const float *x, const T *w, int64_t width, int64_t first, int64_t last, float *y) {
    vectorised([&]() CT_INLINE {
        float *__restrict to = y;
        for (int64_t n = first; n < last; ++n) {
            const T *__restrict from = w + n * width;
            const float factor = x[n];
            {
#pragma clang fp contract(fast)
                for (int64_t i = 0; i < width; ++i) to[i] += factor * widen(from[i]);
            }
        }
    });
}

}  // namespace shearling
