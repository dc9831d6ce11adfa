/* How many shared libraries the process has loaded so far, which a forked one can compare with what it inherited. */

#define _GNU_SOURCE
#include "module.h"

#include <link.h>

static int read_count(struct dl_phdr_info *object, size_t size, void *count) {
    (void)size;
    *(unsigned long long *)count = object->dlpi_adds;
    return 1; /* every object says the same */
}

/* libraries_loaded() -> int */
PyObject *libraries_loaded(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    unsigned long long count = 0;
    dl_iterate_phdr(read_count, &count);
    return PyLong_FromUnsignedLongLong(count);
}
