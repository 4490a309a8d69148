#include "boundary.hpp"

#include <cstring>

namespace {
// A fixed buffer: reporting a failure must not fail, not even when memory is gone.
thread_local char message[4096] = "";
}  // namespace

ct_status shearling::fail(ct_status status, const char *text) noexcept {
    size_t length = std::strlen(text);
    if (length >= sizeof message) {
        length = sizeof message - 1;
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;  // whole characters
    }
    std::memcpy(message, text, length);
    message[length] = '\0';
    return status;
}

const char *ct_last_message(void) { return message; }
