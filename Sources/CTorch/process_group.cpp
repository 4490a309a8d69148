// Of Gloo's headers only names are used here: no object of Gloo's is made, laid out or destroyed in this file, so that a
// header of another date than the Gloo inside libtorch_cpu does no harm.
#define USE_C10D_GLOO
#include "ctorch_deal.h"
#include "handle.hpp"
#include "nccl/shearling_nccl.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/thread_pool.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <dlfcn.h>

#include <atomic>
#include <cmath>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

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

using Work = c10::intrusive_ptr<c10d::Work>;

template <class Body>
ct_status guarded(Body &&body) noexcept {
    return boundary<GroupFaults>(std::forward<Body>(body));
}

std::chrono::milliseconds milliseconds(double seconds) {
    require(seconds > 0 && seconds < 1e9, "a time limit must be a positive number of seconds, not " + std::to_string(seconds));
    return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000)));
}

}  // namespace

struct ct_store : Counted {
    c10::intrusive_ptr<c10d::Store> value;
    c10::intrusive_ptr<c10d::TCPStore> root;  // without a clone's
};

struct ct_group : Counted {
    c10::intrusive_ptr<c10d::Backend> value;
    at::Device device{at::kCPU};
    /// Of a GPU only: operations begin on this one thread. NCCL meets the other ranks, and connects to them anew for kinds and
    /// sizes it has not had yet, before a begin returns: a rank that does not come would hold whoever begins.
    std::unique_ptr<c10::ThreadPool> beginner;
    std::chrono::milliseconds limit{};
};

struct ct_work : Counted {
    Work value;  // null while one between GPUs has not begun
    /// Of a GPU only: the same, its limit, and whether it has ended.
    std::shared_future<Work> begun;
    std::optional<std::chrono::steady_clock::time_point> last;
    bool isOver = false;
};

namespace {

/// One operation of Gloo begins at a time in this process, whatever group it belongs to: c10d's flight recorder notes each new
/// group in a map that nothing else guards (`FlightRecorder::recordWithResetEnabled`). Beginning only queues, so nobody waits
/// long. Those of GPUs, which may wait for others as they begin, have a thread and a recorder of their own.
std::mutex beginning;

/// What a collective operation of the group may work on: its memory is read and written by other threads.
at::Tensor whole(const ct_group *group, const ct_tensor *tensor) {
    const at::Tensor &value = tensor->value;
    require(value.is_contiguous() && value.device() == group->device && !value.requires_grad(),
            "processes exchange contiguous tensors on " + group->device.str() + " without a gradient, not " + describe(value) +
                " on " + value.device().str());
    return value;
}

/// Begins what `prepare()` gives: a function of the backend that owns what it works on.
ct_status begin(ct_group *group, ct_work **out, const auto &prepare) {
    return guarded([&] {
        auto operation = prepare();
        auto work = std::make_unique<ct_work>();
        if (group->beginner) {
            // Kernels are ordered by this thread's stream and the beginner's: both are the device's default one.
            auto task = std::make_shared<std::packaged_task<Work()>>(
                [operation = std::move(operation), backend = group->value, device = group->device]() mutable {
                    const c10::DeviceGuard guard(device);
                    return operation(*backend);
                });
            work->begun = task->get_future().share();
            work->last = std::chrono::steady_clock::now() + group->limit;
            group->beginner->run([task] { (*task)(); });
        } else {
            const std::lock_guard<std::mutex> alone(beginning);
            work->value = operation(*group->value);
        }
        *out = work.release();
    });
}

/// Whether an operation between GPUs has ended within `patience`. Its results then stand where this thread's stream reads them.
bool ended(ct_work &work, std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + patience;
    const auto late = [&] {
        if (Clock::now() >= *work.last) throw Fault(CT_IO, "the group's time limit has passed");
        return false;
    };
    if (!work.value) {
        if (work.begun.wait_until(until) != std::future_status::ready) return late();
        work.value = work.begun.get();
    }
    while (!work.value->isCompleted()) {
        if (Clock::now() >= until) return late();
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (const std::exception_ptr failure = work.value->exception()) std::rethrow_exception(failure);
    work.value->synchronize();
    return work.isOver = true;
}

/// Runs `body` on a thread of its own and waits for it at most `patience`; whether it came through by then.
bool through(std::chrono::seconds patience, std::function<void()> body) {
    auto task = std::make_shared<std::packaged_task<void()>>(std::move(body));
    std::future<void> end = task->get_future();
    std::thread([task] { (*task)(); }).detach();
    if (end.wait_for(patience) != std::future_status::ready) return false;
    end.get();
    return true;
}

/// Loads libshearling_nccl.so from where the program's own libraries are looked for; libtorch_cuda, which must be loaded
/// already, has what it lacks.
shearling_nccl_make_function *nccl() {
    static shearling_nccl_make_function *const make = [] {
        void *const library = dlopen("libshearling_nccl.so", RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            const char *reason = dlerror();
            throw Fault(CT_UNSUPPORTED, std::string(reason ? reason : "libshearling_nccl.so cannot be loaded") +
                                            "; scripts/build-nccl makes that library");
        }
        const auto form = reinterpret_cast<shearling_nccl_form_function *>(dlsym(library, "shearling_nccl_form"));
        const auto entry = reinterpret_cast<shearling_nccl_make_function *>(dlsym(library, "shearling_nccl_make"));
        if (!form || !entry || std::string(form()) != SHEARLING_NCCL_FORM)
            throw Fault(CT_UNSUPPORTED, "libshearling_nccl.so is of another version (" + std::string(form ? form() : "none") +
                                            ", not " SHEARLING_NCCL_FORM "); run scripts/build-nccl again");
        return entry;
    }();
    return make;
}

void require_in(int32_t rank, int32_t size) {
    require(size >= 1 && rank >= 0 && rank < size,
            "rank " + std::to_string(rank) + " is not in a group of " + std::to_string(size));
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
        require_in(rank, size);
        auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(seconds));
        options->devices.push_back(interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                   : host    ? c10d::ProcessGroupGloo::createDeviceForHostname(host)
                                             : c10d::ProcessGroupGloo::createDefaultDevice());
        auto group = std::make_unique<ct_group>();
        group->value = c10::make_intrusive<c10d::ProcessGroupGloo>(store->value, rank, size, options);
        *out = group.release();
    });
}

