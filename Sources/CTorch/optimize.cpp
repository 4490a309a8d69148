#include "kernels/vectorised.hpp"

#include <c10/core/GradMode.h>

using namespace shearling;

namespace {

constexpr int64_t grain = 1 << 14;

/// Calls `body(pointer)` with the gradient's own element type.
template <class Body>
void with_floats(const at::Tensor &tensor, Body &&body) {
    switch (tensor.scalar_type()) {
        case at::kFloat: return body(elements<float>(tensor));
        case at::kBFloat16: return body(elements<at::BFloat16>(tensor));
        case at::kHalf: return body(elements<at::Half>(tensor));
        default: throw Fault(CT_INVALID_ARGUMENT, "a float32, bfloat16 or float16 tensor was expected, not " + describe(tensor));
    }
}

struct Step {
    float rate, beta1, beta2, epsilon, decay, scale, correction1, correction2_root;
};

CT_INLINE inline float widen(at::Half value) { return static_cast<float>(value); }
using shearling::widen;

/// Where `value` is not null, it becomes the new master in its own type: what the forward pass reads.
template <class Gradient, class Value>
void adamw(float *__restrict master, const Gradient *__restrict gradient, float *__restrict first, float *__restrict second, Value *__restrict value,
           int64_t count, const Step &s) {
    const float size = s.rate / s.correction1;
    vectorised([&]() CT_INLINE {
        for (int64_t i = 0; i < count; ++i) {
            const float g = widen(gradient[i]) * s.scale;
            const float m = s.beta1 * first[i] + (1 - s.beta1) * g;
            const float v = s.beta2 * second[i] + (1 - s.beta2) * g * g;
            const float next = master[i] * s.decay - size * m / (std::sqrt(v) / s.correction2_root + s.epsilon);
            first[i] = m;
            second[i] = v;
            master[i] = next;
            if constexpr (!std::is_void_v<Value>) value[i] = narrow<Value>(next);
        }
    });
}

void check(const at::Tensor &master, const at::Tensor &gradient, const at::Tensor &first, const at::Tensor &second) {
    for (const at::Tensor *part : {&master, &first, &second})
        require(part->scalar_type() == at::kFloat && part->is_contiguous(), "masters and moments must be contiguous float32, not " + describe(*part));
    for (const at::Tensor *part : {&gradient, &first, &second})
        require(part->sizes() == master.sizes() && part->device() == master.device(),
                "a parameter of " + describe(master) + " came with a gradient or moment of " + describe(*part));
}

/// The same step by library operations, for a device without a loop of ours.
void adamw_composed(const at::Tensor &master, const at::Tensor &gradient, const at::Tensor &first, const at::Tensor &second, const Step &s) {
    const at::Tensor g = gradient.to(at::kFloat) * s.scale;
    first.lerp_(g, 1 - s.beta1);
    second.mul_(s.beta2).addcmul_(g, g, 1 - s.beta2);
    master.mul_(s.decay).addcdiv_(first, second.sqrt().div_(s.correction2_root).add_(s.epsilon), -s.rate / s.correction1);
}

/// The norm of all elements as a double on the tensors' device; nothing waits for it.
at::Tensor global_norm(const ct_tensor *const *tensors, intptr_t count, int32_t index) {
    c10::NoGradGuard guard;
    std::vector<at::Tensor> norms;
    for (intptr_t i = 0; i < count; ++i) {
        const at::Tensor &x = tensors[i]->value;
        require(at::isFloatingType(x.scalar_type()), "a norm needs floating tensors, not " + describe(x));
        norms.push_back(at::linalg_vector_norm(x, 2, at::OptionalIntArrayRef(), false, at::kFloat).to(at::kDouble));
    }
    return norms.empty() ? at::zeros({}, options(CT_FLOAT64, index)) : at::linalg_vector_norm(at::stack(norms));
}

}  // namespace

