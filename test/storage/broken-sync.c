/*
 * Loaded into a process before the C library: fsync of a regular file or of a folder, as BROKEN_SYNC says, fails with EIO
 * as long as the file that BROKEN_SYNC_WHILE names is there. Everything else goes to the kernel as ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_broken(int fd) {
  const char *what = getenv("BROKEN_SYNC");
  const char *flag = getenv("BROKEN_SYNC_WHILE");
  struct stat stats;
  if (what == NULL || flag == NULL || access(flag, F_OK) != 0 || fstat(fd, &stats) != 0) return 0;
  return strcmp(what, "folder") == 0 ? S_ISDIR(stats.st_mode) : S_ISREG(stats.st_mode);
}

int fsync(int fd) {
  if (is_broken(fd)) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}
