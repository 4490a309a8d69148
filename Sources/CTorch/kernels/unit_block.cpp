#include "vectorised.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

// Rows and columns of a matrix by their numbers: out of it, and back into it by addition.

namespace {

/// An axis's chosen elements, or all of them.
struct Choice {
    const int64_t *indices;  // null: `first` and those that follow it
    int64_t first, count;

    int64_t at(int64_t i) const { return indices == nullptr ? first + i : indices[i]; }
};

Choice choice(const at::Tensor &indices, int64_t size) {
    if (!indices.defined()) return {nullptr, 0, size};
    const int64_t *at = elements<int64_t>(indices), count = indices.numel();
    bool is_run = count > 0;
    for (int64_t i = 0; i < count; ++i) {
        if (at[i] < 0 || at[i] >= size)
            throw Fault(CT_INDEX, "element " + std::to_string(at[i]) + " of an axis of " + std::to_string(size));
        is_run = is_run && at[i] == at[0] + i;
    }
    return {is_run ? nullptr : at, is_run ? at[0] : 0, count};
}

/// A matrix, and which of its rows and columns are meant.
struct Block {
    at::Tensor matrix, rows, columns;

    Block(const at::Tensor &matrix, const ct_tensor *rows, const ct_tensor *columns)
        : matrix(matrix), rows(optional(rows).value_or(at::Tensor())), columns(optional(columns).value_or(at::Tensor())) {
        require(matrix.dim() == 2 && matrix.is_contiguous() && at::isFloatingType(matrix.scalar_type()),
                "a block is taken of a contiguous floating matrix, not of " + describe(matrix));
        for (const at::Tensor *indices : {&this->rows, &this->columns})
            require(!indices->defined() || (indices->scalar_type() == at::kLong && indices->dim() == 1 && indices->is_contiguous()
                                            && indices->device() == matrix.device()),
                    "indices of a block must be one contiguous axis of int64 on the matrix's device, not " + describe(*indices));
    }

    int64_t height() const { return rows.defined() ? rows.numel() : matrix.size(0); }
    int64_t width() const { return columns.defined() ? columns.numel() : matrix.size(1); }

    /// Calls `body(row of the matrix, row of the block, columns)` for each row, in parallel; `block` lies in order.
    template <class Body>
    void for_each_row(const at::Tensor &block, const Body &body) const {
        const Choice down = choice(rows, matrix.size(0)), across = choice(columns, matrix.size(1));
        const int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(across.count, 1));
        with_element(matrix, [&](auto element) {
            using T = decltype(element);
            T *whole = mutable_elements<T>(matrix), *part = mutable_elements<T>(block);
            parallel_for(0, down.count, grain, [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row)
                    body(whole + down.at(row) * matrix.size(1), part + row * across.count, across);
            });
        });
    }
};

}  // namespace

ct_status ct_gather_block(const ct_tensor *matrix, const ct_tensor *rows, const ct_tensor *columns, ct_tensor **out) {
    return produce(out, [&] {
        const Block place(matrix->value.detach(), rows, columns);
        if (!has_kernel(place.matrix)) {
            at::Tensor part = place.matrix;
            if (place.rows.defined()) part = part.index_select(0, place.rows);
            if (place.columns.defined()) part = part.index_select(1, place.columns);
            return part.is_same(place.matrix) ? part.clone() : part;
        }
        const at::Tensor block = at::empty({place.height(), place.width()}, place.matrix.options());
        place.for_each_row(block, [](auto *__restrict from, auto *__restrict to, const Choice &across) {
            if (across.indices == nullptr)
                std::copy_n(from + across.first, across.count, to);
            else
                for (int64_t i = 0; i < across.count; ++i) to[i] = from[across.indices[i]];
        });
        return block;
    });
}

ct_status ct_add_block(ct_tensor *matrix, const ct_tensor *block, const ct_tensor *rows, const ct_tensor *columns) {
    return perform([&] {
        c10::NoGradGuard guard;
        const Block place(matrix->value, rows, columns);
        const at::Tensor &into = place.matrix, part = block->value.contiguous();
        require(part.dim() == 2 && part.size(0) == place.height() && part.size(1) == place.width()
                    && part.scalar_type() == into.scalar_type() && part.device() == into.device(),
                "a block of " + describe(part) + " was given for " + std::to_string(place.height()) + " rows and "
                    + std::to_string(place.width()) + " columns of " + describe(into));
        if (!has_kernel(into)) {
            at::Tensor lines = part;
            if (place.columns.defined()) {
                lines = at::zeros({place.height(), into.size(1)}, into.options());
                lines.index_add_(1, place.columns, part);
            }
            if (place.rows.defined())
                into.index_add_(0, place.rows, lines);
            else
                into.add_(lines);
            return;
        }
        place.for_each_row(part, [](auto *__restrict to, const auto *__restrict from, const Choice &across) {
            using T = std::remove_reference_t<decltype(*to)>;
            if (across.indices == nullptr) {
                T *__restrict run = to + across.first;
                vectorised([&]() CT_INLINE {
                    for (int64_t i = 0; i < across.count; ++i) run[i] = narrow<T>(widen(run[i]) + widen(from[i]));
                });
            } else {
                for (int64_t i = 0; i < across.count; ++i) {
                    T &sum = to[across.indices[i]];
                    sum = narrow<T>(widen(sum) + widen(from[i]));
                }
            }
        });
    });
}
