// Of Gloo's headers only names are used here: no object of Gloo's is made, laid out or destroyed in this file, so that a
// header of another date than the Gloo inside libtorch_cpu does no harm.
#define USE_C10D_GLOO
#include "ctorch_deal.h"
#include "handle.hpp"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <atomic>
#include <cmath>
#include <mutex>

using namespace shearling;

namespace {

std::atomic<intptr_t> live{0};

/// Counts a handle as long as it lives.
struct Counted {
    Counted() noexcept { live.fetch_add(1, std::memory_order_relaxed); }
    ~Counted() { live.fetch_sub(1, std::memory_order_relaxed); }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
};

/// Sockets and stores that fail are input and output; Gloo's own exceptions are plain runtime errors.
struct GroupFaults {
    static ct_status classify() noexcept {
        try {
            throw;
        } catch (const c10::DistError &error) {
            return fail(CT_IO, error.what_without_backtrace());
        } catch (const Fault &) {
            return TorchFaults::classify();
        } catch (const c10::Error &) {
            return TorchFaults::classify();
        } catch (const std::runtime_error &error) {
            return fail(CT_IO, error.what());
        } catch (...) {
            return TorchFaults::classify();
        }
    }
};

template <class Body>
ct_status guarded(Body &&body) noexcept {
    return boundary<GroupFaults>(std::forward<Body>(body));
}

std::chrono::milliseconds milliseconds(double seconds) {
    require(seconds > 0 && seconds < 1e9, "a time limit must be a positive number of seconds, not " + std::to_string(seconds));
    return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000)));
}

/// What a collective operation may work on: its memory is read and written by other threads.
at::Tensor whole(const ct_tensor *tensor) {
    const at::Tensor &value = tensor->value;
    require(value.is_contiguous() && value.device().is_cpu() && !value.requires_grad(),
            "processes exchange contiguous tensors on the CPU without a gradient, not " + describe(value));
    return value;
}

}  // namespace

struct ct_store : Counted {
    c10::intrusive_ptr<c10d::Store> value;
    c10::intrusive_ptr<c10d::TCPStore> root;  // without a clone's
};

struct ct_group : Counted {
    c10::intrusive_ptr<c10d::Backend> value;
};

struct ct_work : Counted {
    c10::intrusive_ptr<c10d::Work> value;
};

namespace {

/// One operation begins at a time in this process, whatever group it belongs to: c10d's flight recorder notes each new group
/// in a map that nothing else guards (`FlightRecorder::recordWithResetEnabled`). Beginning only queues, so nobody waits long.
std::mutex beginning;

ct_status begin(ct_work **out, const auto &operation) {
    return guarded([&] {
        auto work = std::make_unique<ct_work>();
        const std::lock_guard<std::mutex> alone(beginning);
        work->value = operation();
        *out = work.release();
    });
}

void require_member(const ct_group *group, int32_t rank) {
    require(rank >= 0 && rank < group->value->getSize(),
            "rank " + std::to_string(rank) + " is not in a group of " + std::to_string(group->value->getSize()));
}

}  // namespace

intptr_t ct_live_group_handles(void) { return live.load(std::memory_order_relaxed); }

ct_status ct_store_open(const char *host, uint16_t port, bool serve, const char *prefix, double seconds, ct_store **out) {
    return guarded([&] {
        c10d::TCPStoreOptions options;
        options.port = port;
        options.isServer = serve;
        options.waitWorkers = false;
        options.timeout = milliseconds(seconds);
        auto store = std::make_unique<ct_store>();
        store->root = c10::make_intrusive<c10d::TCPStore>(host, options);
        store->value = store->root;
        if (*prefix) store->value = c10::make_intrusive<c10d::PrefixStore>(prefix, store->root);
        *out = store.release();
    });
}

ct_status ct_store_clone(ct_store *store, ct_store **out) {
    return guarded([&] {
        auto copy = std::make_unique<ct_store>();
        copy->value = store->value->clone();
        *out = copy.release();
    });
}

void ct_store_free(ct_store *store) { delete store; }
uint16_t ct_store_port(const ct_store *store) { return store->root ? store->root->getPort() : 0; }

ct_status ct_store_set(ct_store *store, const char *key, const void *bytes, size_t count) {
    return guarded([&] {
        const auto *first = static_cast<const uint8_t *>(bytes);
        store->value->set(key, count ? std::vector<uint8_t>(first, first + count) : std::vector<uint8_t>());
    });
}

