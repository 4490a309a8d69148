#include "handle.hpp"

#include <ATen/record_function.h>

#include <chrono>
#include <map>

using namespace shearling;

// libtorch calls back at the beginning and the end of each of its operations, of each node of a backward pass and of each function
// of this interface (`produce`, `perform`). An operation's own time is what passes outside the operations that it calls.

namespace {

using Clock = std::chrono::steady_clock;

/// How often something was done, and how long it took.
struct Total {
    int64_t calls = 0;
    Clock::duration time{};
};

/// An operation under way.
struct Frame : at::ObserverContext {
    Frame *outer = nullptr;
    Clock::time_point began;
    Clock::duration inner{};
};

struct Profile {
    at::CallbackHandle callback = 0;
    std::string phase;
    Clock::time_point phase_began = Clock::now();
    Frame *current = nullptr;
    std::map<std::string, Total> phases;
    std::map<std::pair<std::string, std::string>, Total> operations;

    void enter(const char *next) {
        const auto now = Clock::now();
        if (!phase.empty()) {
            Total &total = phases[phase];
            ++total.calls;
            total.time += now - phase_began;
        }
        phase = next;
        phase_began = now;
    }
};

thread_local std::unique_ptr<Profile> profile;

std::unique_ptr<at::ObserverContext> started(const at::RecordFunction &) {
    auto frame = std::make_unique<Frame>();
    if (profile) {
        frame->outer = profile->current;
        profile->current = frame.get();
    }
    frame->began = Clock::now();
    return frame;
}

void ended(const at::RecordFunction &function, at::ObserverContext *context) {
    auto *frame = static_cast<Frame *>(context);
    if (!profile || profile->current != frame) return;  // it began before the profile did, or on another thread
    const auto took = Clock::now() - frame->began;
    profile->current = frame->outer;
    if (frame->outer) frame->outer->inner += took;
    if (profile->phase.empty()) return;
    Total &total = profile->operations[{profile->phase, function.name()}];
    ++total.calls;
    total.time += took - frame->inner;
}

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

ct_status ct_profile_begin(void) {
    return perform([] {
        require(!profile, "this thread is being profiled already");
        auto made = std::make_unique<Profile>();
        made->callback = at::addThreadLocalCallback(at::RecordFunctionCallback(started, ended));
        profile = std::move(made);
    });
}

ct_status ct_profile_phase(const char *phase) {
    if (!profile) return CT_OK;
    return boundary<TorchFaults>([&] { profile->enter(phase); });
}

ct_status ct_profile_end(void *context, ct_profile_row row) {
    return perform([&] {
        require(profile != nullptr, "this thread is not being profiled");
        const std::unique_ptr<Profile> found = std::move(profile);
        at::removeCallback(found->callback);
        found->enter("");
        for (const auto &[phase, total] : found->phases) row(context, phase.c_str(), nullptr, total.calls, seconds(total.time));
        for (const auto &[name, total] : found->operations)
            row(context, name.first.c_str(), name.second.c_str(), total.calls, seconds(total.time));
    });
}
