#pragma once
#include "vectorised.hpp"

// What losses through a linear head share: how many logits they keep, and what they refuse.

namespace shearling {

/// Beyond so many bytes of logits the backward pass computes them again instead of keeping them.
constexpr int64_t kept_bytes = int64_t(1) << 30;
/// Rows that go together where logits are not kept: enough for the products, little memory.
constexpr int64_t chunk_rows = 512;

/// Refuses hidden states [N, H] and a weight [V, H] that are not of one floating dtype or do not fit together.
inline void require_head(const at::Tensor &hidden, const at::Tensor &weight) {
    require(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) && hidden.scalar_type() == weight.scalar_type() &&
                at::isFloatingType(hidden.scalar_type()),
            "hidden " + describe(hidden) + " and weight " + describe(weight) + " do not go together");
}

/// Refuses targets that are not one int64 in -1 ..< V per row.
inline void require_targets(const at::Tensor &targets, const at::Tensor &hidden, const at::Tensor &weight) {
    require(targets.dim() == 1 && targets.size(0) == hidden.size(0) && targets.scalar_type() == at::kLong,
            "targets " + describe(targets) + " do not fit hidden " + describe(hidden));
    if (targets.numel() == 0) return;
    const auto [low, high] = at::aminmax(targets);
    if (low.item<int64_t>() < -1 || high.item<int64_t>() >= weight.size(0))
        throw Fault(CT_INDEX, "a target lies outside -1 ..< " + std::to_string(weight.size(0)));
}

}  // namespace shearling
