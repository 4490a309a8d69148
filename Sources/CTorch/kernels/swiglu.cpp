#include "vectorised.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// With t = sigmoid(gate): y = gate t up m,
//   dgate = g up m t (1 + gate (1 - t)),   dup = g gate t m,   dm = sum over rows of g gate t up.

namespace {

/// The reference: library operations only; what runs where there is no loop of ours.
at::Tensor composed(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &mask) {
    const at::Tensor product = at::silu(gate) * up;
    return mask.defined() ? product * mask.to(gate.scalar_type()) : product;
}

struct SwiGLU : torch::autograd::Function<SwiGLU> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &gate, const at::Tensor &up,
                              const c10::optional<at::Tensor> &given_mask) {
        const at::Tensor mask = given_mask.value_or(at::Tensor());
        const at::Tensor g = gate.contiguous(), u = up.contiguous(), y = at::empty_like(g);
        const int64_t width = g.size(-1), rows = width == 0 ? 0 : g.numel() / width;
        const at::Tensor m = mask.defined() ? mask.to(at::kFloat).contiguous() : at::ones({width}, g.options().dtype(at::kFloat));
        with_element(g, [&](auto element) {
            using T = decltype(element);
            parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
                const T *__restrict a = elements<T>(g), *__restrict b = elements<T>(u);
                const float *__restrict scale = elements<float>(m);
                T *__restrict to = mutable_elements<T>(y);
                vectorised([&]() CT_INLINE {
                    for (int64_t row = begin; row < end; ++row)
                        for (int64_t i = 0; i < width; ++i) {
                            const float x = widen(a[row * width + i]);
                            to[row * width + i] = narrow<T>(x * sigmoid(x) * widen(b[row * width + i]) * scale[i]);
                        }
                });
            });
        });
        context->save_for_backward({g, u, mask, m});
        return y;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &gate = saved[0], &up = saved[1], &mask = saved[2], &m = saved[3];
        const at::Tensor gradient = gradients[0].contiguous(), to_gate = at::empty_like(gate), to_up = at::empty_like(up);
        const int64_t width = m.size(0), rows = width == 0 ? 0 : gate.numel() / width;
        const bool wants_mask = mask.defined() && context->needs_input_grad(2);
        const at::Tensor parts = at::zeros({wants_mask ? row_parts : 0, width}, m.options());
        with_element(gate, [&](auto element) {
            using T = decltype(element);
            for_row_parts(rows, [&](int64_t part, int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    const T *__restrict a = elements<T>(gate) + row * width, *__restrict b = elements<T>(up) + row * width;
                    const T *__restrict g = elements<T>(gradient) + row * width;
                    T *__restrict da = mutable_elements<T>(to_gate) + row * width, *__restrict db = mutable_elements<T>(to_up) + row * width;
                    const float *__restrict scale = elements<float>(m);
                    float *__restrict sum = wants_mask ? mutable_elements<float>(parts) + part * width : nullptr;
                    vectorised([&]() CT_INLINE {
                        for (int64_t i = 0; i < width; ++i) {
                            const float x = widen(a[i]), t = sigmoid(x), flow = widen(g[i]) * scale[i];
                            db[i] = narrow<T>(flow * x * t);
                            da[i] = narrow<T>(flow * widen(b[i]) * t * (1.0f + x * (1.0f - t)));
                        }
                        if (wants_mask)
                            for (int64_t i = 0; i < width; ++i) {
                                const float x = widen(a[i]);
                                sum[i] += widen(g[i]) * x * sigmoid(x) * widen(b[i]);
                            }
                    });
                }
            });
        });
        return {to_gate, to_up, wants_mask ? parts.sum(0).to(mask.scalar_type()) : at::Tensor()};
    }
};

}  // namespace

ct_status ct_swiglu(const ct_tensor *gate, const ct_tensor *up, const ct_tensor *mask, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &g = gate->value, &u = up->value, m = mask ? mask->value : at::Tensor();
        require(g.sizes() == u.sizes() && g.scalar_type() == u.scalar_type() && at::isFloatingType(g.scalar_type()) && g.dim() >= 1,
                "gate " + describe(g) + " and up " + describe(u) + " do not go together");
        require(!mask || (m.dim() == 1 && m.size(0) == g.size(-1)), "the mask does not fit gate " + describe(g));
        return has_kernel(g) ? SwiGLU::apply(g, u, optional(mask)) : composed(g, u, m);
    });
}
