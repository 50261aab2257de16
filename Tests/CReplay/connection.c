#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

uint64_t creplay_now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int creplay_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    // A reply that never comes is an error, and not the end of all measuring.
    struct timeval patience = {.tv_sec = 60};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return descriptor;
}

int creplay_write(int descriptor, const uint8_t *bytes, uint64_t count) {
    while (count > 0) {
        ssize_t written = send(descriptor, bytes, count, MSG_NOSIGNAL);
        if (written < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        bytes += written;
        count -= (uint64_t)written;
    }
    return 0;
}

int creplay_read_until(int descriptor, struct creplay_scanner *scanner, uint64_t values, uint8_t *buffer) {
    while (scanner->values < values) {
        ssize_t count = recv(descriptor, buffer, CREPLAY_BUFFER, 0);
        if (count == 0) return ECONNRESET;
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        creplay_scan(scanner, buffer, (size_t)count);
    }
    return 0;
}