ct_status ct_store_get(ct_store *store, const char *key, double seconds, ct_tensor **out) {
    return guarded([&] {
        const std::vector<std::string> keys{key};
        if (!store->value->check(keys)) {
            if (seconds <= 0) {
                *out = nullptr;
                return;
            }
            try {
                store->value->wait(keys, milliseconds(seconds));
            } catch (const c10::DistStoreError &) {
                if (!store->value->check(keys)) {
                    *out = nullptr;
                    return;
                }
            }
        }
        const std::vector<uint8_t> bytes = store->value->get(key);
        const ct_status status = ct_from_bytes(bytes.data(), bytes.size(), std::array{static_cast<intptr_t>(bytes.size())}.data(),
                                               1, CT_UINT8, out);
        if (status != CT_OK) throw Fault(status, ct_last_message());
    });
}

ct_status ct_group_make(ct_store *store, int32_t rank, int32_t size, const char *interface, const char *host, double seconds,
                        ct_group **out) {
    return guarded([&] {
        require(size >= 1 && rank >= 0 && rank < size,
                "rank " + std::to_string(rank) + " is not in a group of " + std::to_string(size));
        auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(seconds));
        options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                   : host    ? c10d::ProcessGroupGloo::createDeviceForHostname(host)
                                             : c10d::ProcessGroupGloo::createDefaultDevice());
        auto group = std::make_unique<ct_group>();
        group->value = c10::make_intrusive<c10d::ProcessGroupGloo>(store->value, rank, size, options);
        *out = group.release();
    });
}

void ct_group_free(ct_group *group, bool abandoned) {
    if (group && abandoned) (void)group->value.release();
    delete group;
}

ct_status ct_group_all_reduce(ct_group *group, ct_tensor *tensor, bool maximum, ct_work **out) {
    return begin(out, [&] {
        std::vector<at::Tensor> tensors{whole(tensor)};
        c10d::AllreduceOptions options;
        options.reduceOp = maximum ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
        return group->value->allreduce(tensors, options);
    });
}

ct_status ct_group_reduce_scatter(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(out, [&] {
        at::Tensor from = whole(input), into = whole(output);
        require(from.scalar_type() == into.scalar_type() && from.numel() == into.numel() * group->value->getSize(),
                describe(from) + " does not fall into " + std::to_string(group->value->getSize()) + " parts of " + describe(into));
        from = from.view({-1}), into = into.view({-1});
        return group->value->_reduce_scatter_base(into, from);
    });
}

ct_status ct_group_all_gather(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(out, [&] {
        at::Tensor from = whole(input), into = whole(output);
        require(from.scalar_type() == into.scalar_type() && into.numel() == from.numel() * group->value->getSize(),
                describe(into) + " does not hold " + std::to_string(group->value->getSize()) + " parts of " + describe(from));
        from = from.view({-1}), into = into.view({-1});
        return group->value->_allgather_base(into, from);
    });
}

ct_status ct_group_all_to_all(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(out, [&] {
        at::Tensor from = whole(input), into = whole(output);
        require(from.scalar_type() == into.scalar_type() && into.numel() == from.numel() &&
                    from.numel() % group->value->getSize() == 0,
                describe(from) + " and " + describe(into) + " are not as many equal parts as there are ranks, " +
                    std::to_string(group->value->getSize()));
        from = from.view({-1}), into = into.view({-1});
        std::vector<int64_t> equal;
        return group->value->alltoall_base(into, from, equal, equal);
    });
}

ct_status ct_group_broadcast(ct_group *group, ct_tensor *tensor, int32_t root, ct_work **out) {
    return begin(out, [&] {
        require_member(group, root);
        std::vector<at::Tensor> tensors{whole(tensor)};
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return group->value->broadcast(tensors, options);
    });
}

ct_status ct_group_barrier(ct_group *group, ct_work **out) {
    return begin(out, [&] { return group->value->barrier(); });
}

ct_status ct_work_wait(ct_work *work, double seconds, bool *done) {
    return guarded([&] {
        c10d::Work &operation = *work->value;
        try {
            operation.wait(milliseconds(seconds));
        } catch (...) {
            if (!operation.isCompleted()) {
                *done = false;
                return;
            }
            operation.wait();  // it has ended, perhaps in this moment: says at once how
        }
        *done = true;
    });
}

void ct_work_free(ct_work *work) { delete work; }
