#pragma once
#include "tile_product.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#if defined(__x86_64__)

// Products of whole bfloat16 matrices, cut into blocks that stay in a core's caches (after Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", 2008): a block of the right side is packed into panels of 64 columns, a block of
// the left side into words, and their products are added up in float32. The order of each sum is that of the summed axis.

namespace shearling::tile {

/// A matrix of bfloat16: element [row, column] stands at `data[row * row_stride + column * column_stride]`, where one of the
/// strides is 1.
struct Matrix {
    const uint16_t *data;
    int64_t row_stride, column_stride;
};

constexpr int64_t panel_columns = 64, block_columns = 256, block_rows = 512;
/// Words of the summed axis that go together: a panel of them stays in the first cache.
template <class Word>
constexpr int64_t block_words = 96;
template <>
constexpr int64_t block_words<Pairs> = 288;

CT_TILE __attribute__((always_inline)) inline uint32_t as_float(uint16_t value) { return static_cast<uint32_t>(value) << 16; }

/// Words `from[row * stride + column]` of 16 rows and 16 columns, turned: vector c holds column c, a lane for each row.
CT_TILE __attribute__((always_inline)) inline void turn_words(const uint32_t *from, int64_t stride, __m512i *columns) {
    __m512i a[16], b[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) a[i] = _mm512_loadu_si512(from + i * stride);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    // Now lane q of a[4 g + c] holds column 4 q + c of rows 4 g to 4 g + 3.
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; ++c) {
        const __m512i low01 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x88), high01 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xdd);
        const __m512i low23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x88), high23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xdd);
        columns[c] = _mm512_shuffle_i32x4(low01, low23, 0x88);
        columns[4 + c] = _mm512_shuffle_i32x4(high01, high23, 0x88);
        columns[8 + c] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
        columns[12 + c] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
    }
}

/// Elements `first ..< first + count` of one row or column: neighbours along an axis on which they are contiguous.
CT_TILE inline void widen_run(const uint16_t *from, int64_t count, uint32_t *to) {
    for (int64_t i = 0; i < count; ++i) to[i] = as_float(from[i]);
}
CT_TILE inline void join_runs(const uint16_t *low, const uint16_t *high, int64_t count, uint32_t *to) {
    if (high == nullptr)
        for (int64_t i = 0; i < count; ++i) to[i] = low[i];
    else
        for (int64_t i = 0; i < count; ++i) to[i] = low[i] | as_float(high[i]);
}

/// Rows `row ..< row + rows`, elements `first ..< first + count` of the summed axis, as a left side; `room` holds
/// rows * words.
template <class Word>
CT_TILE inline Left pack_left(const Matrix &a, int64_t row, int64_t rows, int64_t first, int64_t count, uint32_t *room) {
    if (a.column_stride == 1) {
        const uint16_t *from = a.data + row * a.row_stride + first;
        if constexpr (Word::elements == 2) return {reinterpret_cast<const uint32_t *>(from), a.row_stride / 2, 1};
        for (int64_t r = 0; r < rows; ++r) widen_run(from + r * a.row_stride, count, room + r * count);
        return {room, count, 1};
    }
    const uint16_t *from = a.data + first * a.column_stride + row;
    if constexpr (Word::elements == 2)
        for (int64_t k = 0; k < count; k += 2)
            join_runs(from + k * a.column_stride, k + 1 < count ? from + (k + 1) * a.column_stride : nullptr, rows, room + k / 2 * rows);
    else
        for (int64_t k = 0; k < count; ++k) widen_run(from + k * a.column_stride, rows, room + k * rows);
    return {room, 1, rows};
}

