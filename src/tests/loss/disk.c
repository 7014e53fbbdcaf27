/*
 * Stands between a program and the disk (LD_PRELOAD, Linux with 64 bits), and writes down in their order what it does to
 * the files of one folder. `record.rs` reads that, and `disk.rs` says what a disk may hold of it.
 *
 * DISK_FOLDER names the folder, DISK_RECORD the file with the record; both are whole paths. Each entry is a head and what
 * belongs to it, appended with one write while no other thread touches the folder. The kernel is asked by number, so that
 * nothing has to be looked up. Where the program asks for something to be brought onto the disk, that is only written
 * down: nothing dies here but the program, and a test need not wait for a real disk.
 *
 * What is not written down: reading, memory maps (SQLite's -shm, which no start relies on), rights, times and locks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What was done; `record.rs` has the same list. */
enum kind { MADE = 1, FOLDER, WROTE, CUT, SYNCED, RENAMED, LINKED, REMOVED };

/* The head of an entry. `file` is an inode; `offset` a place in it, or its new length in bytes. */
struct head {
    uint32_t kind;
    uint32_t length;
    uint64_t file;
    uint64_t offset;
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int record = -1;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("DISK_RECORD");
    folder = getenv("DISK_FOLDER");
    if (file == NULL || folder == NULL)
        abort();
    record = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (record < 0)
        abort();
}

/* A library may ask for a file before this one has begun; then nothing is written down. */
static int is_inside(const char *path) {
    size_t n = folder == NULL ? 0 : strlen(folder);
    return record >= 0 && strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* The whole path of what a call names; tells whether it is inside of the folder. */
static int find(int at, const char *path, char whole[PATH_MAX]) {
    char base[PATH_MAX], link[64];
    if (path[0] == '/') {
        snprintf(whole, PATH_MAX, "%s", path);
        return is_inside(whole);
    }
    if (at == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
    if (n < 0)
        return 0;
    base[n] = 0;
    if (snprintf(whole, PATH_MAX, "%s/%s", base, path) >= PATH_MAX)
        return 0;
    return is_inside(whole);
}

/* The inode of an open file or folder of ours; zero where it is anything else. */
static uint64_t ours(int fd, struct stat *found) {
    char link[64], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = before;
    if (n <= 0)
        return 0;
    path[n] = 0;
    if (!is_inside(path) || fstat(fd, found) != 0)
        return 0;
    return S_ISREG(found->st_mode) || S_ISDIR(found->st_mode) ? found->st_ino : 0;
}

static uint64_t inode_of(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 ? found.st_ino : 0;
}

/* Appends an entry; a record with a hole in it would be worse than none. */
static void note(enum kind kind, uint64_t file, uint64_t offset, const void *what, size_t length) {
    struct head head = {kind, (uint32_t)length, file, offset};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)what, length}};
    int before = errno;
    if (syscall(SYS_writev, record, parts, 2) != (long)(sizeof head + length))
        abort();
    errno = before;
}

static void note_path(enum kind kind, uint64_t file, const char *path) { note(kind, file, 0, path, strlen(path)); }

static void note_paths(enum kind kind, const char *from, const char *to) {
    char both[2 * PATH_MAX];
    int n = snprintf(both, sizeof both, "%s\n%s", from, to);
    note(kind, 0, 0, both, (size_t)n);
}

static void lock(void) { pthread_mutex_lock(&one_at_a_time); }
static void unlock(void) { pthread_mutex_unlock(&one_at_a_time); }

/* Files that are opened, made or emptied. */
static int opened(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    struct stat was;
    if (!(flags & (O_CREAT | O_TRUNC)) || !find(at, path, whole))
        return (int)syscall(SYS_openat, at, path, flags, mode);
    lock();
    int is_new = stat(whole, &was) != 0;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && is_new)
        note_path(MADE, inode_of(whole), whole);
    else if (fd >= 0 && (flags & O_TRUNC) && was.st_size > 0)
        note(CUT, was.st_ino, 0, "", 0);
    unlock();
    return fd;
}

#define OPEN(at)                                  \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    mode_t mode = (mode_t)va_arg(rest, unsigned); \
    va_end(rest);                                 \
    return opened(at, path, flags, flags & O_CREAT ? mode : 0)

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPEN(AT_FDCWD); }
int openat(int at, const char *path, int flags, ...) { OPEN(at); }
int openat64(int at, const char *path, int flags, ...) { OPEN(at); }

