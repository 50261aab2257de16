#ifndef CREPLAY_CONNECTION_H
#define CREPLAY_CONNECTION_H

#include "CReplay.h"

#include <time.h>

enum { CREPLAY_BUFFER = 1 << 18 };

/// A clock in nanoseconds.
uint64_t creplay_now(clockid_t clock);

/// A connection to a Unix socket; below zero with errno set.
int creplay_connect(const char *path);

/// Writes all of it; 0, or the number of an error.
int creplay_write(int descriptor, const uint8_t *bytes, uint64_t count);

/// Reads until so many values have come; 0, or the number of an error.
int creplay_read_until(int descriptor, struct creplay_scanner *scanner, uint64_t values, uint8_t *buffer);

#endif
