/* A set of keys that a process shares with those that it forks later, and these with each other: `told.py` says what for.
 *
 * Only hashes of keys are kept, and forked processes have their parent's hash secret.
 */

#define _GNU_SOURCE
#include "module.h"

#include <stdint.h>
#include <sys/mman.h>

#define SLOTS (1u << 16) /* half a megabyte, of which the system gives what is touched */
#define TRIES 8          /* slots looked at for one number; when others have them all it is told once more */

static uint64_t *slots;

/* The number of a key and, in `at`, its slot or the free one where it belongs; 0 where there is neither, or an error. */
static uint64_t place(PyObject *key, uint32_t *at, int *stands) {
    Py_hash_t hash = PyObject_Hash(key);
    if (hash == -1 && PyErr_Occurred()) return 0;
    uint64_t number = (uint64_t)hash;
    if (!number) number = 1;
    for (uint32_t i = 0; i < TRIES; i++) {
        *at = (uint32_t)(number + i) % SLOTS;
        uint64_t found = __atomic_load_n(&slots[*at], __ATOMIC_RELAXED);
        *stands = found == number;
        if (*stands || !found) return number;
    }
    return 0;
}

int has_key(PyObject *key) {
    uint32_t at;
    int stands = 0;
    return slots && place(key, &at, &stands) && stands;
}

PyObject *is_remembered(PyObject *module, PyObject *key) {
    (void)module;
    int found = has_key(key);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(found);
}

PyObject *begin_memory(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    if (!slots) {
        void *memory = mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return PyErr_NoMemory();
        slots = memory;
    }
    return none();
}

PyObject *remember(PyObject *module, PyObject *key) {
    (void)module;
    uint32_t at;
    int stands;
    uint64_t number = slots ? place(key, &at, &stands) : 0;
    if (number && !stands) __atomic_store_n(&slots[at], number, __ATOMIC_RELAXED);
    if (PyErr_Occurred()) return NULL;
    return none();
}
