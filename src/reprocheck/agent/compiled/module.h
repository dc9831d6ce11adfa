/* What the files of this module have of each other. */

#define Py_LIMITED_API 0x03080000
#include <Python.h>

/* Not `Py_RETURN_NONE`: headers of 3.12 and later count no reference to it, and older interpreters count each. */
static inline PyObject *none(void) {
    Py_INCREF(Py_None);
    return Py_None;
}

/* Nobody else is to find these, nor are they to be taken for functions of the same names (listen(2)). */
#pragma GCC visibility push(hidden)

/* posting.c: post(path, cookie, cookie) -> whether opens are posted from now on. */
PyObject *post(PyObject *module, PyObject *arguments);

/* memory.c: begin_memory(), before any fork; then remember(key) and is_remembered(key), and the latter for C. */
PyObject *begin_memory(PyObject *module, PyObject *nothing);
PyObject *remember(PyObject *module, PyObject *key);
PyObject *is_remembered(PyObject *module, PyObject *key);
int has_key(PyObject *key);

/* hearing.c: listen(table, hook) -> bool and heard(event, arguments). */
PyObject *listen(PyObject *module, PyObject *arguments);
PyObject *heard(PyObject *module, PyObject *arguments);

/* loading.c: libraries_loaded() -> how many so far. */
PyObject *libraries_loaded(PyObject *module, PyObject *nothing);

#pragma GCC visibility pop
