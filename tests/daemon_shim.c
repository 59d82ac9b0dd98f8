/* Preloaded into a daemon and its workers: kills at a system call that changes the disk, and sets their clock.
 *
 * `wall_offset_us` is added to the wall clock, and to no other.
 *
 * A call counts if its path lies below the folder in the shared state, unless it is about a job's progress,
 * which nobody needs after a kill. Before the call number `kill_at`, the process `leader` and the caller are
 * killed; with `only_workers`, calls of the leader do not count, and only the caller is killed; with
 * `skip_writes`, writing itself does not count. Once the leader was killed, every other process of it dies at
 * its next call, so that nothing reaches the disk after the kill. `killed` is the call of the last kill.
 * The layout of the state is that of `_Shim` in nursery.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct state {
    long calls;
    long kill_at;
    long wall_offset_us;
    int leader;
    int only_workers;
    int skip_writes;
    int dead;
    char root[PATH_MAX];
    char killed[PATH_MAX + 32];
};

static struct state *state;

__attribute__((constructor)) static void open_state(void) {
    const char *path = getenv("MCSYNC_SHIM_STATE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) state = mapped;
}

/* Called by the daemon, once it is a process of its own. */
void mcsync_become_leader(void) {
    if (state) state->leader = getpid();
}

static void count(const char *name, int folder, const char *path) {
    char whole[PATH_MAX], link[64];
    if (!state || !state->leader) return;
    if (path == NULL || (path[0] != '/' && folder != AT_FDCWD)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, whole, sizeof whole - 1);
        if (length < 0) return;
        whole[length] = 0;
        if (path != NULL) snprintf(whole + length, sizeof whole - length, "/%s", path);
    } else {
        snprintf(whole, sizeof whole, "%s", path);
    }
    if (strncmp(whole, state->root, strlen(state->root))) return;
    if (state->dead) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (state->only_workers && getpid() == state->leader) return;
    if (state->skip_writes && !strncmp(name, "pwrite", 6)) return;
    if (strstr(whole, "/progress/")) return;
    long number = __sync_add_and_fetch(&state->calls, 1);
    if (number != state->kill_at) return;
    snprintf(state->killed, sizeof state->killed, "%s %s", name, whole + strlen(state->root));
    if (!state->only_workers) {
        state->dead = 1;
        kill(state->leader, SIGKILL);
    }
    kill(getpid(), SIGKILL);
    pause();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(name, folder, path, declared, passed) \
    int name declared { \
        static __typeof__(&name) next; \
        if (!next) next = NEXT(name); \
        count(#name, folder, path); \
        return next passed; \
    }

WRAP(fsync, fd, NULL, (int fd), (fd))
WRAP(fdatasync, fd, NULL, (int fd), (fd))
WRAP(ftruncate, fd, NULL, (int fd, off_t length), (fd, length))
WRAP(ftruncate64, fd, NULL, (int fd, off64_t length), (fd, length))
WRAP(futimens, fd, NULL, (int fd, const struct timespec times[2]), (fd, times))
WRAP(fchmod, fd, NULL, (int fd, mode_t mode), (fd, mode))
WRAP(chmod, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode))
WRAP(rename, AT_FDCWD, to, (const char *from, const char *to), (from, to))
WRAP(renameat, there, to, (int here, const char *from, int there, const char *to), (here, from, there, to))
WRAP(link, AT_FDCWD, to, (const char *from, const char *to), (from, to))
WRAP(symlink, AT_FDCWD, to, (const char *from, const char *to), (from, to))
WRAP(unlink, AT_FDCWD, path, (const char *path), (path))
WRAP(unlinkat, folder, path, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(mkdir, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode))
WRAP(mkdirat, folder, path, (int folder, const char *path, mode_t mode), (folder, path, mode))
WRAP(rmdir, AT_FDCWD, path, (const char *path), (path))

#define WRAP_WRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, __typeof__((off64_t)0) at) { \
        static __typeof__(&name) next; \
        if (!next) next = NEXT(name); \
        count(#name, fd, NULL); \
        return next(fd, data, size, at); \
    }

WRAP_WRITE(pwrite)
WRAP_WRITE(pwrite64)

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(&clock_gettime) next;
    if (!next) next = NEXT(clock_gettime);
    int failed = next(clock, now);
    if (!failed && state && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long us = now->tv_sec * 1000000 + now->tv_nsec / 1000 + state->wall_offset_us;
        now->tv_sec = us / 1000000;
        now->tv_nsec = us % 1000000 * 1000 + now->tv_nsec % 1000;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*next)(struct timeval *, void *);
    if (!next) next = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int failed = next(now, zone);
    if (!failed && state) {
        long us = now->tv_sec * 1000000 + now->tv_usec + state->wall_offset_us;
        now->tv_sec = us / 1000000;
        now->tv_usec = us % 1000000;
    }
    return failed;
}

time_t time(time_t *result) {
    struct timeval now;
    gettimeofday(&now, NULL);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

#define WRAP_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        static int (*next)(const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!next) next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        if (flags & O_CREAT) count(#name, AT_FDCWD, path); \
        return next(path, flags, mode); \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        static int (*next)(int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!next) next = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        if (flags & O_CREAT) count(#name, folder, path); \
        return next(folder, path, flags, mode); \
    }

WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
