#include "handle.hpp"

using namespace shearling;

namespace {

at::Tensor reduce(ct_reduction reduction, const at::Tensor &x, at::IntArrayRef axes, bool keep) {
    switch (reduction) {
        case CT_SUM: return axes.empty() && !keep ? x.sum() : x.sum(axes, keep);
        case CT_MEAN: return axes.empty() && !keep ? x.mean() : x.mean(axes, keep);
        case CT_MAXIMUM: return at::amax(x, axes, keep);
        case CT_MINIMUM: return at::amin(x, axes, keep);
        case CT_NORM: return at::linalg_vector_norm(x, 2, axes.empty() ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(axes), keep);
        case CT_LOG_SUM_EXP: {
            if (!axes.empty()) return at::logsumexp(x, axes, keep);
            const at::Tensor all = at::logsumexp(x.flatten(), 0);
            return keep ? all.reshape(std::vector<int64_t>(static_cast<size_t>(x.dim()), 1)) : all;
        }
        case CT_ANY: return axes.empty() && !keep ? at::any(x) : at::any(x, axes.empty() ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(axes), keep);
        case CT_ALL: return axes.empty() && !keep ? at::all(x) : at::all(x, axes.empty() ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(axes), keep);
    }
    throw Fault(CT_INVALID_ARGUMENT, "no such reduction: " + std::to_string(static_cast<int>(reduction)));
}

}  // namespace

ct_status ct_reduce(ct_reduction reduction, const ct_tensor *tensor, const intptr_t *axes, intptr_t count, bool keep,
                    ct_tensor **out) {
    return produce(out, [&] { return reduce(reduction, tensor->value, sizes(axes, count), keep); });
}

ct_status ct_argmax(const ct_tensor *tensor, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] { return at::argmax(tensor->value, axis); });
}

ct_status ct_sort(const ct_tensor *tensor, intptr_t axis, bool descending, ct_tensor **values, ct_tensor **indices) {
    return produce_pair(values, indices, [&] { return at::sort(tensor->value, /*stable=*/true, axis, descending); });
}

ct_status ct_top_k(const ct_tensor *tensor, intptr_t k, intptr_t axis, ct_tensor **values, ct_tensor **indices) {
    return produce_pair(values, indices, [&] { return at::topk(tensor->value, k, axis); });
}

ct_status ct_cumulative_sum(const ct_tensor *tensor, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] { return at::cumsum(tensor->value, axis); });
}

ct_status ct_all_finite(const ct_tensor *tensor, bool *out) {
    return perform([&] { *out = at::isfinite(tensor->value).all().item<bool>(); });
}

ct_status ct_identical(const ct_tensor *a, const ct_tensor *b, bool *out) {
    return perform([&] {
        *out = a->value.scalar_type() == b->value.scalar_type() && a->value.sizes() == b->value.sizes() &&
               at::equal(a->value, b->value);
    });
}
