/* The agent's compiled part as a module of the interpreter; it keeps to the stable ABI, so that one serves all versions. */

#include "module.h"

static PyMethodDef functions[] = {
    {"post", post, METH_VARARGS, NULL},
    {"begin_memory", begin_memory, METH_NOARGS, NULL},
    {"remember", remember, METH_O, NULL},
    {"is_remembered", is_remembered, METH_O, NULL},
    {"listen", listen, METH_VARARGS, NULL},
    {"heard", heard, METH_VARARGS, NULL},
    {"libraries_loaded", libraries_loaded, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_module", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__module(void) { return PyModule_Create(&definition); }
