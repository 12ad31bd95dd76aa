/* A failing disk between atom and the system, loaded with LD_PRELOAD by tests/support/disco.rs only.
 *
 * Counts the calls below one folder, by kind, and lets the FALHA_N-th one of a kind fail:
 *   write   write, pwrite, writev, ftruncate to a greater length, copy_file_range, sendfile, splice
 *   sync    fsync, fdatasync
 *   rename  rename, renameat, renameat2, link, linkat, unlink, unlinkat: whatever changes a name
 *   create  open of a name that is not there, mkdir
 *
 * FALHA_DIR    the folder; calls elsewhere are not looked at
 * FALHA_OP     the kinds that fail, with commas
 * FALHA_N      which of those calls, from 1; 0 or absent: none
 * FALHA_MODE   once; kill: the process is killed instead of making that call; from: that one and all later ones; short: that write writes half, the next one fails;
 *              room: FALHA_N bytes go in, from then on every write fails
 * FALHA_ERRNO  EIO (default) or ENOSPC
 * FALHA_OUT    gets, at exit: the counts, whether the fault was met, and what a power loss would lose; what the
 *              command before left there still counts
 *
 * It keeps a book of what a power loss would lose: data written and not synced since, names changed and their
 * folder not synced since. After a failed sync the kernel drops the pages and later syncs succeed: such a file
 * is lost until it is written again or gone. No sync is really made: the machine loses no power in a test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, CREATE, KINDS };
static const char *const names[KINDS] = {"write", "sync", "rename", "create"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char dir[PATH_MAX];
static size_t dir_len;
static long seen[KINDS], matching, hits, nth;
static int chosen[KINDS], error = EIO, from, half, bounded, deadly;
static size_t room;

struct entry { char path[PATH_MAX]; int dirty, lost; };
static struct entry book[256];
static int full;

#define REAL(ret, name, ...) \
    static ret (*real)(__VA_ARGS__); \
    if (!real) real = (ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *v;
    if ((v = getenv("FALHA_DIR"))) { snprintf(dir, sizeof dir, "%s", v); dir_len = strlen(dir); }
    if ((v = getenv("FALHA_OP")))
        for (int k = 0; k < KINDS; k++) chosen[k] = strstr(v, names[k]) != NULL;
    if ((v = getenv("FALHA_N"))) nth = atol(v);
    if ((v = getenv("FALHA_ERRNO")) && !strcmp(v, "ENOSPC")) error = ENOSPC;
    if ((v = getenv("FALHA_MODE"))) { from = !strcmp(v, "from"); half = !strcmp(v, "short"); bounded = !strcmp(v, "room"); deadly = !strcmp(v, "kill"); }
    if (bounded) { room = (size_t)nth; nth = 0; }
    FILE *f = (v = getenv("FALHA_OUT")) ? fopen(v, "re") : NULL;
    char line[PATH_MAX + 16];
    size_t used = 0;
    while (f && fgets(line, sizeof line, f) && used < sizeof book / sizeof *book) {
        struct entry *e = &book[used];
        line[strcspn(line, "\n")] = 0;
        e->dirty = !strncmp(line, "unsynced ", 9);
        e->lost = !strncmp(line, "lost ", 5);
        if (e->dirty || e->lost) { snprintf(e->path, PATH_MAX, "%s", strchr(line, ' ') + 1); used++; }
    }
    if (f) fclose(f);
}

__attribute__((destructor)) static void end(void) {
    const char *out = getenv("FALHA_OUT");
    FILE *f = out ? fopen(out, "we") : NULL;
    if (!f) return;
    for (int k = 0; k < KINDS; k++) fprintf(f, "%s %ld\n", names[k], seen[k]);
    fprintf(f, "hits %ld\n", hits);
    if (full) fprintf(f, "overflow 1\n");
    for (size_t i = 0; i < sizeof book / sizeof *book; i++)
        if (book[i].path[0] && (book[i].dirty || book[i].lost))
            fprintf(f, "%s %s\n", book[i].lost ? "lost" : "unsynced", book[i].path);
    fclose(f);
}

/* Whether a path is ours. */
static int ours(const char *path) {
    return dir_len && !strncmp(path, dir, dir_len) && (path[dir_len] == '/' || !path[dir_len]);
}

static int by_fd(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return ours(path);
}

