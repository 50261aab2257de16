#include "CReplay.h"

#include <string.h>

static void end_element(struct creplay_scanner *scanner) {
    if (scanner->pending == 0) scanner->values++;
}

static void end_line(struct creplay_scanner *scanner) {
    uint8_t kind = scanner->kind;
    uint64_t number = scanner->number;
    scanner->kind = 0;
    switch (kind) {
    case '$':
        if (scanner->negative) {
            end_element(scanner);
        } else {
            scanner->skip = number + 2;
        }
        return;
    case '*':
        if (scanner->negative) {
            scanner->nils++;
        } else {
            scanner->pending += number;
        }
        end_element(scanner);
        return;
    case '-':
        scanner->errors++;
        end_element(scanner);
        return;
    default:
        end_element(scanner);
    }
}

void creplay_scan(struct creplay_scanner *scanner, const uint8_t *bytes, size_t count) {
    const uint8_t *end = bytes + count;
    while (bytes < end) {
        if (scanner->skip > 0) {
            uint64_t left = (uint64_t)(end - bytes);
            uint64_t step = scanner->skip < left ? scanner->skip : left;
            scanner->skip -= step;
            bytes += step;
            if (scanner->skip == 0) end_element(scanner);
            continue;
        }
        if (scanner->kind == 0) {
            scanner->kind = *bytes++;
            scanner->number = 0;
            scanner->negative = 0;
            if (scanner->pending > 0) scanner->pending--;
            continue;
        }
        if (scanner->kind == '$' || scanner->kind == '*') {
            while (bytes < end && *bytes != '\n') {
                if (*bytes == '-') {
                    scanner->negative = 1;
                } else if (*bytes != '\r') {
                    scanner->number = scanner->number * 10 + (uint64_t)(*bytes - '0');
                }
                bytes++;
            }
        } else {
            const uint8_t *found = memchr(bytes, '\n', (size_t)(end - bytes));
            bytes = found ? found : end;
        }
        if (bytes < end) {
            bytes++;
            end_line(scanner);
        }
    }
}

int creplay_is_between(const struct creplay_scanner *scanner) {
    return scanner->kind == 0 && scanner->skip == 0 && scanner->pending == 0;
}
