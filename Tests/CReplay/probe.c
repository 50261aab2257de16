#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void sleep_until(uint64_t moment) {
    struct timespec time = {(time_t)(moment / 1000000000u), (long)(moment % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

int creplay_probe(const char *path, const uint8_t *bytes, const struct creplay_step *requests, size_t count,
                  uint64_t interval, const int32_t *stop, uint64_t *latencies, size_t capacity, size_t *noted) {
    struct creplay_scanner scanner = {0};
    uint8_t *buffer = malloc(CREPLAY_BUFFER);
    if (!buffer) return ENOMEM;
    int descriptor = creplay_connect(path);
    int error = descriptor < 0 ? errno : 0;
    uint64_t due = creplay_now(CLOCK_MONOTONIC);
    size_t done = 0;
    while (error == 0 && done < capacity && __atomic_load_n(stop, __ATOMIC_RELAXED) == 0) {
        uint64_t began = due;
        if (creplay_now(CLOCK_MONOTONIC) < due) {
            sleep_until(due);
            began = creplay_now(CLOCK_MONOTONIC);
        }
        const struct creplay_step *request = &requests[done % count];
        error = creplay_write(descriptor, bytes + request->offset, request->length);
        if (error == 0) error = creplay_read_until(descriptor, &scanner, done + 1, buffer);
        if (error != 0) break;
        latencies[done++] = creplay_now(CLOCK_MONOTONIC) - began;
        due += interval;
    }
    *noted = done;
    if (descriptor >= 0) close(descriptor);
    free(buffer);
    return error;
}

void creplay_stop(int32_t *stop) {
    __atomic_store_n(stop, 1, __ATOMIC_RELAXED);
}
