#include "handle.hpp"

using namespace shearling;

ct_status ct_reshape(const ct_tensor *tensor, const intptr_t *shape, intptr_t rank, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.reshape(sizes(shape, rank)); });
}
ct_status ct_view(const ct_tensor *tensor, const intptr_t *shape, intptr_t rank, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.view(sizes(shape, rank)); });
}
ct_status ct_transpose(const ct_tensor *tensor, intptr_t axis, intptr_t other, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.transpose(axis, other); });
}
ct_status ct_permute(const ct_tensor *tensor, const intptr_t *axes, intptr_t count, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.permute(sizes(axes, count)); });
}

ct_status ct_slice(const ct_tensor *tensor, intptr_t axis, intptr_t start, intptr_t end, ct_tensor **out) {
    return produce(out, [&] {
        const int64_t size = tensor->value.size(axis);
        if (start < 0 || start > end || end > size)
            throw Fault(CT_INDEX, "elements " + std::to_string(start) + " ..< " + std::to_string(end) + " of axis " +
                                      std::to_string(axis) + " of " + describe(tensor->value) + " do not exist");
        return tensor->value.narrow(axis, start, end - start);
    });
}

ct_status ct_select_index(const ct_tensor *tensor, intptr_t axis, intptr_t index, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.select(axis, index); });
}
ct_status ct_index_select(const ct_tensor *tensor, intptr_t axis, const ct_tensor *indices, ct_tensor **out) {
    return produce(out, [&] { return at::index_select(tensor->value, axis, indices->value); });
}
ct_status ct_gather(const ct_tensor *tensor, intptr_t axis, const ct_tensor *indices, ct_tensor **out) {
    return produce(out, [&] { return at::gather(tensor->value, axis, indices->value); });
}
ct_status ct_scatter(const ct_tensor *tensor, intptr_t axis, const ct_tensor *indices, const ct_tensor *source, ct_tensor **out) {
    return produce(out, [&] { return at::scatter(tensor->value, axis, indices->value, source->value); });
}
ct_status ct_expand(const ct_tensor *tensor, const intptr_t *shape, intptr_t rank, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.expand(sizes(shape, rank)); });
}
ct_status ct_unsqueeze(const ct_tensor *tensor, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.unsqueeze(axis); });
}

ct_status ct_squeeze(const ct_tensor *tensor, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] {
        require(tensor->value.size(axis) == 1, "axis " + std::to_string(axis) + " of " + describe(tensor->value) + " is not of size 1");
        return tensor->value.squeeze(axis);
    });
}

ct_status ct_repeat_interleave(const ct_tensor *tensor, intptr_t times, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] { return at::repeat_interleave(tensor->value, times, axis); });
}
ct_status ct_concatenate(const ct_tensor *const *tensors, intptr_t count, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] {
        require(count > 0, "at least one tensor is needed");
        return at::cat(list(tensors, count), axis);
    });
}
ct_status ct_stack(const ct_tensor *const *tensors, intptr_t count, intptr_t axis, ct_tensor **out) {
    return produce(out, [&] {
        require(count > 0, "at least one tensor is needed");
        return at::stack(list(tensors, count), axis);
    });
}
ct_status ct_triangle(const ct_tensor *tensor, bool upper, intptr_t diagonal, ct_tensor **out) {
    return produce(out, [&] { return upper ? at::triu(tensor->value, diagonal) : at::tril(tensor->value, diagonal); });
}
