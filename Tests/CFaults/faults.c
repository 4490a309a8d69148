#define _GNU_SOURCE
#include "CFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char fault_call[16], fault_part[512];
static int fault_code;
static long fault_skip;
static atomic_long fault_count;
static int clock_jumps;
static atomic_ulong clock_count;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("SHEARLING_FAULT");
    if (text && sscanf(text, "%15s %d %ld %511[^\n]", fault_call, &fault_code, &fault_skip, fault_part) != 4) {
        fault_call[0] = 0;
    }
    clock_jumps = getenv("SHEARLING_CLOCK") != NULL;
}

// Whether a call fails now; it then has its errno.
static int fails(const char *call, const char *path) {
    if (!fault_call[0] || strcmp(call, fault_call) != 0 || !strstr(path, fault_part)) return 0;
    if (atomic_fetch_add(&fault_count, 1) < fault_skip) return 0;
    errno = fault_code;
    return 1;
}

static int fails_at(const char *call, int descriptor) {
    if (!fault_call[0] || strcmp(call, fault_call) != 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t count = readlink(link, path, sizeof path - 1);
    if (count < 0) return 0;
    path[count] = 0;
    return fails(call, path);
}

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = (mode_t)va_arg(rest, int); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    NEXT(open);
    MODE(flags);
    return fails("open", path) ? -1 : next(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    NEXT(open64);
    MODE(flags);
    return fails("open", path) ? -1 : next(path, flags, mode);
}
int mkdir(const char *path, mode_t mode) {
    NEXT(mkdir);
    return fails("mkdir", path) ? -1 : next(path, mode);
}
int rename(const char *from, const char *to) {
    NEXT(rename);
    return fails("rename", to) ? -1 : next(from, to);
}
ssize_t read(int descriptor, void *bytes, size_t count) {
    NEXT(read);
    return fails_at("read", descriptor) ? -1 : next(descriptor, bytes, count);
}
ssize_t write(int descriptor, const void *bytes, size_t count) {
    NEXT(write);
    return fails_at("write", descriptor) ? -1 : next(descriptor, bytes, count);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    NEXT(pwrite);
    return fails_at("write", descriptor) ? -1 : next(descriptor, bytes, count, offset);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    return fails_at("write", descriptor) ? -1 : next(descriptor, bytes, count, offset);
}
int fsync(int descriptor) {
    NEXT(fsync);
    return fails_at("fsync", descriptor) ? -1 : next(descriptor);
}

// Seconds between -4 and 4 days, another one each time.
static time_t jump(void) {
    unsigned long mixed = (atomic_fetch_add(&clock_count, 1) + 1) * 0x9E3779B97F4A7C15ul;
    return (time_t)(mixed >> 40) % (8 * 86400) - 4 * 86400;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(clock_gettime);
    int result = next(clock, now);
    if (clock_jumps && result == 0 && clock == CLOCK_REALTIME) now->tv_sec += jump();
    return result;
}
int gettimeofday(struct timeval *now, void *zone) {
    static int (*next)(struct timeval *, void *);
    if (!next) next = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int result = next(now, zone);
    if (clock_jumps && result == 0) now->tv_sec += jump();
    return result;
}
