#include "handle.hpp"
#include "kernels/tile_matrix.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

namespace {

at::Tensor apply(ct_unary_operation operation, const at::Tensor &x) {
    switch (operation) {
        case CT_NEGATE: return x.neg();
        case CT_EXP: return x.exp();
        case CT_LOG: return x.log();
        case CT_LOG1P: return x.log1p();
        case CT_SQRT: return x.sqrt();
        case CT_RSQRT: return x.rsqrt();
        case CT_SIGMOID: return x.sigmoid();
        case CT_LOG_SIGMOID: return at::log_sigmoid(x);
        case CT_SILU: return at::silu(x);
        case CT_TANH: return x.tanh();
        case CT_ABS: return x.abs();
        case CT_SQUARE: return x.square();
        case CT_RECIPROCAL: return x.reciprocal();
        case CT_SIN: return x.sin();
        case CT_COS: return x.cos();
        case CT_FLOOR: return x.floor();
        case CT_ROUND: return x.round();
        case CT_SIGN: return x.sign();
        case CT_RELU: return x.relu();
        case CT_SOFTPLUS: return at::softplus(x);
        case CT_IS_FINITE: return x.isfinite();
        case CT_LOGICAL_NOT: return x.logical_not();
    }
    throw Fault(CT_INVALID_ARGUMENT, "no such operation on one tensor: " + std::to_string(static_cast<int>(operation)));
}

at::Tensor apply(ct_binary_operation operation, const at::Tensor &a, const at::Tensor &b) {
    switch (operation) {
        case CT_ADD: return at::add(a, b);
        case CT_SUBTRACT: return at::sub(a, b);
        case CT_MULTIPLY: return at::mul(a, b);
        case CT_DIVIDE: return at::div(a, b);
        case CT_POWER: return at::pow(a, b);
        case CT_LARGER: return at::maximum(a, b);
        case CT_SMALLER: return at::minimum(a, b);
        case CT_GREATER: return at::gt(a, b);
        case CT_GREATER_EQUAL: return at::ge(a, b);
        case CT_LESS: return at::lt(a, b);
        case CT_LESS_EQUAL: return at::le(a, b);
        case CT_EQUAL: return at::eq(a, b);
        case CT_NOT_EQUAL: return at::ne(a, b);
        case CT_AND: return at::logical_and(a, b);
        case CT_OR: return at::logical_or(a, b);
    }
    throw Fault(CT_INVALID_ARGUMENT, "no such operation on two tensors: " + std::to_string(static_cast<int>(operation)));
}

/// A tensor of no axes that takes part in promotion as a number does: it never widens a floating tensor.
at::Tensor number(double value, const at::Tensor &like) {
    const bool whole = !at::isFloatingType(like.scalar_type()) && value == static_cast<double>(static_cast<int64_t>(value));
    at::Tensor scalar = whole ? at::scalar_tensor(static_cast<int64_t>(value), at::kLong) : at::scalar_tensor(value, at::kDouble);
    scalar.unsafeGetTensorImpl()->set_wrapped_number(true);
    return scalar;
}

c10::optional<at::Scalar> limit(const double *value) {
    return value ? c10::optional<at::Scalar>(*value) : c10::nullopt;
}

}  // namespace

ct_status ct_unary(ct_unary_operation operation, const ct_tensor *tensor, ct_tensor **out) {
    return produce(out, [&] { return apply(operation, tensor->value); });
}

ct_status ct_binary(ct_binary_operation operation, const ct_tensor *a, const ct_tensor *b, ct_tensor **out) {
    return produce(out, [&] { return apply(operation, a->value, b->value); });
}

ct_status ct_binary_scalar(ct_binary_operation operation, const ct_tensor *a, double value, bool reversed, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor scalar = number(value, a->value);
        return reversed ? apply(operation, scalar, a->value) : apply(operation, a->value, scalar);
    });
}

ct_status ct_clamp(const ct_tensor *tensor, const double *low, const double *high, ct_tensor **out) {
    return produce(out, [&] { return at::clamp(tensor->value, limit(low), limit(high)); });
}

ct_status ct_select(const ct_tensor *condition, const ct_tensor *a, const ct_tensor *b, ct_tensor **out) {
    return produce(out, [&] { return at::where(condition->value.to(at::kBool), a->value, b->value); });
}

ct_status ct_matmul(const ct_tensor *a, const ct_tensor *b, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = a->value, &y = b->value;
        const bool recorded = c10::GradMode::is_enabled() && (x.requires_grad() || y.requires_grad());
        return !recorded && fits_tile_matrix(x, y) ? tile_matrix(x, y) : at::matmul(x, y);
    });
}

ct_status ct_add_in_place(ct_tensor *target, const ct_tensor *other, double scale) {
    return perform([&] { target->value.add_(other->value, scale); });
}
ct_status ct_add_scalar_in_place(ct_tensor *target, double value) {
    return perform([&] { target->value.add_(value); });
}
ct_status ct_multiply_in_place(ct_tensor *target, const ct_tensor *other) {
    return perform([&] { target->value.mul_(other->value); });
}
ct_status ct_multiply_scalar_in_place(ct_tensor *target, double value) {
    return perform([&] { target->value.mul_(value); });
}
ct_status ct_copy_in_place(ct_tensor *target, const ct_tensor *source) {
    return perform([&] { target->value.copy_(source->value); });
}
ct_status ct_fill_in_place(ct_tensor *target, double value) {
    return perform([&] { target->value.fill_(value); });
}
ct_status ct_clamp_in_place(ct_tensor *target, const double *low, const double *high) {
    return perform([&] { at::clamp_(target->value, limit(low), limit(high)); });
}
