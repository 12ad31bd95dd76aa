/* An eye on atom, loaded with LD_PRELOAD by tests/support/disco.rs only: writes to OLHO_OUT a line for each
 *   create PATH    a file or folder that was not there
 *   connect PLACE  an address that it connects to: ADDRESS:PORT
 *   resolve NAME   a name that it asks for
 * and with OLHO_RELOGIO=SECONDS its clock shows so much more than the machine's. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(ret, name, ...) \
    static ret (*real)(__VA_ARGS__); \
    if (!real) real = (ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int raw_open(const char *name, int flags, mode_t mode) {
    REAL(int, "open64", const char *, int, ...);
    return real(name, flags, mode);
}

static void say(const char *what, const char *text) {
    const char *out = getenv("OLHO_OUT");
    char line[PATH_MAX + 64];
    int kept = errno, fd = out ? raw_open(out, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    int n = snprintf(line, sizeof line, "%s %s\n", what, text);
    if (fd >= 0) {
        if (write(fd, line, (size_t)n) < n) abort();
        close(fd);
    }
    errno = kept;
}

/* Whether the name, relative to an open folder or to the current one, stands already. */
static int stands(int at, const char *name) {
    struct stat st;
    int kept = errno, there = !fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW);
    errno = kept;
    return there;
}

static void made(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return;
    path[n] = 0;
    say("create", path);
}

#define MODE() \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); }

static int opened(int at, const char *name, int flags, mode_t mode) {
    REAL(int, "openat64", int, const char *, int, ...);
    int is_new = (flags & O_TMPFILE) == O_TMPFILE || ((flags & O_CREAT) && !stands(at, name));
    int fd = real(at, name, flags, mode);
    if (fd >= 0 && is_new) made(fd);
    return fd;
}

int open(const char *name, int flags, ...) { MODE(); return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(); return opened(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(); return opened(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(); return opened(at, name, flags, mode); }

int mkdir(const char *name, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    int done = real(name, mode);
    char path[PATH_MAX];
    if (!done && realpath(name, path)) say("create", path);
    return done;
}

int connect(int fd, const struct sockaddr *to, socklen_t len) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    char host[INET6_ADDRSTRLEN] = "?", place[INET6_ADDRSTRLEN + 16];
    if (to->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)to;
        snprintf(place, sizeof place, "%s:%d", inet_ntop(AF_INET, &a->sin_addr, host, sizeof host), ntohs(a->sin_port));
        say("connect", place);
    } else if (to->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)to;
        snprintf(place, sizeof place, "[%s]:%d", inet_ntop(AF_INET6, &a->sin6_addr, host, sizeof host), ntohs(a->sin6_port));
        say("connect", place);
    }
    return real(fd, to, len);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    REAL(int, "getaddrinfo", const char *, const char *, const struct addrinfo *, struct addrinfo **);
    say("resolve", host ? host : "-");
    return real(host, service, hints, found);
}

int clock_gettime(clockid_t which, struct timespec *t) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    const char *more = getenv("OLHO_RELOGIO");
    int done = real(which, t);
    if (!done && more && which == CLOCK_REALTIME) t->tv_sec += atol(more);
    return done;
}
