#include "../handle.hpp"

using namespace shearling;

namespace {

/// The reference: library operations only.
at::Tensor rms_norm_composed(const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &mask, double epsilon) {
    const at::ScalarType inside = inner_type(input);
    const at::Tensor x = input.to(inside);
    at::Tensor mean;
    if (mask) {
        const at::Tensor kept = mask->ne(0).to(inside);
        mean = (x.square() * kept).sum(-1, true) / kept.sum().clamp_min(1);
    } else {
        mean = x.square().mean(-1, true);
    }
    at::Tensor scale = weight.to(inside);
    if (mask) scale = scale * mask->to(inside);
    return (x * (mean + epsilon).rsqrt() * scale).to(input.scalar_type());
}

}  // namespace

ct_status ct_rms_norm(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *mask, double epsilon, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = input->value;
        require(x.dim() >= 1 && at::isFloatingType(x.scalar_type()), "a norm needs a floating tensor with an axis, not " + describe(x));
        require(weight->value.dim() == 1 && weight->value.size(0) == x.size(-1), "weight " + describe(weight->value) + " does not fit input " + describe(x));
        require(!mask || (mask->value.dim() == 1 && mask->value.size(0) == x.size(-1)), "the mask does not fit input " + describe(x));
        return rms_norm_composed(x, weight->value, optional(mask), epsilon);
    });
}
