#include "handle.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <ATen/detail/CUDAHooksInterface.h>

using namespace shearling;

ct_status ct_generator_make(uint64_t seed, int32_t index, ct_generator **out) {
    return perform([&] {
        const at::Device where = device(index);
        at::Generator generator = where.is_cuda() ? at::detail::getCUDAHooks().getNewGenerator(where.index()) : at::detail::createCPUGenerator();
        generator.set_current_seed(seed);
        *out = new ct_generator{generator};
    });
}

void ct_generator_free(ct_generator *generator) { delete generator; }

ct_status ct_generator_state(const ct_generator *generator, ct_tensor **out) {
    return produce(out, [&] {
        at::Generator shared = generator->value;  // a reference, whose lock is not const
        const std::lock_guard<std::mutex> lock(shared.mutex());
        return shared.get_state();
    });
}

ct_status ct_generator_set_state(ct_generator *generator, const ct_tensor *state) {
    return perform([&] {
        const std::lock_guard<std::mutex> lock(generator->value.mutex());
        generator->value.set_state(state->value);
    });
}

ct_status ct_normal(ct_generator *generator, const intptr_t *shape, intptr_t rank, double mean, double deviation, ct_dtype dtype,
                    int32_t device, ct_tensor **out) {
    return produce(out, [&] {
        c10::NoGradGuard guard;
        return at::empty(sizes(shape, rank), options(dtype, device)).normal_(mean, deviation, generator->value);
    });
}

ct_status ct_uniform(ct_generator *generator, const intptr_t *shape, intptr_t rank, double low, double high, ct_dtype dtype,
                     int32_t device, ct_tensor **out) {
    return produce(out, [&] {
        c10::NoGradGuard guard;
        return at::empty(sizes(shape, rank), options(dtype, device)).uniform_(low, high, generator->value);
    });
}

ct_status ct_multinomial(ct_generator *generator, const ct_tensor *weights, intptr_t count, ct_tensor **out) {
    return produce(out, [&] { return at::multinomial(weights->value, count, /*replacement=*/true, generator->value); });
}
