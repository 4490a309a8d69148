#include "vectorised.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// y = base + x s with s per channel:   dbase = g,   dx = g s,   ds = sum over rows of g x.

namespace {

/// The reference: library operations only; what runs where there is no loop of ours.
at::Tensor composed(const at::Tensor &base, const at::Tensor &input, const at::Tensor &scale) {
    const at::Tensor product = input * scale.to(input.scalar_type());
    return base.defined() ? base + product : product;
}

struct AddScaled : torch::autograd::Function<AddScaled> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &input, const at::Tensor &scale,
                              const c10::optional<at::Tensor> &base) {
        const at::Tensor x = input.contiguous(), b = base ? base->contiguous() : at::Tensor(), y = at::empty_like(x);
        const at::Tensor s = scale.to(at::kFloat).contiguous();
        const int64_t width = x.size(-1), rows = width == 0 ? 0 : x.numel() / width;
        with_element(x, [&](auto element) {
            using T = decltype(element);
            parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
                const T *__restrict from = elements<T>(x), *__restrict under = b.defined() ? elements<T>(b) : nullptr;
                const float *__restrict by = elements<float>(s);
                T *__restrict to = mutable_elements<T>(y);
                vectorised([&]() CT_INLINE {
                    for (int64_t row = begin; row < end; ++row) {
                        const int64_t at = row * width;
                        if (under)
                            for (int64_t i = 0; i < width; ++i) to[at + i] = narrow<T>(widen(under[at + i]) + widen(from[at + i]) * by[i]);
                        else
                            for (int64_t i = 0; i < width; ++i) to[at + i] = narrow<T>(widen(from[at + i]) * by[i]);
                    }
                });
            });
        });
        context->save_for_backward({x, scale, s});
        context->saved_data["has base"] = base.has_value();
        return y;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &scale = saved[1], &s = saved[2];
        const at::Tensor gradient = gradients[0].contiguous(), to_x = at::empty_like(x);
        const int64_t width = s.size(0), rows = width == 0 ? 0 : x.numel() / width;
        const at::Tensor parts = at::zeros({row_parts, width}, s.options());
        with_element(x, [&](auto element) {
            using T = decltype(element);
            for_row_parts(rows, [&](int64_t part, int64_t begin, int64_t end) {
                const T *__restrict from = elements<T>(x), *__restrict g = elements<T>(gradient);
                const float *__restrict by = elements<float>(s);
                T *__restrict to = mutable_elements<T>(to_x);
                float *__restrict sum = mutable_elements<float>(parts) + part * width;
                vectorised([&]() CT_INLINE {
                    for (int64_t row = begin; row < end; ++row) {
                        const int64_t at = row * width;
                        for (int64_t i = 0; i < width; ++i) {
                            const float flow = widen(g[at + i]);
                            to[at + i] = narrow<T>(flow * by[i]);
                            sum[i] += flow * widen(from[at + i]);
                        }
                    }
                });
            });
        });
        const at::Tensor to_scale = context->needs_input_grad(1) ? parts.sum(0).to(scale.scalar_type()) : at::Tensor();
        return {to_x, to_scale, context->saved_data["has base"].toBool() ? gradients[0] : at::Tensor()};
    }
};

}  // namespace

ct_status ct_add_scaled(const ct_tensor *base, const ct_tensor *input, const ct_tensor *scale, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor b = base ? base->value : at::Tensor(), &x = input->value, &s = scale->value;
        require(x.dim() >= 1 && at::isFloatingType(x.scalar_type()), "scaling by channel needs a floating tensor with an axis, not " + describe(x));
        require(!base || (b.sizes() == x.sizes() && b.scalar_type() == x.scalar_type()), "a base of another kind cannot be added to " + describe(x));
        require(s.dim() == 1 && s.size(0) == x.size(-1), "the scale " + describe(s) + " does not fit " + describe(x));
        return has_kernel(x) ? AddScaled::apply(x, s, optional(base)) : composed(b, x, s);
    });
}
