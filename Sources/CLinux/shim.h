/*
 What Glibc's module leaves out: prctl(2), which takes any number of arguments and so cannot be imported, the headers
 about the heap and, which Linux alone has, about loaded objects.
*/
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <link.h>
#include <malloc.h>
#include <sys/prctl.h>

static inline int clinux_set_dumpable(unsigned long value) { return prctl(PR_SET_DUMPABLE, value, 0, 0, 0); }

static inline int clinux_name_this_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

#endif
