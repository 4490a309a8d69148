#include "vectorised.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

// Rows and columns of a matrix by their numbers: out of it, and back into it by addition.

namespace {

/// An axis's chosen elements, or all of them.
struct Choice {
    const int64_t *indices;
    int64_t count;
    /// Each follows the one before: rows are copied in one piece then.
    bool is_run;

    int64_t at(int64_t i) const { return indices == nullptr ? i : indices[i]; }
};

Choice choice(const at::Tensor &indices, int64_t size) {
    if (!indices.defined()) return {nullptr, size, true};
    const int64_t *at = elements<int64_t>(indices);
    bool is_run = true;
    for (int64_t i = 0; i < indices.numel(); ++i) {
        if (at[i] < 0 || at[i] >= size)
            throw Fault(CT_INDEX, "element " + std::to_string(at[i]) + " of an axis of " + std::to_string(size));
        is_run = is_run && at[i] == at[0] + i;
    }
    return {at, indices.numel(), is_run};
}

at::Tensor optional_value(const ct_tensor *tensor) { return tensor == nullptr ? at::Tensor() : tensor->value; }

void check(const at::Tensor &matrix, const at::Tensor &rows, const at::Tensor &columns) {
    require(matrix.dim() == 2 && matrix.is_contiguous() && at::isFloatingType(matrix.scalar_type()),
            "a block is taken of a contiguous floating matrix, not of " + describe(matrix));
    for (const at::Tensor *indices : {&rows, &columns})
        require(!indices->defined() || (indices->scalar_type() == at::kLong && indices->dim() == 1 && indices->is_contiguous()
                                        && indices->device() == matrix.device()),
                "indices of a block must be one contiguous axis of int64 on the matrix's device, not " + describe(*indices));
}

/// Rows of a pass: so many that threads are worth their start.
int64_t row_grain(int64_t columns) { return std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(columns, 1)); }

}  // namespace

ct_status ct_gather_block(const ct_tensor *matrix, const ct_tensor *rows, const ct_tensor *columns, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor from = matrix->value.detach();
        const at::Tensor row_numbers = optional_value(rows), column_numbers = optional_value(columns);
        check(from, row_numbers, column_numbers);
        if (!has_kernel(from)) {
            const at::Tensor part = row_numbers.defined() ? from.index_select(0, row_numbers) : from;
            return column_numbers.defined() ? part.index_select(1, column_numbers) : row_numbers.defined() ? part : part.clone();
        }
        const Choice down = choice(row_numbers, from.size(0)), across = choice(column_numbers, from.size(1));
        const at::Tensor block = at::empty({down.count, across.count}, from.options());
        with_element(from, [&](auto element) {
            using T = decltype(element);
            const T *source = elements<T>(from);
            T *target = mutable_elements<T>(block);
            const int64_t width = from.size(1);
            parallel_for(0, down.count, row_grain(across.count), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    const T *__restrict line = source + down.at(row) * width;
                    T *__restrict to = target + row * across.count;
                    if (across.is_run)
                        std::copy_n(line + (across.count == 0 ? 0 : across.at(0)), across.count, to);
                    else
                        for (int64_t i = 0; i < across.count; ++i) to[i] = line[across.indices[i]];
                }
            });
        });
        return block;
    });
}

ct_status ct_add_block(ct_tensor *matrix, const ct_tensor *block, const ct_tensor *rows, const ct_tensor *columns) {
    return perform([&] {
        c10::NoGradGuard guard;
        const at::Tensor &into = matrix->value, part = block->value.contiguous();
        const at::Tensor row_numbers = optional_value(rows), column_numbers = optional_value(columns);
        check(into, row_numbers, column_numbers);
        const int64_t height = row_numbers.defined() ? row_numbers.numel() : into.size(0);
        const int64_t breadth = column_numbers.defined() ? column_numbers.numel() : into.size(1);
        require(part.dim() == 2 && part.size(0) == height && part.size(1) == breadth && part.scalar_type() == into.scalar_type()
                    && part.device() == into.device(),
                "a block of " + describe(part) + " was given for " + std::to_string(height) + " rows and " + std::to_string(breadth)
                    + " columns of " + describe(into));
        if (!has_kernel(into)) {
            at::Tensor lines = part;
            if (column_numbers.defined()) {
                lines = at::zeros({height, into.size(1)}, into.options());
                lines.index_add_(1, column_numbers, part);
            }
            if (row_numbers.defined())
                into.index_add_(0, row_numbers, lines);
            else
                into.add_(lines);
            return;
        }
        const Choice down = choice(row_numbers, into.size(0)), across = choice(column_numbers, into.size(1));
        with_element(into, [&](auto element) {
            using T = decltype(element);
            const T *source = elements<T>(part);
            T *target = mutable_elements<T>(into);
            const int64_t width = into.size(1);
            parallel_for(0, down.count, row_grain(across.count), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    const T *__restrict from = source + row * across.count;
                    T *__restrict line = target + down.at(row) * width;
                    if (across.is_run) {
                        T *__restrict to = line + (across.count == 0 ? 0 : across.at(0));
                        vectorised([&]() CT_INLINE {
                            for (int64_t i = 0; i < across.count; ++i) to[i] = narrow<T>(widen(to[i]) + widen(from[i]));
                        });
                    } else {
                        for (int64_t i = 0; i < across.count; ++i) {
                            T &to = line[across.indices[i]];
                            to = narrow<T>(widen(to) + widen(from[i]));
                        }
                    }
                }
            });
        });
    });
}
