/* The interpreter's audit events: those that nobody waits for, and files that are told already, go no further.
 *
 * A loader opens thousands of files; for each the interpreter would run `audit.py` between two pieces of the program's own
 * work, with cold caches. Source: PEP 578, sys.addaudithook.
 */

#define _GNU_SOURCE
#include "module.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#define LONGEST 4096

static PyObject *table, *hook; /* what is waited for, and who */
static PyObject *reads, *writes, *nothing;

/* listen(table, hook) -> bool: events that are in the table go from `heard` to the hook, from now on; False where they go to
 * another one already, of the main interpreter.
 */
PyObject *listen(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *events, *function;
    if (!PyArg_ParseTuple(arguments, "O!O", &PyDict_Type, &events, &function)) return NULL;
    if (hook) return PyBool_FromLong(0);
    if (!(reads = PyUnicode_FromString("read")) || !(writes = PyUnicode_FromString("write")) ||
        !(nothing = PyUnicode_FromString("")))
        return NULL;
    Py_INCREF(events);
    Py_INCREF(function);
    table = events;
    hook = function;
    return PyBool_FromLong(1);
}

/* The absolute path as `audit.py` makes it; NULL, perhaps with an error, where that takes more than to put the working
 * folder in front. */
static PyObject *absolute(PyObject *name) {
    Py_ssize_t length = PyUnicode_GetLength(name);
    if (length <= 0 || length > LONGEST) return NULL;
    Py_UCS4 first = PyUnicode_ReadChar(name, 0), last = PyUnicode_ReadChar(name, length - 1);
    if (first == '/') {
        Py_INCREF(name);
        return name;
    }
    if (first == '.' || last == '/') return NULL;
    for (Py_ssize_t i = 0; i + 1 < length; i++) {
        if (PyUnicode_ReadChar(name, i) != '/') continue;
        Py_UCS4 next = PyUnicode_ReadChar(name, i + 1);
        if (next == '.' || next == '/') return NULL;
    }
    char folder[LONGEST];
    if (!getcwd(folder, sizeof folder) || !strcmp(folder, "/")) return NULL;
    PyObject *before = PyUnicode_DecodeFSDefault(folder);
    PyObject *path = before ? PyUnicode_FromFormat("%U/%U", before, name) : NULL;
    Py_XDECREF(before);
    return path;
}

/* Whether an `open` event is of a descriptor, or of a file that is told. */
static int is_settled(PyObject *arguments) {
    PyObject *name = PyTuple_GetItem(arguments, 0), *given = PyTuple_GetItem(arguments, 2);
    if (!name || !given || !PyLong_Check(given)) return 0;
    if (name == Py_None || Py_TYPE(name) == &PyLong_Type) return 1;
    if (Py_TYPE(name) != &PyUnicode_Type) return 0;
    long flags = PyLong_AsLong(given);
    PyObject *path = absolute(name);
    if (!path) return 0;
    PyObject *key = PyTuple_Pack(3, flags & WRITES ? writes : reads, path, nothing);
    Py_DECREF(path);
    if (!key) return 0;
    int found = has_key(key);
    Py_DECREF(key);
    return found;
}

/* heard(event, arguments): what the interpreter is given as audit hook. */
PyObject *heard(PyObject *module, PyObject *given) {
    (void)module;
    PyObject *event = PyTuple_GetItem(given, 0), *arguments = event ? PyTuple_GetItem(given, 1) : NULL;
    if (!arguments) return NULL;
    if (!PyDict_GetItemWithError(table, event)) {
        PyErr_Clear();
        return none();
    }
    if (!PyUnicode_CompareWithASCIIString(event, "open")) {
        int settled = is_settled(arguments);
        PyErr_Clear(); /* the hook finds out what it was */
        if (settled) return none();
    }
    return PyObject_CallFunctionObjArgs(hook, event, arguments, NULL);
}