/* The absolute path of a name whose folder exists. */
static int by_name(int at, const char *name, char *path) {
    char whole[2 * PATH_MAX], base[PATH_MAX] = "", real[PATH_MAX];
    if (name[0] != '/') {
        if (at == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
        else by_fd(at, base);
    }
    snprintf(whole, sizeof whole, "%s/%s", base, name);
    char *slash = strrchr(whole, '/');
    *slash = 0;
    if (!realpath(*whole ? whole : "/", real)) return 0;
    if (snprintf(path, PATH_MAX, "%s/%s", real, slash + 1) >= PATH_MAX) return 0;
    return ours(path);
}

/* Counts a call; 1: it fails, 2: it writes half. */
static int fails(enum kind k) {
    seen[k]++;
    if (!chosen[k] || !nth) return 0;
    matching++;
    int first = matching == nth, fail = first || (from && matching > nth) || (half && matching == nth + 1);
    if (!fail) return 0;
    hits++;
    if (deadly) kill(getpid(), SIGKILL);
    if (half && first && k == WRITE) return 2;
    errno = error;
    return 1;
}

static struct entry *entry(const char *path, int make) {
    struct entry *free = NULL;
    for (size_t i = 0; i < sizeof book / sizeof *book; i++) {
        if (!strcmp(book[i].path, path)) return &book[i];
        if (!free && !book[i].path[0]) free = &book[i];
    }
    if (!make) return NULL;
    if (!free) { full = 1; return NULL; }
    snprintf(free->path, PATH_MAX, "%s", path);
    free->dirty = free->lost = 0;
    return free;
}

static void dirty(const char *path) {
    struct entry *e = entry(path, 1);
    if (e) { e->dirty = 1; e->lost = 0; }
}

static void folder_dirty(const char *path) {
    char p[PATH_MAX];
    snprintf(p, sizeof p, "%s", path);
    *strrchr(p, '/') = 0;
    if (ours(p)) dirty(p);
}

static void gone(const char *path) {
    struct entry *e = entry(path, 0);
    if (e) e->path[0] = 0;
}

static void moved(const char *a, const char *b) {
    struct entry *e = entry(a, 0);
    int d = e && e->dirty, l = e && e->lost;
    gone(a);
    gone(b);
    if (d || l) { if ((e = entry(b, 1))) { e->dirty = d; e->lost = l; } }
    folder_dirty(b);
}

#define LOCK() pthread_mutex_lock(&lock)
#define UNLOCK() pthread_mutex_unlock(&lock)

/* Before a write of `n` bytes to `fd`: 0 go on, 1 fail, 2 half; `n` becomes what there is room for. */
static int before_write(int fd, size_t *n) {
    char path[PATH_MAX];
    if (fd == 1 || fd == 2 || !by_fd(fd, path)) return 0;
    LOCK();
    int f = fails(WRITE);
    if (bounded && chosen[WRITE] && *n > room) {
        *n = room;
        if (!room) { hits++; errno = error; f = 1; }
    }
    if (bounded) room -= *n;
    if (f != 1) dirty(path);
    UNLOCK();
    return f;
}

/* What a copy from `in` has left to copy, `n` at most. */
static size_t left(int in, const off64_t *at, size_t n) {
    struct stat st;
    off64_t from = at ? *at : lseek(in, 0, SEEK_CUR);
    if (fstat(in, &st) || from < 0 || !S_ISREG(st.st_mode)) return n;
    size_t rest = st.st_size > from ? (size_t)(st.st_size - from) : 0;
    return rest < n ? rest : n;
}

ssize_t write(int fd, const void *buf, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int f = before_write(fd, &n);
    return f == 1 ? -1 : real(fd, buf, f ? n / 2 : n);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    int f = before_write(fd, &n);
    return f == 1 ? -1 : real(fd, buf, f ? n / 2 : n, at);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at) { return pwrite64(fd, buf, n, at); }

ssize_t writev(int fd, const struct iovec *v, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (bounded && n > 0) return write(fd, v[0].iov_base, v[0].iov_len);
    size_t any = 0;
    int f = before_write(fd, &any);
    if (f == 1) return -1;
    if (f == 2 && n > 0) return write(fd, v[0].iov_base, v[0].iov_len / 2);
    return real(fd, v, n);
}

ssize_t copy_file_range(int in, off64_t *a, int out, off64_t *b, size_t n, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    struct stat st;
    if (bounded) n = left(in, a, n);
    int f = before_write(out, &n);
    if (f == 2 && !fstat(in, &st)) n = (size_t)st.st_size / 2 < n ? (size_t)st.st_size / 2 : n / 2;
    return f == 1 ? -1 : real(in, a, out, b, n, flags);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t n) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    if (bounded) n = left(in, at, n);
    int f = before_write(out, &n);
    return f == 1 ? -1 : real(out, in, at, f ? n / 2 : n);
}

ssize_t splice(int in, off64_t *a, int out, off64_t *b, size_t n, unsigned flags) {
    REAL(ssize_t, "splice", int, off64_t *, int, off64_t *, size_t, unsigned);
    int f = before_write(out, &n);
    return f == 1 ? -1 : real(in, a, out, b, f ? n / 2 : n, flags);
}

