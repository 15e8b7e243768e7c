/* Preloaded: the SHORT_AT-th write to a file below SHORT_BELOW writes half of its bytes, and the SHORT_FULL writes after it find a full disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int writes = 0;

static int is_ours(int fd) {
  char link[64], path[4096];
  const char *below = getenv("SHORT_BELOW");
  if (!below) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, below, strlen(below)) == 0;
}

/* The bytes that a write may write: all, half, or none (-1). */
static ssize_t allowed(int fd, size_t size) {
  if (!is_ours(fd)) return size;
  int number = __sync_add_and_fetch(&writes, 1);
  int at = atoi(getenv("SHORT_AT")), full = atoi(getenv("SHORT_FULL"));
  if (number == at) {
    int mark = open(getenv("SHORT_MARK"), O_CREAT | O_WRONLY, 0600);
    if (mark >= 0) close(mark);
    return size > 1 ? size / 2 : size;
  }
  if (number > at && number <= at + full) {
    errno = ENOSPC;
    return -1;
  }
  return size;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  ssize_t some = allowed(fd, size);
  return some < 0 ? -1 : real(fd, bytes, some);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  ssize_t some = allowed(fd, size);
  return some < 0 ? -1 : real(fd, bytes, some, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return pwrite64(fd, bytes, size, at);
}
