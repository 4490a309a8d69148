#pragma once
/* Starting and observing processes, under Supervisor. */

#include <sys/types.h>

/// Starts a program in a process group of its own, which the kernel kills (SIGKILL) when the calling THREAD ends: whoever
/// starts children stays on that thread as long as they live. The child begins with no signal blocked or ignored.
/// @param path what is executed; arguments and environment end with NULL.
/// @param descriptors what the child has as 0, 1, 2 and 3; all others of the caller that are not close-on-exec stay open.
/// @param child receives the process's number; untouched on failure.
/// @return 0, or the errno of what failed, the child's execve included; no child is left then.
int cs_spawn(const char *path, char *const arguments[], char *const environment[], const int descriptors[4],
             pid_t *child);

/// What became of a child since the last call.
enum cs_change { CS_NONE = 0, CS_EXITED = 1, CS_SIGNALLED = 2, CS_STOPPED = 3, CS_CONTINUED = 4 };

/// Looks at a child without waiting. When it has ended, what is left of its process group is killed and the child is
/// reaped: it must not be asked for again.
/// @param value receives the exit code, or the signal; untouched for CS_NONE and CS_CONTINUED.
int cs_look(pid_t child, int *value);

/// Makes a pipe whose ends are close-on-exec.
/// @return 0 or the errno.
int cs_pipe(int ends[2]);

/// The name of a signal without its SIG, such as TERM; NULL for a number that is none.
const char *cs_signal_name(int number);
