#pragma once
#include <CBoundary.h>

#include <exception>
#include <ios>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

// The one place where C++ exceptions become statuses. Needs no library's headers: a target that calls a library
// with exceptions of its own names a classifier that knows them and falls back on `StandardFaults`.

namespace shearling {

/// Keeps `text` (cut to the buffer's size, never allocating) for `ct_last_message` on this thread; returns `status`.
ct_status fail(ct_status status, const char *text) noexcept;

/// Our own refusals: a status and one sentence for the reader.
class Fault : public std::runtime_error {
public:
    Fault(ct_status status, const std::string &text) : std::runtime_error(text), status(status) {}
    const ct_status status;
};

/// Classifies the exception in flight; called from a handler only.
struct StandardFaults {
    static ct_status classify() noexcept {
        try {
            throw;
        } catch (const Fault &fault) {
            return fail(fault.status, fault.what());
        } catch (const std::bad_alloc &) {
            return fail(CT_OUT_OF_MEMORY, "the allocator refused: not enough memory");
        } catch (const std::invalid_argument &error) {
            return fail(CT_INVALID_ARGUMENT, error.what());
        } catch (const std::out_of_range &error) {
            return fail(CT_INDEX, error.what());
        } catch (const std::length_error &error) {
            return fail(CT_INVALID_ARGUMENT, error.what());
        } catch (const std::system_error &error) {  // ios_base::failure too
            return fail(CT_IO, error.what());
        } catch (const std::exception &error) {
            return fail(CT_INTERNAL, error.what());
        } catch (...) {
            return fail(CT_INTERNAL, "an exception that is no std::exception");
        }
    }
};

/// Runs `body`; nothing it throws passes through. The message of a failure is in `ct_last_message()`.
template <class Faults = StandardFaults, class Body>
ct_status boundary(Body &&body) noexcept {
    try {
        std::forward<Body>(body)();
        return CT_OK;
    } catch (...) {
        return Faults::classify();
    }
}

}  // namespace shearling
