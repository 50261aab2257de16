#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct runner {
    const struct creplay_lane *lane;
    /// The replies of the first lane; all runners look at the same number.
    uint64_t *first;
    struct creplay_scanner scanner;
    uint64_t cpu;
    int descriptor;
    int error;
    int is_first;
};

static void wait_for_first(const struct runner *runner) {
    struct timespec pause = {.tv_nsec = 50000};
    while (__atomic_load_n(runner->first, __ATOMIC_ACQUIRE) < runner->lane->start) nanosleep(&pause, NULL);
}

static void *run(void *argument) {
    struct runner *runner = argument;
    const struct creplay_lane *lane = runner->lane;
    struct creplay_scanner *scanner = &runner->scanner;
    uint8_t *buffer = malloc(CREPLAY_BUFFER);
    int error = buffer ? 0 : ENOMEM;
    if (!runner->is_first) wait_for_first(runner);
    for (size_t i = 0; error == 0 && i < lane->step_count; i++) {
        const struct creplay_step *step = &lane->steps[i];
        error = creplay_read_until(runner->descriptor, scanner, step->after, buffer);
        if (runner->is_first) __atomic_store_n(runner->first, scanner->values, __ATOMIC_RELEASE);
        if (error == 0) error = creplay_write(runner->descriptor, lane->bytes + step->offset, step->length);
    }
    if (error == 0) error = creplay_read_until(runner->descriptor, scanner, lane->replies, buffer);
    free(buffer);
    // Whatever came of it, nobody waits any longer.
    if (runner->is_first) __atomic_store_n(runner->first, UINT64_MAX, __ATOMIC_RELEASE);
    runner->error = error;
    runner->cpu = creplay_now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static void play(struct runner *runners, pthread_t *threads, size_t count, struct creplay_result *result) {
    uint64_t began = creplay_now(CLOCK_MONOTONIC);
    size_t started = 0;
    while (started < count) {
        int error = pthread_create(&threads[started], NULL, run, &runners[started]);
        if (error != 0) {
            runners[started].error = error;
            __atomic_store_n(runners[0].first, UINT64_MAX, __ATOMIC_RELEASE);
            break;
        }
        started++;
    }
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    result->nanoseconds = creplay_now(CLOCK_MONOTONIC) - began;
}

int creplay_run(const char *path, const struct creplay_lane *lanes, size_t count, struct creplay_result *result) {
    memset(result, 0, sizeof *result);
    struct runner *runners = calloc(count, sizeof *runners);
    pthread_t *threads = calloc(count, sizeof *threads);
    int error = runners && threads ? 0 : ENOMEM;
    size_t connected = 0;
    uint64_t first = 0;
    for (; error == 0 && connected < count; connected++) {
        runners[connected].lane = &lanes[connected];
        runners[connected].first = &first;
        runners[connected].is_first = connected == 0;
        runners[connected].descriptor = creplay_connect(path);
        if (runners[connected].descriptor < 0) {
            error = errno;
            break;
        }
    }
    if (error == 0) {
        play(runners, threads, count, result);
        for (size_t i = 0; i < count; i++) {
            if (error == 0) error = runners[i].error;
            result->replies += runners[i].scanner.values;
            result->errors += runners[i].scanner.errors;
            result->nils += runners[i].scanner.nils;
            result->cpu_nanoseconds += runners[i].cpu;
        }
    }
    for (size_t i = 0; i < connected; i++) close(runners[i].descriptor);
    free(threads);
    free(runners);
    return error;
}
