#ifndef CREPLAY_H
#define CREPLAY_H

#include <stddef.h>
#include <stdint.h>

// The least that a client of Redis can do: bytes that are there already are written to a Unix socket, and of the replies
// only the ends are looked for. What a program needs above that is what it costs itself.

/// Where a stream of RESP2 values is. All zero at the start; it holds no bytes, so a value may come in any pieces.
struct creplay_scanner {
    uint64_t values;  ///< Whole values so far.
    uint64_t errors;  ///< Errors among them, also those inside arrays.
    uint64_t nils;    ///< Nil arrays, as an EXEC answers whose watched keys have changed.
    uint64_t pending; ///< Elements that the value in hand still lacks.
    uint64_t skip;    ///< Bytes of a bulk string that are still to come, its line end included.
    uint64_t number;  ///< The number of the line in hand.
    uint8_t kind;     ///< The first byte of the line in hand; 0 between lines.
    uint8_t negative; ///< Whether its number is below zero.
};

/// Takes the next bytes of the stream.
void creplay_scan(struct creplay_scanner *scanner, const uint8_t *bytes, size_t count);

/// Whether the stream stands between two values.
int creplay_is_between(const struct creplay_scanner *scanner);

/// What is written in one go, once so many replies have come on its connection.
struct creplay_step {
    uint64_t offset; ///< Where it begins in the lane's bytes.
    uint64_t length; ///< How many bytes it has.
    uint64_t after;  ///< How many replies must have come before it.
};

/// All of one connection.
struct creplay_lane {
    const uint8_t *bytes;
    const struct creplay_step *steps;
    size_t step_count;
    uint64_t replies; ///< How many replies come in all.
    uint64_t start;   ///< How many replies the first lane must have before this one begins; 0 for none.
};

/// What came of it.
struct creplay_result {
    uint64_t nanoseconds; ///< From the moment when all connections stand to the last reply.
    uint64_t cpu_nanoseconds; ///< What the threads have used of a processor.
    uint64_t replies;
    uint64_t errors;
    uint64_t nils;
};

/// Plays lanes against the server on a Unix socket, each on a connection and a thread of its own.
///
/// Returns 0, or the number of an error of the system; EAGAIN when the server has been silent for a minute.
int creplay_run(const char *path, const struct creplay_lane *lanes, size_t count, struct creplay_result *result);

/// Sends a request whenever one is due, whatever became of those before it, and notes how long each reply took.
///
/// They go over 16 connections, so that a reply that is late delays no request, as with the users of an application. One
/// that found no connection free is timed from when it was due. So a server that stands still is not mistaken for a single
/// slow reply, nor one that answers slowly for one that falls behind for ever. It ends when `*stop` is not 0 (see
/// `creplay_stop`), or when `capacity` latencies, in nanoseconds, are noted. Returns 0, or the number of an error of the
/// system.
int creplay_probe(const char *path, const uint8_t *bytes, const struct creplay_step *requests, size_t count,
                  uint64_t interval, const int32_t *stop, uint64_t *latencies, size_t capacity, size_t *noted);

/// Lets a probe end.
void creplay_stop(int32_t *stop);

#endif