ct_status ct_nccl_open(int32_t index) {
    return guarded([&] {
        require(shearling::device(index).is_cuda(), "NCCL exchanges between CUDA devices, not on the CPU");
        (void)nccl();
    });
}

ct_status ct_group_make_nccl(ct_store *store, int32_t rank, int32_t size, int32_t index, double seconds, ct_group **out) {
    return guarded([&] {
        require_in(rank, size);
        auto group = std::make_unique<ct_group>();
        group->device = shearling::device(index);
        require(group->device.is_cuda(), "NCCL exchanges between CUDA devices, not on the CPU");
        group->limit = milliseconds(seconds);
        char message[1024] = "";
        c10d::Backend *const backend =
            nccl()(store->value.get(), rank, size, index, group->limit.count(), message, sizeof message);
        if (!backend) throw Fault(CT_UNSUPPORTED, "NCCL cannot be used: " + std::string(message));
        group->value = c10::intrusive_ptr<c10d::Backend>::reclaim(backend);
        group->beginner = std::make_unique<c10::ThreadPool>(1);
        *out = group.release();
    });
}

void ct_group_free(ct_group *group, bool abandoned) {
    if (group && group->beginner) {
        // Kernels that wait for a rank that is gone must end before the process can: aborting lets them. Both ways to the
        // end ask other ranks or the driver, so they are not waited for without a limit.
        const ct_status status = guarded([&] {
            const bool isThrough =
                through(std::chrono::seconds(5), [backend = group->value.get(), abandoned, device = group->device] {
                    const c10::DeviceGuard guard(device);
                    abandoned ? backend->abort() : backend->shutdown();
                });
            if (!isThrough) throw Fault(CT_IO, "the end of a group is waited for no longer");
        });
        abandoned = abandoned || status != CT_OK;
        if (abandoned) (void)group->beginner.release();
    }
    if (group && abandoned) (void)group->value.release();
    delete group;
}

ct_status ct_group_all_reduce(ct_group *group, ct_tensor *tensor, bool maximum, ct_work **out) {
    return begin(group, out, [&] {
        c10d::AllreduceOptions options;
        options.reduceOp = maximum ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
        return [tensors = std::vector<at::Tensor>{whole(group, tensor)}, options](c10d::Backend &backend) mutable {
            return backend.allreduce(tensors, options);
        };
    });
}

ct_status ct_group_reduce_scatter(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(group, out, [&] {
        const at::Tensor from = whole(group, input), into = whole(group, output);
        require(from.scalar_type() == into.scalar_type() && from.numel() == into.numel() * group->value->getSize(),
                describe(from) + " does not fall into " + std::to_string(group->value->getSize()) + " parts of " + describe(into));
        return [from = from.view({-1}), into = into.view({-1})](c10d::Backend &backend) mutable {
            return backend._reduce_scatter_base(into, from);
        };
    });
}

ct_status ct_group_all_gather(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(group, out, [&] {
        const at::Tensor from = whole(group, input), into = whole(group, output);
        require(from.scalar_type() == into.scalar_type() && into.numel() == from.numel() * group->value->getSize(),
                describe(into) + " does not hold " + std::to_string(group->value->getSize()) + " parts of " + describe(from));
        return [from = from.view({-1}), into = into.view({-1})](c10d::Backend &backend) mutable {
            return backend._allgather_base(into, from);
        };
    });
}

ct_status ct_group_all_to_all(ct_group *group, const ct_tensor *input, ct_tensor *output, ct_work **out) {
    return begin(group, out, [&] {
        const at::Tensor from = whole(group, input), into = whole(group, output);
        require(from.scalar_type() == into.scalar_type() && into.numel() == from.numel() &&
                    from.numel() % group->value->getSize() == 0,
                describe(from) + " and " + describe(into) + " are not as many equal parts as there are ranks, " +
                    std::to_string(group->value->getSize()));
        return [from = from.view({-1}), into = into.view({-1})](c10d::Backend &backend) mutable {
            std::vector<int64_t> equal;
            return backend.alltoall_base(into, from, equal, equal);
        };
    });
}

ct_status ct_group_broadcast(ct_group *group, ct_tensor *tensor, int32_t root, ct_work **out) {
    return begin(group, out, [&] {
        require_in(root, group->value->getSize());
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return [tensors = std::vector<at::Tensor>{whole(group, tensor)}, options](c10d::Backend &backend) mutable {
            return backend.broadcast(tensors, options);
        };
    });
}

ct_status ct_group_barrier(ct_group *group, ct_work **out) {
    return begin(group, out, [&] {
        require(group->device.is_cpu(), "ranks wait for each other over the host's group");
        return [](c10d::Backend &backend) { return backend.barrier(); };
    });
}

ct_status ct_work_wait(ct_work *work, double seconds, bool *done) {
    return guarded([&] {
        if (work->last) {
            *done = ended(*work, milliseconds(seconds));
            return;
        }
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

void ct_work_free(ct_work *work) {
    // Nothing but the work keeps memory that a GPU still writes from being given to other tensors.
    if (work && work->last && !work->isOver) (void)new std::shared_future<Work>(work->begun);
    delete work;
}
