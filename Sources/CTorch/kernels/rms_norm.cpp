#include "vectorised.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// With s = weight * mask, k = [mask != 0], c = sum(k) and r = (sum(k x^2) / c + epsilon)^(-1/2) of a row:
//   y = x r s,   dx = r g s - k x r^3 / c * sum(g s x),   ds = sum over rows of g x r.

namespace {

/// The reference: library operations only; what runs where there is no loop of ours.
at::Tensor composed(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &mask, double epsilon) {
    const at::ScalarType inside = inner_type(input);
    const at::Tensor x = input.to(inside);
    at::Tensor mean, scale = weight.to(inside);
    if (mask.defined()) {
        const at::Tensor kept = mask.ne(0).to(inside);
        mean = (x.square() * kept).sum(-1, true) / kept.sum().clamp_min(1);
        scale = scale * mask.to(inside);
    } else {
        mean = x.square().mean(-1, true);
    }
    return (x * (mean + epsilon).rsqrt() * scale).to(input.scalar_type());
}

template <class T>
void forward_rows(const T *__restrict x, const float *__restrict scale, const float *__restrict kept, float count, float epsilon,
                  int64_t rows, int64_t width, T *__restrict y, float *__restrict roots) {
    vectorised([&]() CT_INLINE {
        for (int64_t row = 0; row < rows; ++row) {
            const T *__restrict from = x + row * width;
            T *__restrict to = y + row * width;
            float sum = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t i = 0; i < width; ++i) sum += widen(from[i]) * widen(from[i]) * kept[i];
            }
            const float root = 1.0f / std::sqrt(sum / count + epsilon);
            roots[row] = root;
            for (int64_t i = 0; i < width; ++i) to[i] = narrow<T>(widen(from[i]) * root * scale[i]);
        }
    });
}

template <class T>
void backward_rows(const T *__restrict x, const T *__restrict gradient, const float *__restrict scale, const float *__restrict kept,
                   float count, const float *__restrict roots, int64_t rows, int64_t width, T *__restrict to_x,
                   float *__restrict to_scale) {
    vectorised([&]() CT_INLINE {
        for (int64_t row = 0; row < rows; ++row) {
            const T *__restrict from = x + row * width, *__restrict g = gradient + row * width;
            T *__restrict to = to_x + row * width;
            const float root = roots[row];
            float dot = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t i = 0; i < width; ++i) {
                    const float product = widen(g[i]) * widen(from[i]);
                    to_scale[i] += product * root;
                    dot += product * scale[i];
                }
            }
            const float pull = dot * root * root * root / count;
            for (int64_t i = 0; i < width; ++i)
                to[i] = narrow<T>(root * widen(g[i]) * scale[i] - pull * kept[i] * widen(from[i]));
        }
    });
}

struct RMSNorm : torch::autograd::Function<RMSNorm> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &input, const at::Tensor &weight,
                              const c10::optional<at::Tensor> &given_mask, double epsilon) {
        const at::Tensor x = input.contiguous(), mask = given_mask.value_or(at::Tensor());
        const at::Tensor kept = mask.defined() ? mask.ne(0).to(at::kFloat) : at::ones_like(weight, at::kFloat);
        at::Tensor scale = weight.to(at::kFloat).contiguous();
        if (mask.defined()) scale = scale * mask.to(at::kFloat);
        const float count = std::max(1.0f, kept.sum().item<float>());
        const int64_t width = x.size(-1), rows = width == 0 ? 0 : x.numel() / width;
        const at::Tensor y = at::empty_like(x), roots = at::empty({rows}, kept.options());
        with_element(x, [&](auto element) {
            using T = decltype(element);
            parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
                forward_rows(elements<T>(x) + begin * width, elements<float>(scale), elements<float>(kept), count,
                             static_cast<float>(epsilon), end - begin, width, mutable_elements<T>(y) + begin * width,
                             mutable_elements<float>(roots) + begin);
            });
        });
        context->save_for_backward({x, weight, mask, scale, kept, roots});
        context->saved_data["count"] = static_cast<double>(count);
        return y;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &mask = saved[2], &scale = saved[3], &kept = saved[4], &roots = saved[5];
        const float count = static_cast<float>(context->saved_data["count"].toDouble());
        const at::Tensor gradient = gradients[0].contiguous(), to_x = at::empty_like(x);
        const int64_t width = x.size(-1), rows = roots.size(0);
        const at::Tensor parts = at::zeros({row_parts, width}, scale.options());
        with_element(x, [&](auto element) {
            using T = decltype(element);
            for_row_parts(rows, [&](int64_t part, int64_t begin, int64_t end) {
                backward_rows(elements<T>(x) + begin * width, elements<T>(gradient) + begin * width, elements<float>(scale),
                              elements<float>(kept), count, elements<float>(roots) + begin, end - begin, width,
                              mutable_elements<T>(to_x) + begin * width, mutable_elements<float>(parts) + part * width);
            });
        });
        const at::Tensor to_scale = parts.sum(0);
        at::Tensor to_weight, to_mask;
        if (context->needs_input_grad(1))
            to_weight = (mask.defined() ? to_scale * mask.to(at::kFloat) : to_scale).to(weight.scalar_type());
        if (mask.defined() && context->needs_input_grad(2)) to_mask = (to_scale * weight.to(at::kFloat)).to(mask.scalar_type());
        return {to_x, to_weight, to_mask, at::Tensor()};
    }
};

}  // namespace

ct_status ct_rms_norm(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *mask, double epsilon, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = input->value, &w = weight->value, m = mask ? mask->value : at::Tensor();
        require(x.dim() >= 1 && at::isFloatingType(x.scalar_type()), "a norm needs a floating tensor with an axis, not " + describe(x));
        require(w.dim() == 1 && w.size(0) == x.size(-1), "weight " + describe(w) + " does not fit input " + describe(x));
        require(!mask || (m.dim() == 1 && m.size(0) == x.size(-1)), "the mask does not fit input " + describe(x));
        return has_kernel(x) ? RMSNorm::apply(x, w, optional(mask), epsilon) : composed(x, w, m, epsilon);
    });
}
