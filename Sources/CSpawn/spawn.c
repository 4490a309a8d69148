// Written in C because between fork and execve only async-signal-safe calls are allowed, which Swift cannot promise.
#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// In the child: never returns.
static void begin(const char *path, char *const arguments[], char *const environment[], const int descriptors[4],
                  int failure, pid_t parent) {
    int moved[4];
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) goto failed;
    if (getppid() != parent) _exit(127);  // the parent ended before the kernel was told
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // Out of each other's way first: one of them may have a number that another is to get.
    for (int index = 0; index < 4; index++) {
        moved[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, 10);
        if (moved[index] < 0) goto failed;
    }
    if (failure < 10 && (failure = fcntl(failure, F_DUPFD_CLOEXEC, 10)) < 0) _exit(127);
    for (int index = 0; index < 4; index++) {
        if (dup2(moved[index], index) < 0) goto failed;
    }
    execve(path, arguments, environment);
failed:;
    int code = errno;
    ssize_t written = write(failure, &code, sizeof code);
    _exit(written == sizeof code ? 127 : 126);
}

int cs_spawn(const char *path, char *const arguments[], char *const environment[], const int descriptors[4],
             pid_t *child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t parent = getpid();
    // A handler of ours must not run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t made = fork();
    if (made == 0) begin(path, arguments, environment, descriptors, ends[1], parent);
    int code = made < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (made > 0) {
        ssize_t count;
        do count = read(ends[0], &code, sizeof code);
        while (count < 0 && errno == EINTR);
        if (count <= 0) code = 0;  // closed by execve
        if (code != 0) {
            while (waitpid(made, NULL, 0) < 0 && errno == EINTR) {}
        } else {
            *child = made;
        }
    }
    close(ends[0]);
    return code;
}

int cs_look(pid_t child, int *value) {
    siginfo_t found;
    memset(&found, 0, sizeof found);
    if (waitid(P_PID, (id_t)child, &found, WEXITED | WNOHANG | WNOWAIT) == 0 && found.si_pid == child) {
        // Before it is reaped: its number cannot belong to anyone else yet.
        kill(-child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        *value = found.si_status;
        return found.si_code == CLD_EXITED ? CS_EXITED : CS_SIGNALLED;
    }
    memset(&found, 0, sizeof found);
    if (waitid(P_PID, (id_t)child, &found, WSTOPPED | WCONTINUED | WNOHANG) == 0 && found.si_pid == child) {
        if (found.si_code == CLD_CONTINUED) return CS_CONTINUED;
        *value = found.si_status;
        return CS_STOPPED;
    }
    return CS_NONE;
}

int cs_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

const char *cs_signal_name(int number) { return sigabbrev_np(number); }
