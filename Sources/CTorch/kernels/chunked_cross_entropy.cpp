#include "../handle.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace shearling;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Cross-entropy of a linear head, without ever holding the logits in float32: the products stay in the compute dtype and
// the softmax is taken chunk by chunk of rows. The backward pass turns the kept logits, in place, into their gradient.

namespace {

constexpr int64_t chunk_rows = 128;

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &targets) {
        const int64_t rows = hidden.size(0);
        const at::Tensor logits = at::mm(hidden, weight.t());
        const at::Tensor losses = at::empty({rows}, hidden.options().dtype(inner_type(hidden))), sums = at::empty_like(losses);
        for (int64_t start = 0; start < rows; start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, rows - start);
            const at::Tensor chunk = logits.narrow(0, start, size).to(sums.scalar_type()), target = targets.narrow(0, start, size);
            const at::Tensor sum = at::logsumexp(chunk, 1);
            const at::Tensor picked = chunk.gather(1, target.clamp_min(0).unsqueeze(1)).squeeze(1);
            losses.narrow(0, start, size).copy_((sum - picked).masked_fill_(target.lt(0), 0));
            sums.narrow(0, start, size).copy_(sum);
        }
        context->save_for_backward({hidden, weight, targets, logits, sums});
        return losses;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &logits = saved[3], &sums = saved[4];
        const at::Tensor scale = gradients[0].masked_fill(targets.lt(0), 0);
        at::Tensor slopes = at::empty_like(logits);
        for (int64_t start = 0; start < hidden.size(0); start += chunk_rows) {
            const int64_t size = std::min(chunk_rows, hidden.size(0) - start);
            at::Tensor chunk = (logits.narrow(0, start, size).to(sums.scalar_type()) - sums.narrow(0, start, size).unsqueeze(1)).exp_();
            const at::Tensor target = targets.narrow(0, start, size).clamp_min(0).unsqueeze(1);
            chunk.scatter_add_(1, target, at::full({1, 1}, -1, chunk.options()).expand({size, 1}));
            slopes.narrow(0, start, size).copy_(chunk.mul_(scale.narrow(0, start, size).unsqueeze(1)));
        }
        at::Tensor to_hidden, to_weight;
        if (context->needs_input_grad(0)) to_hidden = at::mm(slopes, weight);
        if (context->needs_input_grad(1)) to_weight = at::mm(slopes.t(), hidden);
        return {to_hidden, to_weight, at::Tensor()};
    }
};

}  // namespace

ct_status ct_linear_cross_entropy(const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *targets, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &h = hidden->value, &w = weight->value, &t = targets->value;
        require(h.dim() == 2 && w.dim() == 2 && h.size(1) == w.size(1) && h.scalar_type() == w.scalar_type() && at::isFloatingType(h.scalar_type()),
                "hidden " + describe(h) + " and weight " + describe(w) + " do not go together");
        require(t.dim() == 1 && t.size(0) == h.size(0) && t.scalar_type() == at::kLong, "targets " + describe(t) + " do not fit hidden " + describe(h));
        if (t.numel() > 0) {
            const auto [low, high] = at::aminmax(t);
            if (low.item<int64_t>() < -1 || high.item<int64_t>() >= w.size(0))
                throw Fault(CT_INDEX, "a target lies outside -1 ..< " + std::to_string(w.size(0)));
        }
        return LinearCrossEntropy::apply(h, w, t);
    });
}
