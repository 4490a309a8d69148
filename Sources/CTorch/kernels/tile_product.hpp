#pragma once
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>

// Products of small tiles with float32 sums, for processors with AVX-512. Both sides consist of 32-bit words, and a word is
// either a pair of bfloat16, two neighbours along the summed axis, which AVX512-BF16 multiplies at once, or a float32:
//     Pairs:   C[row][column] += sum over words w of A(row, w).low * B(w, column).low + A(row, w).high * B(w, column).high,
//     Floats:  C[row][column] += sum over words w of A(row, w) * B(w, column).

// Float tiles hold no instruction of AVX512-BF16 and run on processors without it.
#define CT_TILE __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit")))

namespace shearling::tile {

inline int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

struct Pairs {
    static constexpr int64_t elements = 2;  // of a word
    static CT_TILE __attribute__((always_inline)) inline __m512 multiply(__m512 sum, __m512i left, __m512i right) {
        return _mm512_dpbf16_ps(sum, (__m512bh)left, (__m512bh)right);
    }
};

struct Floats {
    static constexpr int64_t elements = 1;
    static CT_TILE __attribute__((always_inline)) inline __m512 multiply(__m512 sum, __m512i left, __m512i right) {
        return _mm512_fmadd_ps(_mm512_castsi512_ps(left), _mm512_castsi512_ps(right), sum);
    }
};

/// A[row, word] stands at `data[row * row_stride + word * word_stride]`: rows of a matrix, or columns of its transpose.
struct Left {
    const uint32_t *data;
    int64_t row_stride, word_stride;
};

/// B[word, column] stands at `data[word * word_stride + column]`.
struct Right {
    const uint32_t *data;
    int64_t word_stride;
};

template <class Word, int Rows, int Vectors>
CT_TILE __attribute__((always_inline)) inline void block(Left a, Right b, int64_t words, float *c, int64_t c_stride, bool accumulate) {
    __m512 sums[Rows][Vectors];
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; ++r)
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) sums[r][v] = accumulate ? _mm512_loadu_ps(c + r * c_stride + 16 * v) : _mm512_setzero_ps();
    for (int64_t w = 0; w < words; ++w) {
        __m512i right[Vectors];
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) right[v] = _mm512_loadu_si512(b.data + w * b.word_stride + 16 * v);
#pragma clang loop unroll(full)
        for (int r = 0; r < Rows; ++r) {
            const __m512i left = _mm512_set1_epi32(static_cast<int>(a.data[r * a.row_stride + w * a.word_stride]));
#pragma clang loop unroll(full)
            for (int v = 0; v < Vectors; ++v) sums[r][v] = Word::multiply(sums[r][v], left, right[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; ++r)
#pragma clang loop unroll(full)
        for (int v = 0; v < Vectors; ++v) _mm512_storeu_ps(c + r * c_stride + 16 * v, sums[r][v]);
}

template <class Word, int Vectors>
CT_TILE inline void panel(int64_t rows, Left a, Right b, int64_t words, float *c, int64_t c_stride, bool accumulate) {
    int64_t row = 0;
    const auto from = [&](int64_t first) CT_TILE { return Left{a.data + first * a.row_stride, a.row_stride, a.word_stride}; };
    for (; row + 6 <= rows; row += 6) block<Word, 6, Vectors>(from(row), b, words, c + row * c_stride, c_stride, accumulate);
    for (; row + 2 <= rows; row += 2) block<Word, 2, Vectors>(from(row), b, words, c + row * c_stride, c_stride, accumulate);
    for (; row < rows; ++row) block<Word, 1, Vectors>(from(row), b, words, c + row * c_stride, c_stride, accumulate);
}

/// C[rows, columns] = A B, or += when `accumulate`; columns is a multiple of 16.
template <class Word = Pairs>
CT_TILE inline void product(int64_t rows, int64_t columns, int64_t words, Left a, Right b, float *c, int64_t c_stride, bool accumulate) {
    int64_t column = 0;
    const auto at = [&](int64_t first) CT_TILE { return Right{b.data + first, b.word_stride}; };
    for (; column + 64 <= columns; column += 64) panel<Word, 4>(rows, a, at(column), words, c + column, c_stride, accumulate);
    for (; column + 32 <= columns; column += 32) panel<Word, 2>(rows, a, at(column), words, c + column, c_stride, accumulate);
    for (; column < columns; column += 16) panel<Word, 1>(rows, a, at(column), words, c + column, c_stride, accumulate);
}

}  // namespace shearling::tile
#endif
