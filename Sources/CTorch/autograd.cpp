#include "handle.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

using namespace shearling;

namespace {

torch::autograd::variable_list optional_list(const ct_tensor *gradient) {
    return gradient ? torch::autograd::variable_list{gradient->value} : torch::autograd::variable_list{};
}

}  // namespace

bool ct_gradient_mode(void) { return c10::GradMode::is_enabled(); }
void ct_set_gradient_mode(bool on) { c10::GradMode::set_enabled(on); }
bool ct_requires_gradient(const ct_tensor *tensor) { return tensor->value.requires_grad(); }

ct_status ct_set_requires_gradient(ct_tensor *tensor, bool on) {
    return perform([&] {
        require(tensor->value.is_leaf(), "only a leaf of the gradient graph can be told whether it wants a gradient; detach it first");
        require(!on || at::isFloatingType(tensor->value.scalar_type()), "only floating tensors have gradients, this is " + describe(tensor->value));
        tensor->value.set_requires_grad(on);
    });
}

ct_status ct_gradient(const ct_tensor *tensor, ct_tensor **out) {
    return perform([&] {
        const at::Tensor &gradient = tensor->value.grad();
        *out = gradient.defined() ? new ct_tensor(gradient) : nullptr;
    });
}

ct_status ct_set_gradient(ct_tensor *tensor, const ct_tensor *gradient) {
    return perform([&] {
        if (gradient)
            require(gradient->value.sizes() == tensor->value.sizes() && gradient->value.scalar_type() == tensor->value.scalar_type() &&
                        gradient->value.device() == tensor->value.device(),
                    "a gradient of " + describe(gradient->value) + " does not fit a tensor of " + describe(tensor->value));
        tensor->value.mutable_grad() = gradient ? gradient->value : at::Tensor();
    });
}

ct_status ct_backward(const ct_tensor *output, const ct_tensor *gradient, bool retain) {
    return perform([&] { torch::autograd::backward({output->value}, optional_list(gradient), retain); });
}

ct_status ct_backward_many(const ct_tensor *const *outputs, const ct_tensor *const *gradients, intptr_t count) {
    return perform([&] {
        torch::autograd::variable_list given;
        for (intptr_t i = 0; i < count; ++i) given.push_back(gradients[i] ? gradients[i]->value : at::Tensor());
        torch::autograd::backward(list(outputs, count), given);
    });
}

ct_status ct_gradients(const ct_tensor *output, const ct_tensor *gradient, const ct_tensor *const *inputs, intptr_t count,
                       bool allow_unused, bool retain, ct_tensor **out) {
    return perform([&] {
        const auto results = torch::autograd::grad({output->value}, list(inputs, count), optional_list(gradient), retain,
                                                   /*create_graph=*/false, allow_unused);
        std::vector<std::unique_ptr<ct_tensor>> handles;
        for (const at::Tensor &result : results)
            handles.push_back(result.defined() ? std::make_unique<ct_tensor>(result) : nullptr);
        for (size_t i = 0; i < handles.size(); ++i) out[i] = handles[i].release();
    });
}
