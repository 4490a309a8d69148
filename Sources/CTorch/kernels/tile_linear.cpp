#include "tile_linear.hpp"

#include "tile_matrix.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Y = X W^T + b, and with G = dY: dX = G W, dW = G^T X, db = the sum of G's rows. The composition beside it is `at::linear`.

namespace {

at::Tensor rows_of(const at::Tensor &x) { return x.reshape({-1, x.size(-1)}); }

at::Tensor multiplied(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    at::DimVector shape(x.sizes().begin(), x.sizes().end());
    shape.back() = w.size(0);
    return tile_matrix(rows_of(x), w.t(), bias).view(shape);
}

struct TileLinear : torch::autograd::Function<TileLinear> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &input, const at::Tensor &weight, const c10::optional<at::Tensor> &bias) {
        context->save_for_backward({input, weight});
        context->saved_data["has_bias"] = bias.has_value();
        return multiplied(input, weight, bias);
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &input = saved[0], &weight = saved[1];
        const at::Tensor gradient = rows_of(gradients[0].contiguous()), rows = rows_of(input);
        variable_list found(3);
        if (context->needs_input_grad(0)) found[0] = matrix_product(gradient, weight).view(input.sizes());
        if (context->needs_input_grad(1))  // as the weight lies in memory
            found[1] = weight.is_contiguous() ? matrix_product(gradient.t(), rows) : matrix_product(rows.t(), gradient).t();
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2)) found[2] = gradient.sum(0, false, at::kFloat).to(gradient.scalar_type());
        return found;
    }
};

}  // namespace

bool shearling::fits_tile_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    if (x.dim() < 1 || w.dim() != 2 || x.size(-1) != w.size(1) || x.numel() == 0 || !x.is_contiguous()) return false;
    const bool has_bias = bias && bias->defined();
    if (has_bias && (bias->scalar_type() != at::kBFloat16 || bias->dim() != 1 || bias->size(0) != w.size(0) || !bias->is_contiguous())) return false;
    return fits_tile_matrix(rows_of(x.detach()), w.detach().t());
}

at::Tensor shearling::tile_linear(const at::Tensor &x, const at::Tensor &w, const c10::optional<at::Tensor> &bias) {
    const auto wants = [](const at::Tensor &tensor) { return tensor.requires_grad(); };
    const bool recorded = c10::GradMode::is_enabled() && (wants(x) || wants(w) || (bias && wants(*bias)));
    return recorded ? TileLinear::apply(x, w, bias) : multiplied(x, w, bias);
}