/// Columns `column ..< column + columns`, at most a panel, elements `first ..< first + count` of the summed axis, as
/// to[word][panel_columns]; columns up to the next 16 become 0.
template <class Word>
CT_TILE inline void pack_panel(const Matrix &b, int64_t column, int64_t columns, int64_t first, int64_t count, uint32_t *to) {
    const int64_t padded = round_up(columns, 16);
    const auto clear = [&](uint32_t *row) CT_TILE {
        for (int64_t c = columns; c < padded; ++c) row[c] = 0;
    };
    if (b.column_stride == 1) {
        const uint16_t *from = b.data + first * b.row_stride + column;
        for (int64_t k = 0; k < count; k += Word::elements, to += panel_columns) {
            if constexpr (Word::elements == 2)
                join_runs(from + k * b.row_stride, k + 1 < count ? from + (k + 1) * b.row_stride : nullptr, columns, to);
            else
                widen_run(from + k * b.row_stride, columns, to);
            clear(to);
        }
        return;
    }
    // Pairs stand side by side: 16 of 16 columns are turned at once.
    const int64_t pairs = count / 2, stride = b.column_stride / 2;
    const auto put = [&](int64_t pair, int64_t c, uint32_t word) CT_TILE {
        if constexpr (Word::elements == 2) {
            to[pair * panel_columns + c] = word;
        } else {
            to[2 * pair * panel_columns + c] = word << 16;
            to[(2 * pair + 1) * panel_columns + c] = word & 0xFFFF0000u;
        }
    };
    for (int64_t c = 0; c < padded; c += 16) {
        const auto *from = reinterpret_cast<const uint32_t *>(b.data + (column + c) * b.column_stride + first);
        const int64_t present = std::min<int64_t>(16, columns - c);
        int64_t pair = 0;
        if (present == 16)
            for (; pair + 16 <= pairs; pair += 16) {
                __m512i turned[16];
                turn_words(from + pair, stride, turned);
#pragma clang loop unroll(full)
                for (int i = 0; i < 16; ++i) {
                    if constexpr (Word::elements == 2) {
                        _mm512_storeu_si512(to + (pair + i) * panel_columns + c, turned[i]);
                    } else {
                        _mm512_storeu_si512(to + 2 * (pair + i) * panel_columns + c, _mm512_slli_epi32(turned[i], 16));
                        _mm512_storeu_si512(to + (2 * (pair + i) + 1) * panel_columns + c,
                                            _mm512_and_si512(turned[i], _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))));
                    }
                }
            }
        for (; pair < pairs; ++pair)
            for (int64_t i = 0; i < 16; ++i) put(pair, c + i, i < present ? from[i * stride + pair] : 0);
    }
}

/// What a thread needs to work on blocks.
struct Room {
    std::vector<uint32_t> left, right;
    std::vector<float> sums;

    template <class Word>
    static Room of() {
        const size_t words = static_cast<size_t>(block_words<Word>);
        return {std::vector<uint32_t>(block_rows * words), std::vector<uint32_t>(block_columns * words), std::vector<float>(block_rows * block_columns)};
    }
};

/// room.sums[rows, round_up(columns, 16)] = A[row ..., :] B[:, column ...], over `depth` elements; at most a block of both.
template <class Word>
CT_TILE inline void multiply_block(const Matrix &a, const Matrix &b, int64_t depth, int64_t row, int64_t rows, int64_t column, int64_t columns, Room &room) {
    const int64_t most = block_words<Word> * Word::elements, parts = (depth + most - 1) / most;
    const int64_t size = std::min(most, round_up((depth + parts - 1) / parts, 2)), stride = round_up(columns, 16);
    for (int64_t first = 0; first < depth; first += size) {
        const int64_t count = std::min(size, depth - first), words = (count + Word::elements - 1) / Word::elements;
        const Left left = pack_left<Word>(a, row, rows, first, count, room.left.data());
        for (int64_t c = 0; c < columns; c += panel_columns) {
            const int64_t width = std::min(panel_columns, columns - c);
            uint32_t *panel = room.right.data() + c * words;
            pack_panel<Word>(b, column + c, width, first, count, panel);
            product<Word>(rows, round_up(width, 16), words, left, {panel, panel_columns}, room.sums.data() + c, stride, first > 0);
        }
    }
}

}  // namespace shearling::tile
#endif
