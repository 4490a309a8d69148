#include "head_loss.hpp"
#include "tile_matrix.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A student's head against a teacher's, row by row, without float32 logits of all rows. With student logits s, teacher
// logits t, temperature T, q = softmax(s / T) and p = softmax(t / T):
//     divergence = T^2 sum(p (log p - log q)), entropy = log(sum(exp(s))) - s[target],
//     loss = share * divergence + (1 - share) * entropy,
//     dloss/ds = share * T (q - p) + (1 - share) (softmax(s) - [target]).
// The forward pass puts that slope where the student's logits lay; the teacher's live for one chunk of rows. Beyond
// `kept_bytes` the backward pass makes the slopes again.

namespace {

struct Mix {
    double share, temperature;
};

/// Rows of both heads and what comes of them: `student` [n, V] becomes the slopes when asked, the rest is [n].
struct Rows {
    at::Tensor student, teacher, targets, losses, divergences, entropies;
};

/// The reference: library operations only; what runs where there is no loop of ours.
void composed(const Rows &rows, Mix mix, bool slopes) {
    const at::ScalarType inner = inner_type(rows.student);
    const at::Tensor s = rows.student.to(inner), counted = rows.targets.ge(0).to(inner);
    const at::Tensor log_q = at::log_softmax(s / mix.temperature, 1), log_p = at::log_softmax(rows.teacher.to(inner) / mix.temperature, 1);
    const at::Tensor p = log_p.exp(), log_s = mix.temperature == 1 ? log_q : at::log_softmax(s, 1);
    const at::Tensor index = rows.targets.clamp_min(0).unsqueeze(1);
    rows.divergences.copy_((p * (log_p - log_q)).sum(1) * (mix.temperature * mix.temperature) * counted);
    rows.entropies.copy_(log_s.gather(1, index).squeeze(1).neg() * counted);
    rows.losses.copy_(rows.divergences * mix.share + rows.entropies * (1 - mix.share));
    if (!slopes) return;
    at::Tensor slope = (log_q.exp() - p) * (mix.share * mix.temperature) + log_s.exp() * (1 - mix.share);
    slope.scatter_(1, index, slope.gather(1, index) - (1 - mix.share));
    rows.student.copy_(slope * counted.unsqueeze(1));
}

/// One row of `width` logits; Plain: the temperature is 1, so that one exponential serves both terms.
template <class T, bool Plain>
CT_INLINE inline void distil_row(T *__restrict s, const T *__restrict t, int64_t target, int64_t width, float share, float temperature,
                                 bool slopes, float *loss, float *divergence, float *entropy) {
#pragma clang fp reassociate(on) contract(fast)
    const float inverse = Plain ? 1.0f : 1.0f / temperature;
    float s_top = -INFINITY, t_top = -INFINITY;
    for (int64_t i = 0; i < width; ++i) {
        s_top = widen(s[i]) > s_top ? widen(s[i]) : s_top;
        t_top = widen(t[i]) > t_top ? widen(t[i]) : t_top;
    }
    float s_sum = 0, t_sum = 0, gap = 0, plain_sum = 0;
    for (int64_t i = 0; i < width; ++i) {
        const float a = (widen(s[i]) - s_top) * inverse, b = (widen(t[i]) - t_top) * inverse;
        const float e = exponential(b);
        s_sum += exponential(a);
        t_sum += e;
        gap += e * (b - a);
        if (!Plain) plain_sum += exponential(widen(s[i]) - s_top);
    }
    if (Plain) plain_sum = s_sum;
    *divergence = temperature * temperature * (gap / t_sum + (std::log(s_sum) - std::log(t_sum)));
    *entropy = s_top + std::log(plain_sum) - widen(s[target]);
    *loss = share * *divergence + (1 - share) * *entropy;
    if (!slopes) return;
    const float of_q = share * temperature / s_sum, of_p = share * temperature / t_sum, of_s = (1 - share) / plain_sum;
    const auto slope = [&](T student, T teacher) CT_INLINE {
        const float a = widen(student) - s_top, q = exponential(a * inverse), p = exponential((widen(teacher) - t_top) * inverse);
        return of_q * q - of_p * p + of_s * (Plain ? q : exponential(a));
    };
    const float right = slope(s[target], t[target]) - (1 - share);
    for (int64_t i = 0; i < width; ++i) s[i] = narrow<T>(slope(s[i], t[i]));
    s[target] = narrow<T>(right);
}

template <class T, bool Plain>
void distil_rows(const Rows &rows, Mix mix, bool slopes) {
    const int64_t width = rows.student.size(1);
    T *const student = mutable_elements<T>(rows.student);
    const T *const teacher = elements<T>(rows.teacher);
    const int64_t *const targets = elements<int64_t>(rows.targets);
    float *const losses = mutable_elements<float>(rows.losses), *const divergences = mutable_elements<float>(rows.divergences),
                 *const entropies = mutable_elements<float>(rows.entropies);
    const float share = static_cast<float>(mix.share), temperature = static_cast<float>(mix.temperature);
    parallel_for(0, rows.student.size(0), 1, [&](int64_t begin, int64_t end) {
        vectorised([&]() CT_INLINE {
            for (int64_t row = begin; row < end; ++row) {
                T *const s = student + row * width;
                if (targets[row] < 0) {
                    losses[row] = divergences[row] = entropies[row] = 0;
                    if (slopes)
                        for (int64_t i = 0; i < width; ++i) s[i] = narrow<T>(0);
                    continue;
                }
                distil_row<T, Plain>(s, teacher + row * width, targets[row], width, share, temperature, slopes, losses + row,
                                     divergences + row, entropies + row);
            }
        });
    });
}

void distil(const Rows &rows, Mix mix, bool slopes) {
    if (!has_kernel(rows.student)) return composed(rows, mix, slopes);
    with_element(rows.student, [&](auto element) {
        using T = decltype(element);
        if (mix.temperature == 1) return distil_rows<T, true>(rows, mix, slopes);
        distil_rows<T, false>(rows, mix, slopes);
    });
}

struct LinearDistillation : torch::autograd::Function<LinearDistillation> {
    static variable_list forward(AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &teacher_hidden,
                                 const at::Tensor &teacher_weight, const at::Tensor &given_targets, double share, double temperature,
                                 bool recorded) {
        const at::Tensor targets = given_targets.contiguous();
        const int64_t rows = hidden.size(0);
        const Mix mix{share, temperature};
        const at::Tensor losses = at::empty({rows}, hidden.options().dtype(inner_type(hidden))), parts = at::empty({2, rows}, losses.options());
        at::Tensor slopes;
        if (recorded && rows * weight.size(0) * hidden.element_size() <= kept_bytes)
            slopes = at::empty({rows, weight.size(0)}, hidden.options());
        for (int64_t start = 0; start < rows; start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, rows - start);
            at::Tensor student = slopes.defined() ? slopes.narrow(0, start, size) : at::empty({size, weight.size(0)}, hidden.options());
            matrix_product_into(student, hidden.narrow(0, start, size), weight.t());
            distil({student, matrix_product(teacher_hidden.narrow(0, start, size), teacher_weight.t()), targets.narrow(0, start, size),
                    losses.narrow(0, start, size), parts[0].narrow(0, start, size), parts[1].narrow(0, start, size)},
                   mix, slopes.defined());
        }
        context->mark_non_differentiable({parts});
        if (slopes.defined())
            context->save_for_backward({hidden, weight, slopes});
        else
            context->save_for_backward({hidden, weight, teacher_hidden, teacher_weight, targets});
        context->saved_data["share"] = share;
        context->saved_data["temperature"] = temperature;
        return {losses, parts};
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &hidden = saved[0], &weight = saved[1];
        const at::ScalarType dtype = hidden.scalar_type();
        const at::Tensor flow = gradients[0].to(inner_type(hidden)).unsqueeze(1);
        const bool to_hidden = context->needs_input_grad(0), to_weight = context->needs_input_grad(1);
        variable_list found(8);
        if (saved.size() == 3) {
            if (to_hidden) found[0] = (matrix_product(saved[2], weight) * flow).to(dtype);
            if (to_weight) found[1] = matrix_product(saved[2].t(), (hidden * flow).to(dtype));
            return found;
        }
        const Mix mix{context->saved_data["share"].toDouble(), context->saved_data["temperature"].toDouble()};
        if (to_hidden) found[0] = at::empty_like(hidden);
        at::Tensor sum;
        if (to_weight) sum = at::zeros_like(weight, inner_type(weight));
        for (int64_t start = 0; start < hidden.size(0); start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, hidden.size(0) - start);
            const at::Tensor part = hidden.narrow(0, start, size), slopes = matrix_product(part, weight.t());
            const at::Tensor unused = at::empty({3, size}, hidden.options().dtype(inner_type(hidden)));
            distil({slopes, matrix_product(saved[2].narrow(0, start, size), saved[3].t()), saved[4].narrow(0, start, size), unused[0], unused[1],
                    unused[2]},
                   mix, true);
            const at::Tensor flowing = flow.narrow(0, start, size);
            if (to_hidden) found[0].narrow(0, start, size).copy_(matrix_product(slopes, weight) * flowing);
            if (to_weight) sum.add_(matrix_product(slopes.t(), (part * flowing).to(dtype)));
        }
        if (to_weight) found[1] = sum.to(dtype);
        return found;
    }
};

}  // namespace

ct_status ct_linear_distillation(const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *teacher_hidden,
                                 const ct_tensor *teacher_weight, const ct_tensor *targets, double share, double temperature,
                                 ct_tensor **losses, ct_tensor **parts) {
    return produce_pair(losses, parts, [&] {
        const at::Tensor &h = hidden->value, &w = weight->value, &g = teacher_hidden->value, &u = teacher_weight->value;
        require_head(h, w);
        require_head(g, u);
        require(g.size(0) == h.size(0) && u.size(0) == w.size(0) && g.scalar_type() == h.scalar_type(),
                "the teacher's hidden " + describe(g) + " and weight " + describe(u) + " do not match the student's " + describe(h) + " and " +
                    describe(w));
        require_targets(targets->value, h, w);
        require(share >= 0 && share <= 1, "the divergence's share is " + std::to_string(share) + ", not one of 0 to 1");
        require(temperature > 0 && std::isfinite(temperature), "the temperature is " + std::to_string(temperature) + ", not positive");
        const variable_list made = LinearDistillation::apply(h, w, g.detach(), u.detach(), targets->value, share, temperature,
                                                             c10::GradMode::is_enabled() && (h.requires_grad() || w.requires_grad()));
        return std::make_pair(made[0], made[1]);
    });
}
