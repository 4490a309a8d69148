#include "tile_matrix.hpp"

#include "tile_blocks.hpp"
#include "vectorised.hpp"

using namespace shearling;

// Where a processor has no AMX, oneDNN multiplies bfloat16 by AVX512-BF16's instruction for pairs, and leaves a sixth of its
// arithmetic unused. On Intel's processors since Sapphire Rapids that instruction does half of what their float32 units do (80
// against 165 to 177 GFLOP/s of one core at 2.8 GHz), and processors before have none: there both sides are widened as they are
// packed. The composition beside this is `at::mm`, which makes all other products.

#if defined(__x86_64__)
#include <cpuid.h>

namespace {

enum class Words { none, pairs, floats };

/// Whether pairs are multiplied faster than floats.
bool has_fast_pairs() {
    if (!__builtin_cpu_supports("avx512bf16")) return false;
    if (!__builtin_cpu_is("intel")) return true;
    unsigned a = 0, b = 0, c = 0, d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    const unsigned family = (a >> 8) & 15, model = ((a >> 4) & 15) | ((a >> 12) & 0xF0);
    return family == 6 && model == 0x55;  // Cooper Lake
}

Words words() {
    static const Words found = instruction_set() != InstructionSet::avx512 || __builtin_cpu_supports("amx-bf16") ? Words::none
                               : has_fast_pairs()                                                                ? Words::pairs
                                                                                                                 : Words::floats;
    return found;
}

constexpr int64_t fewest_rows = 32;

/// A matrix whose rows or columns are contiguous. Those that are summed over row by row are read in pairs.
bool is_matrix(const at::Tensor &x, int64_t summed_axis) {
    if (x.dim() != 2 || x.scalar_type() != at::kBFloat16 || !x.device().is_cpu() || x.numel() == 0) return false;
    const int64_t along = x.stride(summed_axis), across = x.stride(1 - summed_axis);
    if (across == 1 && along >= x.size(1 - summed_axis)) return true;
    return along == 1 && across >= x.size(summed_axis) && across % 2 == 0 && x.size(summed_axis) % 2 == 0 &&
           reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 4 == 0;
}

tile::Matrix matrix(const at::Tensor &x, int64_t summed_axis) {
    // Where both strides are 1 or either would do, the axis across is taken as the contiguous one.
    const auto *data = reinterpret_cast<const uint16_t *>(elements<at::BFloat16>(x));
    int64_t strides[2] = {x.stride(0), x.stride(1)};
    if (strides[1 - summed_axis] == 1 && strides[summed_axis] == 1) strides[summed_axis] = x.size(1 - summed_axis);
    return {data, strides[0], strides[1]};
}

/// Into how many blocks of at most `most` an axis is cut, a multiple of `threads` where that leaves blocks of some size.
int64_t pieces(int64_t size, int64_t most, int64_t threads) {
    const int64_t fewest = at::divup(size, most), even = tile::round_up(fewest, threads);
    return size / even >= 48 ? even : fewest;
}

template <class Word>
void multiply(const tile::Matrix &a, const tile::Matrix &b, int64_t rows, int64_t columns, int64_t depth, const at::BFloat16 *bias, at::BFloat16 *out) {
    const int64_t row_pieces = pieces(rows, tile::block_rows, at::get_num_threads()), height = at::divup(rows, row_pieces);
    const int64_t column_pieces = at::divup(columns, tile::block_columns);
    const int64_t width = tile::round_up(at::divup(columns, column_pieces), tile::panel_columns);
    // Rows innermost: the columns that a thread reads next are those it has just read.
    parallel_for(0, column_pieces * row_pieces, 1, [&](int64_t begin, int64_t end) {
        thread_local tile::Room room = tile::Room::of<Word>();
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t column = unit / row_pieces * width, row = unit % row_pieces * height;
            if (column >= columns || row >= rows) continue;
            const int64_t some_rows = std::min(height, rows - row), some_columns = std::min(width, columns - column);
            tile::multiply_block<Word>(a, b, depth, row, some_rows, column, some_columns, room);
            const int64_t stride = tile::round_up(some_columns, 16);
            vectorised([&]() CT_INLINE {
                for (int64_t r = 0; r < some_rows; ++r) {
                    float *__restrict from = room.sums.data() + r * stride;
                    at::BFloat16 *__restrict to = out + (row + r) * columns + column;
                    if (bias != nullptr)
                        for (int64_t c = 0; c < some_columns; ++c) from[c] += widen(bias[column + c]);
                    for (int64_t c = 0; c < some_columns; ++c) to[c] = narrow<at::BFloat16>(from[c]);
                }
            });
        }
    });
}

}  // namespace

bool shearling::fits_tile_matrix(const at::Tensor &a, const at::Tensor &b) {
    return words() != Words::none && is_matrix(a, 1) && is_matrix(b, 0) && a.size(1) == b.size(0) && a.size(0) >= fewest_rows;
}

static void tile_matrix_into(const at::Tensor &out, const at::Tensor &a, const at::Tensor &b, const c10::optional<at::Tensor> &bias) {
    const at::BFloat16 *offset = bias ? elements<at::BFloat16>(*bias) : nullptr;
    const auto run = words() == Words::pairs ? multiply<tile::Pairs> : multiply<tile::Floats>;
    run(matrix(a, 1), matrix(b, 0), a.size(0), b.size(1), a.size(1), offset, mutable_elements<at::BFloat16>(out));
}

#else

bool shearling::fits_tile_matrix(const at::Tensor &, const at::Tensor &) { return false; }
static void tile_matrix_into(const at::Tensor &out, const at::Tensor &a, const at::Tensor &b, const c10::optional<at::Tensor> &bias) {
    at::Tensor target = out;
    at::mm_out(target, a, b);
    if (bias) target.add_(*bias);
}

#endif

at::Tensor shearling::tile_matrix(const at::Tensor &a, const at::Tensor &b, const c10::optional<at::Tensor> &bias) {
    const at::Tensor out = at::empty({a.size(0), b.size(1)}, a.options());
    tile_matrix_into(out, a, b, bias);
    return out;
}

at::Tensor shearling::matrix_product(const at::Tensor &a, const at::Tensor &b) {
    return fits_tile_matrix(a, b) ? tile_matrix(a, b) : at::mm(a, b);
}

void shearling::matrix_product_into(const at::Tensor &out, const at::Tensor &a, const at::Tensor &b) {
    if (fits_tile_matrix(a, b)) return tile_matrix_into(out, a, b, c10::nullopt);
    at::Tensor target = out;
    at::mm_out(target, a, b);
}
