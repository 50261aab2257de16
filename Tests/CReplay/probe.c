#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// As many as a small pool of an application has.
enum { LINES = 16 };

/// One of the connections, with its request under way.
struct line {
    struct creplay_scanner scanner;
    uint64_t began; ///< When the request was sent, or was due.
    uint64_t asked; ///< How many replies there are once the request is answered.
};

struct probe {
    struct line lines[LINES];
    struct pollfd polled[LINES];
    uint64_t *latencies;
    size_t noted;
    size_t capacity;
};

static int is_busy(const struct line *line) { return line->scanner.values < line->asked; }

static int connect_all(struct probe *probe, const char *path) {
    for (size_t i = 0; i < LINES; i++) {
        probe->polled[i] = (struct pollfd){.fd = creplay_connect(path), .events = POLLIN};
        if (probe->polled[i].fd < 0) return errno;
    }
    return 0;
}

static struct line *free_line(struct probe *probe, int *descriptor) {
    for (size_t i = 0; i < LINES; i++) {
        if (is_busy(&probe->lines[i])) continue;
        *descriptor = probe->polled[i].fd;
        return &probe->lines[i];
    }
    return NULL;
}

/// Takes what has come, and waits for it until a moment at most.
static int take_replies(struct probe *probe, uint64_t moment, uint8_t *buffer) {
    uint64_t now = creplay_now(CLOCK_MONOTONIC);
    uint64_t left = moment > now ? moment - now : 0;
    struct timespec time = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
    int ready = ppoll(probe->polled, LINES, &time, NULL);
    if (ready < 0) return errno == EINTR ? 0 : errno;
    for (size_t i = 0; i < LINES && ready > 0; i++) {
        if (!probe->polled[i].revents) continue;
        struct line *line = &probe->lines[i];
        int was_busy = is_busy(line);
        ssize_t count = recv(probe->polled[i].fd, buffer, CREPLAY_BUFFER, MSG_DONTWAIT);
        if (count == 0) return ECONNRESET;
        if (count < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return errno;
        }
        creplay_scan(&line->scanner, buffer, (size_t)count);
        if (was_busy && !is_busy(line) && probe->noted < probe->capacity)
            probe->latencies[probe->noted++] = creplay_now(CLOCK_MONOTONIC) - line->began;
    }
    return 0;
}

int creplay_probe(const char *path, const uint8_t *bytes, const struct creplay_step *requests, size_t count,
                  uint64_t interval, const int32_t *stop, uint64_t *latencies, size_t capacity, size_t *noted) {
    struct probe *probe = calloc(1, sizeof *probe);
    uint8_t *buffer = malloc(CREPLAY_BUFFER);
    if (!probe || !buffer) {
        free(probe);
        free(buffer);
        return ENOMEM;
    }
    for (size_t i = 0; i < LINES; i++) probe->polled[i].fd = -1;
    probe->latencies = latencies;
    probe->capacity = capacity;
    int error = connect_all(probe, path);
    uint64_t due = creplay_now(CLOCK_MONOTONIC);
    size_t sent = 0;
    // Whether the request that is due has to wait until a connection is free.
    int is_late = 0;
    while (error == 0 && probe->noted < capacity && __atomic_load_n(stop, __ATOMIC_RELAXED) == 0) {
        uint64_t now = creplay_now(CLOCK_MONOTONIC);
        if (now >= due) {
            int descriptor = -1;
            struct line *line = free_line(probe, &descriptor);
            if (line) {
                const struct creplay_step *request = &requests[sent++ % count];
                line->began = is_late ? due : now;
                line->asked = line->scanner.values + 1;
                error = creplay_write(descriptor, bytes + request->offset, request->length);
                due += interval;
                is_late = 0;
                continue;
            }
            is_late = 1;
        }
        error = take_replies(probe, is_late ? now + interval : due, buffer);
    }
    *noted = probe->noted;
    for (size_t i = 0; i < LINES; i++) {
        if (probe->polled[i].fd >= 0) close(probe->polled[i].fd);
    }
    free(buffer);
    free(probe);
    return error;
}

void creplay_stop(int32_t *stop) {
    __atomic_store_n(stop, 1, __ATOMIC_RELAXED);
}
