#include "tile_linear.hpp"

#include "tile_product.hpp"
#include "vectorised.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

// Y = X W^T + b with many rows. A panel is 64 outputs: its weights are packed into pairs where a thread needs them, which costs
// two hundredths of the product, and stay in that core's cache while rows pass in chunks. The composition beside it is
// `at::linear`, which takes all other products.

#if defined(__x86_64__)

namespace {

constexpr int64_t panel_columns = 64, chunk_rows = 96, block_pairs = 288, fewest_rows = 32;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Words `from[row * stride + column]` of 16 rows and 16 columns to `to[column * to_stride + row]`.
CT_TILE void transpose_words(const uint32_t *from, int64_t stride, uint32_t *to, int64_t to_stride) {
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
        _mm512_storeu_si512(to + c * to_stride, _mm512_shuffle_i32x4(low01, low23, 0x88));
        _mm512_storeu_si512(to + (4 + c) * to_stride, _mm512_shuffle_i32x4(high01, high23, 0x88));
        _mm512_storeu_si512(to + (8 + c) * to_stride, _mm512_shuffle_i32x4(low01, low23, 0xdd));
        _mm512_storeu_si512(to + (12 + c) * to_stride, _mm512_shuffle_i32x4(high01, high23, 0xdd));
    }
}

/// Outputs `first ..< first + columns` of weights [N, 2 pairs] as to[pair][panel_columns]; columns up to the next 16 become 0.
CT_TILE void pack_rows(const uint32_t *words, int64_t pairs, int64_t first, int64_t columns, uint32_t *to) {
    for (int64_t column = 0; column < round_up(columns, 16); column += 16) {
        const uint32_t *from = words + (first + column) * pairs;
        const int64_t rows = std::min<int64_t>(16, columns - column);
        int64_t pair = 0;
        if (rows == 16)
            for (; pair + 16 <= pairs; pair += 16) transpose_words(from + pair, pairs, to + pair * panel_columns + column, panel_columns);
        for (; pair < pairs; ++pair)
            for (int64_t row = 0; row < 16; ++row) to[pair * panel_columns + column + row] = row < rows ? from[row * pairs + pair] : 0;
    }
}

/// The same of weights that lie as [2 pairs, N].
CT_TILE void pack_columns(const at::BFloat16 *weight, int64_t outputs, int64_t pairs, int64_t first, int64_t columns, uint32_t *to) {
    for (int64_t pair = 0; pair < pairs; ++pair) {
        const at::BFloat16 *__restrict low = weight + 2 * pair * outputs + first, *__restrict high = low + outputs;
        uint32_t *__restrict out = to + pair * panel_columns;
        for (int64_t c = 0; c < columns; ++c) out[c] = low[c].x | (static_cast<uint32_t>(high[c].x) << 16);
        for (int64_t c = columns; c < round_up(columns, 16); ++c) out[c] = 0;
    }
}

/// One chunk of rows with one packed panel, into y [rows, outputs] at its first column.
CT_TILE void multiply(const uint32_t *x, int64_t rows, int64_t pairs, const uint32_t *panel, int64_t columns, const at::BFloat16 *bias, at::BFloat16 *y,
                      int64_t outputs) {
    alignas(64) float sums[chunk_rows * panel_columns];
    for (int64_t pair = 0; pair < pairs; pair += block_pairs)
        tile::product(rows, round_up(columns, 16), std::min(block_pairs, pairs - pair), {x + pair, pairs, 1}, {panel + pair * panel_columns, panel_columns}, sums,
                      panel_columns, pair > 0);
    for (int64_t row = 0; row < rows; ++row) {
        float *__restrict from = sums + row * panel_columns;
        at::BFloat16 *__restrict to = y + row * outputs;
        if (bias != nullptr)
            for (int64_t c = 0; c < columns; ++c) from[c] += widen(bias[c]);
        for (int64_t c = 0; c < columns; ++c) to[c] = narrow<at::BFloat16>(from[c]);
    }
}

bool has_tiles() {
    static const bool found =
        instruction_set() == InstructionSet::avx512 && __builtin_cpu_supports("avx512bf16") && !__builtin_cpu_supports("amx-bf16");
    return found;
}

bool is_transposed(const at::Tensor &w) { return w.size(0) > 1 && w.size(1) > 1 && w.stride(0) == 1 && w.stride(1) == w.size(0); }

}  // namespace

bool shearling::fits_tile_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    const auto is_plain = [](const at::Tensor &t) {
        return t.scalar_type() == at::kBFloat16 && t.device().is_cpu() && !(c10::GradMode::is_enabled() && t.requires_grad());
    };
    return has_tiles() && is_plain(x) && is_plain(w) && x.dim() >= 1 && w.dim() == 2 && x.size(-1) == w.size(1) && w.size(1) > 0 && w.size(1) % 2 == 0 &&
           w.size(0) > 0 && x.numel() >= fewest_rows * w.size(1) && x.is_contiguous() && (w.is_contiguous() || is_transposed(w)) &&
           (!bias || (is_plain(*bias) && bias->dim() == 1 && bias->size(0) == w.size(0) && bias->is_contiguous()));
}

at::Tensor shearling::tile_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    const int64_t outputs = w.size(0), pairs = w.size(1) / 2, rows = x.numel() / w.size(1);
    at::DimVector shape(x.sizes().begin(), x.sizes().end());
    shape.back() = outputs;
    const at::Tensor y = at::empty(shape, x.options());
    const at::BFloat16 *weight = elements<at::BFloat16>(w), *offset = bias ? elements<at::BFloat16>(*bias) : nullptr;
    const uint32_t *words = reinterpret_cast<const uint32_t *>(elements<at::BFloat16>(x));
    at::BFloat16 *to = mutable_elements<at::BFloat16>(y);
    const bool by_columns = !w.is_contiguous();
    const int64_t chunks = (rows + chunk_rows - 1) / chunk_rows, panels = (outputs + panel_columns - 1) / panel_columns;
    // Chunks innermost, so that a thread packs a panel once for all rows it passes.
    parallel_for(0, panels * chunks, 1, [&](int64_t begin, int64_t end) {
        std::vector<uint32_t> panel(static_cast<size_t>(pairs * panel_columns));
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t first = unit / chunks * panel_columns, columns = std::min(panel_columns, outputs - first), row = unit % chunks * chunk_rows;
            if (unit == begin || unit % chunks == 0) {
                if (by_columns)
                    pack_columns(weight, outputs, pairs, first, columns, panel.data());
                else
                    pack_rows(reinterpret_cast<const uint32_t *>(weight), pairs, first, columns, panel.data());
            }
            multiply(words + row * pairs, std::min(chunk_rows, rows - row), pairs, panel.data(), columns, offset == nullptr ? nullptr : offset + first,
                     to + row * outputs + first, outputs);
        }
    });
    return y;
}

#else

bool shearling::fits_tile_linear(const at::Tensor &, const at::Tensor &, const c10::optional<at::Tensor> &) { return false; }
at::Tensor shearling::tile_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) { return at::linear(x, w, bias); }

#endif
