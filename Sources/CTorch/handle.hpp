#pragma once
#include "boundary.hpp"
#include "ctorch.h"
#include "operators.hpp"

#include <ATen/record_function.h>

/// What a handle points to.
struct ct_tensor {
    explicit ct_tensor(at::Tensor tensor) noexcept;
    ~ct_tensor();
    ct_tensor(const ct_tensor &) = delete;
    ct_tensor &operator=(const ct_tensor &) = delete;
    at::Tensor value;
};

struct ct_generator {
    at::Generator value;
};

namespace shearling {

/// c10's exceptions on top of the standard ones.
struct TorchFaults {
    static ct_status classify() noexcept;
};

/// Runs `body`, which changes things in place. `name`, the function that calls this, is what a profile knows it by.
template <class Body>
ct_status perform(Body &&body, const char *name = __builtin_FUNCTION()) noexcept {
    return boundary<TorchFaults>([&] {
        at::RecordFunction record(at::RecordScope::USER_SCOPE);
        if (record.isActive()) record.before(std::string_view(name));
        body();
    });
}

/// Runs `body`, which makes a tensor, and hands it out.
template <class Body>
ct_status produce(ct_tensor **out, Body &&body, const char *name = __builtin_FUNCTION()) noexcept {
    return perform([&] { *out = new ct_tensor(body()); }, name);
}

/// Two results at once: neither is handed out unless both exist.
template <class Body>
ct_status produce_pair(ct_tensor **first, ct_tensor **second, Body &&body, const char *name = __builtin_FUNCTION()) noexcept {
    return perform(
        [&] {
            auto [a, b] = body();
            auto handle = std::make_unique<ct_tensor>(a);
            *second = new ct_tensor(b);
            *first = handle.release();
        },
        name);
}

at::ScalarType scalar_type(ct_dtype dtype);
at::Device device(int32_t index);
at::TensorOptions options(ct_dtype dtype, int32_t index);

inline at::IntArrayRef sizes(const intptr_t *values, intptr_t count) {
    static_assert(sizeof(intptr_t) == sizeof(int64_t));
    if (count < 0) throw Fault(CT_INVALID_ARGUMENT, "a list has a negative length");
    return {reinterpret_cast<const int64_t *>(values), static_cast<size_t>(count)};
}

inline c10::optional<at::Tensor> optional(const ct_tensor *tensor) {
    return tensor ? c10::optional<at::Tensor>(tensor->value) : c10::nullopt;
}

std::vector<at::Tensor> list(const ct_tensor *const *tensors, intptr_t count);

/// What sums are kept in: double for double, else float.
inline at::ScalarType inner_type(const at::Tensor &tensor) { return tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

/// The elements of a contiguous tensor whose dtype is known to be T's. (The library's own templates for this are named
/// differently by the compiler that built it and by clang.)
template <class T>
const T *elements(const at::Tensor &tensor) {
    return static_cast<const T *>(tensor.const_data_ptr());
}
template <class T>
T *mutable_elements(const at::Tensor &tensor) {
    return static_cast<T *>(tensor.mutable_data_ptr());
}

/// Refuses with CT_INVALID_ARGUMENT.
inline void require(bool holds, const std::string &sentence) {
    if (!holds) throw Fault(CT_INVALID_ARGUMENT, sentence);
}

/// "[2, 3] bfloat16": how messages name a tensor.
std::string describe(const at::Tensor &tensor);

}  // namespace shearling
