#include "head_loss.hpp"
#include "tile_matrix.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Cross-entropy of a linear head without float32 logits: the products stay in the compute dtype, the softmax reads them
// row by row. With z = W h and L = log(sum(exp(z))) of a row, loss = L - z[target] and dz = g (exp(z - L) - [target]).
// The backward pass turns the kept logits into dz where they lie; beyond `kept_bytes` it computes them again instead.

namespace {

/// The reference: library operations only; what runs where there is no loop of ours.
at::Tensor composed(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &targets) {
    return at::cross_entropy_loss(at::mm(hidden, weight.t()).to(inner_type(hidden)), targets, {}, at::Reduction::None, -1);
}

/// Per row of logits [n, V]: the loss and log(sum(exp)).
template <class T>
void losses_of_rows(const T *__restrict logits, const int64_t *__restrict targets, int64_t rows, int64_t width, float *__restrict losses,
                    float *__restrict sums) {
    vectorised([&]() CT_INLINE {
        for (int64_t row = 0; row < rows; ++row) {
            const T *__restrict z = logits + row * width;
            float top = -INFINITY, sum = 0;
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t i = 0; i < width; ++i) top = widen(z[i]) > top ? widen(z[i]) : top;
            }
            {
#pragma clang fp reassociate(on) contract(fast)
                for (int64_t i = 0; i < width; ++i) sum += exponential(widen(z[i]) - top);
            }
            sums[row] = top + std::log(sum);
            losses[row] = targets[row] < 0 ? 0.0f : sums[row] - widen(z[targets[row]]);
        }
    });
}

/// Logits [n, V] into their gradients, in place.
template <class T>
void slopes_of_rows(T *__restrict logits, const int64_t *__restrict targets, const float *__restrict sums,
                    const float *__restrict gradients, int64_t rows, int64_t width) {
    vectorised([&]() CT_INLINE {
        for (int64_t row = 0; row < rows; ++row) {
            T *__restrict z = logits + row * width;
            const float flow = targets[row] < 0 ? 0.0f : gradients[row], sum = sums[row];
            if (flow == 0) {
                for (int64_t i = 0; i < width; ++i) z[i] = narrow<T>(0);
                continue;
            }
            const float right = flow * (exponential(widen(z[targets[row]]) - sum) - 1.0f);
            for (int64_t i = 0; i < width; ++i) z[i] = narrow<T>(flow * exponential(widen(z[i]) - sum));
            z[targets[row]] = narrow<T>(right);
        }
    });
}

void fill_losses(const at::Tensor &logits, const at::Tensor &targets, const at::Tensor &losses, const at::Tensor &sums) {
    with_element(logits, [&](auto element) {
        using T = decltype(element);
        const int64_t width = logits.size(1);
        parallel_for(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
            losses_of_rows(elements<T>(logits) + begin * width, elements<int64_t>(targets) + begin, end - begin, width,
                           mutable_elements<float>(losses) + begin, mutable_elements<float>(sums) + begin);
        });
    });
}

void turn_into_slopes(const at::Tensor &logits, const at::Tensor &targets, const at::Tensor &sums, const at::Tensor &gradients) {
    with_element(logits, [&](auto element) {
        using T = decltype(element);
        const int64_t width = logits.size(1);
        parallel_for(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
            slopes_of_rows(mutable_elements<T>(logits) + begin * width, elements<int64_t>(targets) + begin,
                           elements<float>(sums) + begin, elements<float>(gradients) + begin, end - begin, width);
        });
    });
}

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &given_targets,
                              bool recorded) {
        const at::Tensor targets = given_targets.contiguous();
        const int64_t rows = hidden.size(0);
        const at::Tensor losses = at::empty({rows}, hidden.options().dtype(at::kFloat)), sums = at::empty_like(losses);
        context->save_for_backward({hidden, weight, targets, sums});
        if (recorded && rows * weight.size(0) * hidden.element_size() <= kept_bytes) {
            const at::Tensor logits = matrix_product(hidden, weight.t());
            fill_losses(logits, targets, losses, sums);
            context->saved_data["logits"] = logits;
            return losses;
        }
        for (int64_t start = 0; start < rows; start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, rows - start);
            fill_losses(matrix_product(hidden.narrow(0, start, size), weight.t()), targets.narrow(0, start, size), losses.narrow(0, start, size),
                        sums.narrow(0, start, size));
        }
        return losses;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &sums = saved[3];
        const at::Tensor gradient = gradients[0].to(at::kFloat).contiguous();
        const bool to_hidden = context->needs_input_grad(0), to_weight = context->needs_input_grad(1);
        // The kept logits serve once: a second pass through a retained graph computes them again.
        if (const auto kept = context->saved_data.find("logits"); kept != context->saved_data.end()) {
            const at::Tensor slopes = kept->second.toTensor();
            context->saved_data.erase(kept);
            turn_into_slopes(slopes, targets, sums, gradient);
            return {to_hidden ? matrix_product(slopes, weight) : at::Tensor(), to_weight ? matrix_product(slopes.t(), hidden) : at::Tensor(), at::Tensor(),
                    at::Tensor()};
        }
        at::Tensor hidden_gradient, weight_gradient;
        if (to_hidden) hidden_gradient = at::empty_like(hidden);
        if (to_weight) weight_gradient = at::zeros_like(weight, at::kFloat);
        for (int64_t start = 0; start < hidden.size(0); start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, hidden.size(0) - start);
            const at::Tensor part = hidden.narrow(0, start, size);
            const at::Tensor slopes = matrix_product(part, weight.t());
            turn_into_slopes(slopes, targets.narrow(0, start, size), sums.narrow(0, start, size), gradient.narrow(0, start, size));
            if (to_hidden) hidden_gradient.narrow(0, start, size).copy_(matrix_product(slopes, weight));
            if (to_weight) weight_gradient.add_(matrix_product(slopes.t(), part));
        }
        return {hidden_gradient, to_weight ? weight_gradient.to(weight.scalar_type()) : at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

}  // namespace

ct_status ct_linear_cross_entropy(const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *targets, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &h = hidden->value, &w = weight->value, &t = targets->value;
        require_head(h, w);
        require_targets(t, h, w);
        if (!has_kernel(h)) return composed(h, w, t);
        return LinearCrossEntropy::apply(h, w, t, c10::GradMode::is_enabled() && (h.requires_grad() || w.requires_grad()));
    });
}