ct_status ct_adamw_step(ct_tensor *const *masters, const ct_tensor *const *gradients, ct_tensor *const *first,
                        ct_tensor *const *second, ct_tensor *const *values, intptr_t count, ct_adamw settings) {
    return perform([&] {
        c10::NoGradGuard guard;
        require(settings.step >= 1, "steps count from 1");
        for (intptr_t i = 0; i < count; ++i) {
            check(masters[i]->value, gradients[i]->value, first[i]->value, second[i]->value);
            require(values == nullptr || values[i] == nullptr || values[i]->value.sizes() == masters[i]->value.sizes(),
                    "a parameter of " + describe(masters[i]->value) + " came with another shape to compute in");
        }
        const double step = static_cast<double>(settings.step);
        const Step s{
            static_cast<float>(settings.rate), static_cast<float>(settings.beta1), static_cast<float>(settings.beta2),
            static_cast<float>(settings.epsilon), static_cast<float>(1 - settings.rate * settings.weight_decay),
            static_cast<float>(settings.maximize ? -settings.gradient_scale : settings.gradient_scale),
            static_cast<float>(1 - std::pow(settings.beta1, step)), static_cast<float>(std::sqrt(1 - std::pow(settings.beta2, step)))};
        for (intptr_t i = 0; i < count; ++i) {
            const at::Tensor &master = masters[i]->value;
            const at::Tensor value = values != nullptr && values[i] != nullptr ? values[i]->value : at::Tensor();
            if (!master.device().is_cpu()) {
                adamw_composed(master, gradients[i]->value, first[i]->value, second[i]->value, s);
                if (value.defined()) value.detach().copy_(master);
                continue;
            }
            const at::Tensor gradient = gradients[i]->value.contiguous();
            const bool at_once = value.defined() && value.scalar_type() == at::kBFloat16 && value.is_contiguous();
            float *p = mutable_elements<float>(master), *m = mutable_elements<float>(first[i]->value), *v = mutable_elements<float>(second[i]->value);
            at::BFloat16 *to = at_once ? mutable_elements<at::BFloat16>(value) : nullptr;
            with_floats(gradient, [&](const auto *g) {
                parallel_for(0, master.numel(), grain, [&](int64_t begin, int64_t end) {
                    if (to != nullptr)
                        adamw(p + begin, g + begin, m + begin, v + begin, to + begin, end - begin, s);
                    else
                        adamw(p + begin, g + begin, m + begin, v + begin, static_cast<void *>(nullptr), end - begin, s);
                });
            });
            if (value.defined() && !at_once) value.detach().copy_(master);
        }
    });
}

ct_status ct_global_norm(const ct_tensor *const *tensors, intptr_t count, double *out) {
    return perform([&] { *out = global_norm(tensors, count, CT_CPU).item<double>(); });
}

ct_status ct_global_norm_tensor(const ct_tensor *const *tensors, intptr_t count, int32_t device, ct_tensor **out) {
    return produce(out, [&] { return global_norm(tensors, count, device); });
}

ct_status ct_accumulate(ct_tensor *const *targets, const ct_tensor *const *sources, intptr_t count, double scale) {
    return perform([&] {
        c10::NoGradGuard guard;
        for (intptr_t i = 0; i < count; ++i)
            require(targets[i]->value.sizes() == sources[i]->value.sizes(),
                    describe(sources[i]->value) + " cannot be added to " + describe(targets[i]->value));
        for (intptr_t i = 0; i < count; ++i) targets[i]->value.add_(sources[i]->value, scale);
    });
}

ct_status ct_copy_many(ct_tensor *const *targets, const ct_tensor *const *sources, intptr_t count) {
    return perform([&] {
        c10::NoGradGuard guard;
        for (intptr_t i = 0; i < count; ++i)
            require(targets[i]->value.sizes() == sources[i]->value.sizes(),
                    describe(sources[i]->value) + " cannot be copied to " + describe(targets[i]->value));
        for (intptr_t i = 0; i < count; ++i) targets[i]->value.copy_(sources[i]->value);
    });
}

ct_status ct_zero_many(ct_tensor *const *targets, intptr_t count) {
    return perform([&] {
        c10::NoGradGuard guard;
        for (intptr_t i = 0; i < count; ++i) targets[i]->value.zero_();
    });
}
