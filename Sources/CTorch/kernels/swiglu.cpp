#include "../handle.hpp"

using namespace shearling;

ct_status ct_swiglu(const ct_tensor *gate, const ct_tensor *up, const ct_tensor *mask, ct_tensor **out) {
    return produce(out, [&] {
        const at::Tensor &g = gate->value, &u = up->value;
        require(g.sizes() == u.sizes() && g.scalar_type() == u.scalar_type() && at::isFloatingType(g.scalar_type()) && g.dim() >= 1,
                "gate " + describe(g) + " and up " + describe(u) + " do not go together");
        require(!mask || (mask->value.dim() == 1 && mask->value.size(0) == g.size(-1)), "the mask does not fit gate " + describe(g));
        const at::Tensor product = at::silu(g) * u;
        return mask ? product * mask->value.to(g.scalar_type()) : product;
    });
}
