// A clock that jumps: loaded before a program, it adds to the time of day what a file says, and leaves the clocks that
// never jump alone. The file named by CLOCK_FILE holds one number of eight bytes, in microseconds; whoever writes another
// one there makes the clock jump.
//
// It calls nothing that takes memory: an allocator asks for the time before it is ready.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t nothing = 0;
static const int64_t *ahead;

static int64_t microseconds_ahead(void) {
    const int64_t *number = __atomic_load_n(&ahead, __ATOMIC_ACQUIRE);
    if (number == NULL) {
        const char *path = getenv("CLOCK_FILE");
        int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *number, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        number = page == MAP_FAILED ? &nothing : page;
        __atomic_store_n(&ahead, number, __ATOMIC_RELEASE);
    }
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    int64_t microseconds = (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000 + microseconds_ahead();
    time->tv_nsec = microseconds % 1000000 * 1000 + time->tv_nsec % 1000;
    time->tv_sec = microseconds / 1000000;
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (result != NULL) *result = now.tv_sec;
    return now.tv_sec;
}
