/*
 hiredis' reply reader. The archive is linked, not the shared object: its soname differs between Debian releases.

 Debian 12 has hiredis 0.14, and newer releases 1.2, which keeps its tasks elsewhere, does not bound how deep arrays are
 nested, and reads RESP3. What differs is here, so that the same source is built on both.
*/
#ifndef CHIREDIS_SHIM_H
#define CHIREDIS_SHIM_H

#include <hiredis/read.h>

/* The task in hand; null for none. */
static inline const redisReadTask *chiredis_task(const redisReader *reader) {
    if (reader->ridx < 0) return NULL;
#ifdef REDIS_REPLY_DOUBLE
    return reader->task[reader->ridx];
#else
    return &reader->rstack[reader->ridx];
#endif
}

#ifdef REDIS_REPLY_DOUBLE
static inline void *chiredis_no_double(const redisReadTask *task, double value, char *text, size_t length) { return NULL; }
static inline void *chiredis_no_bool(const redisReadTask *task, int value) { return NULL; }
#endif

/* Refuses the kinds of value that only RESP3 has, and that have hooks of their own. */
static inline void chiredis_refuse_others(redisReplyObjectFunctions *hooks) {
#ifdef REDIS_REPLY_DOUBLE
    hooks->createDouble = chiredis_no_double;
    hooks->createBool = chiredis_no_bool;
#endif
}

#endif
