/*
 * Loaded into a process before the C library. As long as the file that BROKEN_WHILE names is there, fsync of a regular file
 * or of a folder, as BROKEN_SYNC says, fails with EIO, and link with the error number in BROKEN_LINK. Everything else goes to
 * the kernel as ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *broken(const char *name) {
  const char *flag = getenv("BROKEN_WHILE");
  return flag != NULL && access(flag, F_OK) == 0 ? getenv(name) : NULL;
}

static int is_broken(int fd) {
  const char *what = broken("BROKEN_SYNC");
  struct stat stats;
  if (what == NULL || fstat(fd, &stats) != 0) return 0;
  return strcmp(what, "folder") == 0 ? S_ISDIR(stats.st_mode) : S_ISREG(stats.st_mode);
}

int fsync(int fd) {
  if (is_broken(fd)) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}

int link(const char *from, const char *to) {
  const char *error = broken("BROKEN_LINK");
  if (error != NULL) {
    errno = atoi(error);
    return -1;
  }
  return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
