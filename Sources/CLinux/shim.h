/*
 What Glibc's module leaves out: prctl(2), which takes any number of arguments and so cannot be imported, what there is
 about the heap and about loaded objects, and a wait by a clock that nobody sets.

 All but the first are declared here. <malloc.h> and <link.h> bring other headers along, and <link.h> wants _GNU_SOURCE:
 with that, types such as fd_set look different here from what they are in Glibc's module, and a build may fail.
*/
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

static inline int clinux_set_dumpable(unsigned long value) { return prctl(PR_SET_DUMPABLE, value, 0, 0, 0); }

static inline int clinux_name_this_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

/* malloc_trim(3) */
extern int clinux_malloc_trim(size_t pad) __asm__("malloc_trim");

/* The beginning of dl_iterate_phdr(3)'s struct dl_phdr_info, in a process of 64 bits. */
struct clinux_object {
    uint64_t address;
    const char *name;
    const Elf64_Phdr *segments;
    uint16_t segment_count;
};

/* dl_iterate_phdr(3) */
extern int clinux_each_object(int (*visit)(struct clinux_object *object, size_t size, void *data), void *data)
    __asm__("dl_iterate_phdr");

/* sem_clockwait(3), of a sem_t and a struct timespec */
extern int clinux_wait(void *semaphore, int clock, const void *end) __asm__("sem_clockwait");

#endif