int ftruncate64(int fd, off64_t to) {
    REAL(int, "ftruncate64", int, off64_t);
    struct stat st;
    /* a full disk does not stop a file from becoming shorter */
    size_t more = !fstat(fd, &st) && to > st.st_size ? (size_t)(to - st.st_size) : 0;
    int f = more ? before_write(fd, &more) : 0;
    return f == 1 ? -1 : real(fd, to);
}

int ftruncate(int fd, off_t to) { return ftruncate64(fd, to); }

static int synced(int fd) {
    char path[PATH_MAX];
    struct stat st;
    if (!by_fd(fd, path)) return fstat(fd, &st);
    LOCK();
    int f = fails(SYNC);
    int folder = !fstat(fd, &st) && S_ISDIR(st.st_mode);
    struct entry *e = entry(path, 0);
    if (e && f) e->lost = !folder;
    if (e && !f) e->dirty = 0;
    UNLOCK();
    return f ? -1 : 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

/* Before a name changes: -1 it is not ours, else as `fails`. */
static int before_name(int at, const char *name, char *path) {
    if (!by_name(at, name, path)) return -1;
    LOCK();
    int f = fails(RENAME);
    UNLOCK();
    return f;
}

static void after_move(int ours, int at, const char *a, const char *b, int linked) {
    char to[PATH_MAX];
    if (ours < 0 || !by_name(at, b, to)) return;
    LOCK();
    if (linked) folder_dirty(to); else moved(a, to);
    UNLOCK();
}

#define MOVE(at1, a, at2, b, linked, call) \
    char path[PATH_MAX]; \
    int f = before_name(at1, a, path); \
    if (f > 0) return -1; \
    int done = call; \
    if (!done) after_move(f, at2, path, b, linked); \
    return done

int rename(const char *a, const char *b) {
    REAL(int, "rename", const char *, const char *);
    MOVE(AT_FDCWD, a, AT_FDCWD, b, 0, real(a, b));
}

int renameat(int at1, const char *a, int at2, const char *b) {
    REAL(int, "renameat", int, const char *, int, const char *);
    MOVE(at1, a, at2, b, 0, real(at1, a, at2, b));
}

int renameat2(int at1, const char *a, int at2, const char *b, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    MOVE(at1, a, at2, b, 0, real(at1, a, at2, b, flags));
}

int link(const char *a, const char *b) {
    REAL(int, "link", const char *, const char *);
    MOVE(AT_FDCWD, a, AT_FDCWD, b, 1, real(a, b));
}

int linkat(int at1, const char *a, int at2, const char *b, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    MOVE(at1, a, at2, b, 1, real(at1, a, at2, b, flags));
}

static void after_unlink(int ours, const char *path) {
    if (ours < 0) return;
    LOCK();
    gone(path);
    UNLOCK();
}

int unlink(const char *a) {
    REAL(int, "unlink", const char *);
    char path[PATH_MAX];
    int f = access(a, F_OK) ? -1 : before_name(AT_FDCWD, a, path);
    if (f > 0) return -1;
    int done = real(a);
    if (!done) after_unlink(f, path);
    return done;
}

int unlinkat(int at, const char *a, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    char path[PATH_MAX];
    int f = before_name(at, a, path);
    if (f > 0) return -1;
    int done = real(at, a, flags);
    if (!done) after_unlink(f, path);
    return done;
}

/* Before a name is made; -1: it is not ours, or stands already. */
static int before_create(const char *name, char *path) {
    struct stat st;
    if (!by_name(AT_FDCWD, name, path) || !lstat(path, &st)) return -1;
    LOCK();
    int f = fails(CREATE);
    UNLOCK();
    return f;
}

static void after_create(int ours, const char *path) {
    if (ours < 0) return;
    LOCK();
    folder_dirty(path);
    UNLOCK();
}

static int opened(int (*real)(const char *, int, ...), const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int f = flags & O_CREAT ? before_create(name, path) : -1;
    if (f > 0) return -1;
    int fd = real(name, flags, mode);
    if (fd >= 0) {
        after_create(f, path);
        /* made anew from nothing: what an earlier sync lost is of no concern any more */
        if (flags & O_TRUNC && by_fd(fd, path)) { LOCK(); gone(path); UNLOCK(); }
    }
    return fd;
}

#define MODE() \
    mode_t mode = 0; \
    if (flags & O_CREAT) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); }

int open64(const char *name, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    MODE();
    return opened(real, name, flags, mode);
}

int open(const char *name, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    MODE();
    return opened(real, name, flags, mode);
}

int mkdir(const char *name, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    char path[PATH_MAX];
    int f = before_create(name, path);
    if (f > 0) return -1;
    int done = real(name, mode);
    if (!done) after_create(f, path);
    return done;
}