/* What is written: `at` is a place, or less than zero for where the file stands. */
static ssize_t written(int fd, const struct iovec *parts, int n_parts, off_t at) {
    struct stat found;
    uint64_t file = ours(fd, &found);
    if (file != 0)
        lock();
    off_t offset = at;
    if (file != 0 && at < 0) {
        int is_appended = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
        fstat(fd, &found);
        offset = is_appended ? found.st_size : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t n = at < 0 ? syscall(SYS_writev, fd, parts, n_parts) : syscall(SYS_pwritev, fd, parts, n_parts, at, 0);
    if (file == 0)
        return n;
    for (ssize_t left = n; left > 0; parts++) {
        size_t length = parts->iov_len < (size_t)left ? parts->iov_len : (size_t)left;
        note(WROTE, file, (uint64_t)offset, parts->iov_base, length);
        offset += (off_t)length;
        left -= (ssize_t)length;
    }
    unlock();
    return n;
}

static ssize_t written_at(int fd, const void *bytes, size_t n, off_t at) {
    struct iovec part = {(void *)bytes, n};
    return written(fd, &part, 1, at);
}

ssize_t write(int fd, const void *bytes, size_t n) { return written_at(fd, bytes, n, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) { return written_at(fd, bytes, n, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at) { return written_at(fd, bytes, n, at); }
ssize_t writev(int fd, const struct iovec *parts, int n) { return written(fd, parts, n, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) { return written(fd, parts, n, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t at) { return written(fd, parts, n, at); }

/* Whoever has the kernel copy does it by reading and writing where that is unknown. */
#define UNKNOWN(fd, number, ...)      \
    struct stat found;                \
    if (ours(fd, &found) != 0) {      \
        errno = ENOSYS;               \
        return -1;                    \
    }                                 \
    return syscall(number, __VA_ARGS__)

ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned flags) {
    UNKNOWN(out, SYS_copy_file_range, in, from, out, to, n, flags);
}
ssize_t sendfile(int out, int in, off_t *from, size_t n) { UNKNOWN(out, SYS_sendfile, out, in, from, n); }
ssize_t sendfile64(int out, int in, off_t *from, size_t n) { UNKNOWN(out, SYS_sendfile, out, in, from, n); }
ssize_t splice(int in, off_t *from, int out, off_t *to, size_t n, unsigned flags) {
    UNKNOWN(out, SYS_splice, in, from, out, to, n, flags);
}

int ftruncate(int fd, off_t length) {
    struct stat found;
    uint64_t file = ours(fd, &found);
    if (file == 0)
        return (int)syscall(SYS_ftruncate, fd, length);
    lock();
    int failed = (int)syscall(SYS_ftruncate, fd, length);
    if (!failed)
        note(CUT, file, (uint64_t)length, "", 0);
    unlock();
    return failed;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

static int synced(int fd, long number) {
    struct stat found;
    uint64_t file = ours(fd, &found);
    if (file == 0)
        return (int)syscall(number, fd);
    lock();
    note(SYNCED, file, 0, "", 0);
    unlock();
    return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* Names. */
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char old[PATH_MAX], new[PATH_MAX];
    int is_ours = find(from_at, from, old) | find(to_at, to, new);
    lock();
    int failed = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (!failed && is_ours)
        note_paths(RENAMED, old, new);
    unlock();
    return failed;
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    char old[PATH_MAX], new[PATH_MAX];
    int is_ours = find(from_at, from, old) | find(to_at, to, new);
    lock();
    int failed = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (!failed && is_ours)
        note_paths(LINKED, old, new);
    unlock();
    return failed;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags) {
    char whole[PATH_MAX];
    int is_ours = find(at, path, whole);
    lock();
    int failed = (int)syscall(SYS_unlinkat, at, path, flags);
    if (!failed && is_ours)
        note_path(REMOVED, 0, whole);
    unlock();
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    int is_ours = find(at, path, whole);
    lock();
    int failed = (int)syscall(SYS_mkdirat, at, path, mode);
    if (!failed && is_ours)
        note_path(FOLDER, inode_of(whole), whole);
    unlock();
    return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
