#include "kernels/row_linear.hpp"
#include "kernels/tile_linear.hpp"

using namespace shearling;

ct_status ct_linear(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *bias, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = input->value, &w = weight->value;
        const c10::optional<at::Tensor> offset = optional(bias);
        if (fits_row_linear(x, w, offset)) return row_linear(x, w, offset);
        return fits_tile_linear(x, w, offset) ? tile_linear(x, w, offset) : at::linear(x, w, offset);
    });
}

ct_status ct_embedding(const ct_tensor *weight, const ct_tensor *indices, ct_tensor **out) {
    return produce(out, [&] { return at::embedding(weight->value, indices->value); });
}

ct_status ct_softmax(const ct_tensor *tensor, intptr_t axis, bool logarithm, ct_tensor **out) {
    return produce(out, [&] { return logarithm ? at::log_softmax(tensor->value, axis) : at::softmax(tensor->value, axis); });
}

ct_status ct_cross_entropy(const ct_tensor *logits, const ct_tensor *targets, intptr_t ignored, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = logits->value;
        require(x.dim() >= 1 && x.sizes().slice(0, static_cast<size_t>(x.dim() - 1)) == targets->value.sizes(),
                "logits " + describe(x) + " and targets " + describe(targets->value) + " do not go together");
        const at::Tensor losses = at::cross_entropy_loss(x.reshape({-1, x.size(-1)}).to(inner_type(x)), targets->value.reshape({-1}), {},
                                                         at::Reduction::None, ignored);
        return losses.reshape(targets->value.sizes());
    });
}
