#include "vectorised.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A rotation: its gradient is the rotation by the opposite angle.

namespace {

/// The reference: library operations only; what runs where there is no loop of ours.
at::Tensor composed(const at::Tensor &x, const at::Tensor &cosines, const at::Tensor &sines) {
    const auto halves = x.to(inner_type(x)).chunk(2, -1);
    return at::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines}, -1).to(x.scalar_type());
}

/// x [B, N, T, D] of any strides with the last axis dense; cosines and sines [B or 1, T, D/2]. Keeps the layout of x.
at::Tensor rotate(const at::Tensor &input, const at::Tensor &cosines, const at::Tensor &sines, float sign) {
    const at::Tensor x = input.stride(-1) == 1 ? input : input.contiguous(), y = at::empty_like(x);
    const int64_t heads = x.size(1), time = x.size(2), half = x.size(3) / 2, tables = cosines.size(0);
    with_element(x, [&](auto element) {
        using T = decltype(element);
        const T *from = elements<T>(x);
        T *to = mutable_elements<T>(y);
        const float *c = elements<float>(cosines), *s = elements<float>(sines);
        parallel_for(0, x.size(0) * time, 64, [&](int64_t begin, int64_t end) {
            vectorised([&]() CT_INLINE {
                for (int64_t position = begin; position < end; ++position) {
                    const int64_t batch = position / time, t = position % time, table = ((tables > 1 ? batch : 0) * time + t) * half;
                    for (int64_t head = 0; head < heads; ++head) {
                        const T *__restrict a = from + batch * x.stride(0) + head * x.stride(1) + t * x.stride(2);
                        T *__restrict out = to + batch * y.stride(0) + head * y.stride(1) + t * y.stride(2);
                        for (int64_t i = 0; i < half; ++i) {
                            const float low = widen(a[i]), high = widen(a[half + i]), cosine = c[table + i], sine = sign * s[table + i];
                            out[i] = narrow<T>(low * cosine - high * sine);
                            out[half + i] = narrow<T>(high * cosine + low * sine);
                        }
                    }
                }
            });
        });
    });
    return y;
}

struct Rotary : torch::autograd::Function<Rotary> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &cosines, const at::Tensor &sines) {
        const std::vector<int64_t> shape{-1, x.size(2), x.size(3) / 2};
        const at::Tensor c = cosines.to(at::kFloat).reshape(shape).contiguous(), s = sines.to(at::kFloat).reshape(shape).contiguous();
        context->save_for_backward({c, s});
        return rotate(x, c, s, 1);
    }
    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        return {rotate(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

}  // namespace

ct_status ct_rotary(const ct_tensor *input, const ct_tensor *cosines, const ct_tensor *sines, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &x = input->value, &c = cosines->value, &s = sines->value;
        require(x.dim() == 4 && x.size(3) % 2 == 0 && at::isFloatingType(x.scalar_type()),
                "rotary needs a floating [batch, heads, time, even size], not " + describe(x));
        const bool table = c.dim() == 2 || (c.dim() == 4 && c.size(1) == 1 && (c.size(0) == 1 || c.size(0) == x.size(0)));
        require(table && c.sizes() == s.sizes() && c.size(-1) == x.size(3) / 2 && c.size(-2) == x.size(2),
                "cosines " + describe(c) + " and sines " + describe(s) + " do not fit input " + describe(x));
        return has_kernel(x) ? Rotary::apply(x, c, s) : composed(x, c, s);
    });
}
