/* Preloaded into a process whose wall clock is to jump: adds to CLOCK_REALTIME what the file named in WEIR_CLOCK_OFFSET_FILE holds
 * (nanoseconds, a native int64_t, changed at any time by the tests). The monotonic clock goes on, as it does when a clock is set.
 *
 * Waits on condition variables with a deadline of the wall clock follow the jumps like those of a kernel whose clock is set: after
 * a jump forwards they are over early, after one backwards they last longer. librdkafka waits like that (cnd_timedwait). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
static const int64_t kSlice = SECOND / 50; /* how late a jump is noticed by one who waits */

static _Atomic int64_t none;
static _Atomic int64_t *offset = &none;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("WEIR_CLOCK_OFFSET_FILE");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void *const mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort(); /* a test without its fault would prove nothing */
  offset = mapped;
  close(file);
}

static int64_t real_now(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

static int64_t shown_now(void) { return real_now() + atomic_load(offset); }

static struct timespec timespec_of(int64_t ns) { return (struct timespec){ns / SECOND, ns % SECOND}; }

int clock_gettime(clockid_t clock, struct timespec *result) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return (int)syscall(SYS_clock_gettime, clock, result);
  *result = timespec_of(shown_now());
  return 0;
}

int gettimeofday(struct timeval *result, void *zone) {
  (void)zone;
  const int64_t now = shown_now();
  *result = (struct timeval){now / SECOND, now % SECOND / 1000};
  return 0;
}

time_t time(time_t *result) {
  const time_t now = shown_now() / SECOND;
  if (result != NULL) *result = now;
  return now;
}

int timespec_get(struct timespec *result, int base) {
  if (base != TIME_UTC) return 0;
  *result = timespec_of(shown_now());
  return base;
}

typedef int WaitUntil(void *condition, void *mutex, const struct timespec *real_deadline);

/* In slices, so that a jump during the wait counts. `timed_out` is what the function returns at its deadline. */
static int wait_in_slices(WaitUntil *wait, void *condition, void *mutex, const struct timespec *deadline, int timed_out) {
  const int64_t until = deadline->tv_sec * SECOND + deadline->tv_nsec;
  for (;;) {
    const int64_t left = until - shown_now();
    const struct timespec slice = timespec_of(real_now() + (left < kSlice ? left : kSlice));
    const int result = wait(condition, mutex, &slice);
    if (result != timed_out || left <= kSlice) return result;
  }
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict deadline) {
  static _Atomic(WaitUntil *) next;
  if (next == NULL) next = (WaitUntil *)dlsym(RTLD_NEXT, "cnd_timedwait");
  return wait_in_slices(next, condition, mutex, deadline, thrd_timedout);
}
