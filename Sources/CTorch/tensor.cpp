#include "handle.hpp"

#include <cstring>

using namespace shearling;

namespace {

/// The bytes a row-major tensor needs; refuses negative sizes and sums that overflow.
size_t bytes_needed(at::IntArrayRef shape, at::ScalarType type) {
    size_t total = c10::elementSize(type);
    for (const int64_t size : shape) {
        require(size >= 0, "a shape has a negative size");
        if (__builtin_mul_overflow(total, static_cast<size_t>(size), &total))
            throw Fault(CT_INVALID_ARGUMENT, "a shape is too large to address");
    }
    return total;
}

void require_bytes(at::IntArrayRef shape, at::ScalarType type, size_t bytes) {
    const size_t needed = bytes_needed(shape, type);
    require(needed == bytes, "the shape needs " + std::to_string(needed) + " bytes, " + std::to_string(bytes) + " were given");
}

}  // namespace

ct_status ct_full(const intptr_t *shape, intptr_t rank, double value, ct_dtype dtype, int32_t device, ct_tensor **out) {
    return produce(out, [&] {
        bytes_needed(sizes(shape, rank), scalar_type(dtype));
        return at::full(sizes(shape, rank), value, options(dtype, device));
    });
}

ct_status ct_empty(const intptr_t *shape, intptr_t rank, ct_dtype dtype, int32_t device, ct_tensor **out) {
    return produce(out, [&] {
        bytes_needed(sizes(shape, rank), scalar_type(dtype));
        return at::empty(sizes(shape, rank), options(dtype, device));
    });
}

ct_status ct_arange(intptr_t start, intptr_t end, ct_dtype dtype, int32_t device, ct_tensor **out) {
    return produce(out, [&] {
        return at::arange(static_cast<int64_t>(start), static_cast<int64_t>(end), options(dtype, device));
    });
}

ct_status ct_from_bytes(const void *data, size_t bytes, const intptr_t *shape, intptr_t rank, ct_dtype dtype, ct_tensor **out) {
    return produce(out, [&] {
        require_bytes(sizes(shape, rank), scalar_type(dtype), bytes);
        at::Tensor result = at::empty(sizes(shape, rank), options(dtype, CT_CPU));
        if (bytes > 0) {
            require(data != nullptr, "no data was given");
            std::memcpy(result.mutable_data_ptr(), data, bytes);
        }
        return result;
    });
}

ct_status ct_from_memory(void *data, size_t bytes, const intptr_t *shape, intptr_t rank, ct_dtype dtype, void *owner,
                         void (*release)(void *), ct_tensor **out) {
    bool handed_over = false;
    const ct_status status = produce(out, [&] {
        const at::ScalarType type = scalar_type(dtype);
        require_bytes(sizes(shape, rank), type, bytes);
        require(reinterpret_cast<uintptr_t>(data) % c10::elementSize(type) == 0, "the memory is not aligned to the dtype's size");
        const auto deleter = [owner, release](void *) { release(owner); };
        at::Tensor view = at::for_blob(data, sizes(shape, rank)).deleter(deleter).options(at::TensorOptions().dtype(type)).make_tensor();
        handed_over = true;
        return view;
    });
    if (!handed_over) release(owner);
    return status;
}

intptr_t ct_rank(const ct_tensor *tensor) { return tensor->value.dim(); }
intptr_t ct_size(const ct_tensor *tensor, intptr_t axis) {
    return axis >= 0 && axis < tensor->value.dim() ? tensor->value.sizes()[static_cast<size_t>(axis)] : 0;
}
intptr_t ct_element_count(const ct_tensor *tensor) { return tensor->value.numel(); }
int32_t ct_dtype_of(const ct_tensor *tensor) {
    switch (tensor->value.scalar_type()) {
        case at::kFloat: return CT_FLOAT32;
        case at::kBFloat16: return CT_BFLOAT16;
        case at::kHalf: return CT_FLOAT16;
        case at::kLong: return CT_INT64;
        case at::kInt: return CT_INT32;
        case at::kByte: return CT_UINT8;
        case at::kBool: return CT_BOOL;
        case at::kDouble: return CT_FLOAT64;
        case at::kChar: return CT_INT8;
        default: return -1;
    }
}
int32_t ct_device_of(const ct_tensor *tensor) {
    return tensor->value.is_cuda() ? static_cast<int32_t>(tensor->value.get_device()) : CT_CPU;
}
bool ct_is_contiguous(const ct_tensor *tensor) { return tensor->value.is_contiguous(); }
bool ct_shares_memory(const ct_tensor *a, const ct_tensor *b) { return a->value.is_alias_of(b->value); }

ct_status ct_data(const ct_tensor *tensor, void **out) {
    return perform([&] {
        require(tensor->value.device().is_cpu(), "the tensor is not on the CPU");
        require(tensor->value.is_contiguous(), "the tensor is not contiguous");
        *out = tensor->value.data_ptr();
    });
}

ct_status ct_item(const ct_tensor *tensor, double *out) {
    return perform([&] {
        require(tensor->value.numel() == 1, "one element was expected, the tensor is " + describe(tensor->value));
        *out = tensor->value.item().toDouble();
    });
}

ct_status ct_to_dtype(const ct_tensor *tensor, ct_dtype dtype, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.to(scalar_type(dtype)); });
}
ct_status ct_to_device(const ct_tensor *tensor, int32_t index, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.to(device(index)); });
}
ct_status ct_detach(const ct_tensor *tensor, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.detach(); });
}
ct_status ct_copy(const ct_tensor *tensor, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.clone(at::MemoryFormat::Contiguous); });
}
ct_status ct_contiguous(const ct_tensor *tensor, ct_tensor **out) {
    return produce(out, [&] { return tensor->value.contiguous(); });
}
