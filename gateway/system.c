/* What the kernel and the C library are asked, without the detour that Python's own modules take.

   select.poll makes a list and a number for each answer, and lets other threads run meanwhile, for an answer that is
   there at once; ctypes is half a megabyte. gateway.extensions.system has this module where it was built; who asks it
   (relay/readable.py, service/memory.py) can do without. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* one binary for Python 3.11 and whatever comes after it */
#include <Python.h>

#ifdef __linux__
#include <errno.h>
#include <poll.h>

PyDoc_STRVAR(has_come_doc,
"has_come(descriptor, /)\n--\n\nTell whether octets of the peer, its end or an error have come and are unread; at once.");

static PyObject *
has_come(PyObject *module, PyObject *descriptor)
{
    (void)module;
    int number = PyObject_AsFileDescriptor(descriptor), found;
    if (number < 0) {
        return NULL;
    }
    struct pollfd asked = {.fd = number, .events = POLLIN};
    do {
        found = poll(&asked, 1, 0);
    } while (found < 0 && errno == EINTR);
    return found < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyBool_FromLong(found);
}
#endif

#ifdef __GLIBC__
#include <malloc.h>

PyDoc_STRVAR(malloc_trim_doc, "malloc_trim(pad, /)\n--\n\nDo what the function of that name does, while other threads run.");

static PyObject *
give_back(PyObject *module, PyObject *pad)
{
    (void)module;
    size_t octets = PyLong_AsSize_t(pad);
    if (octets == (size_t)-1 && PyErr_Occurred()) {
        return NULL;
    }
    int result;
    Py_BEGIN_ALLOW_THREADS
    result = malloc_trim(octets);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(result);
}

PyDoc_STRVAR(mallopt_doc, "mallopt(parameter, value, /)\n--\n\nDo what the function of that name does.");

static PyObject *
set(PyObject *module, PyObject *arguments)
{
    (void)module;
    int parameter, value;
    if (!PyArg_ParseTuple(arguments, "ii:mallopt", &parameter, &value)) {
        return NULL;
    }
    return PyLong_FromLong(mallopt(parameter, value));
}
#endif

static PyMethodDef functions[] = {
#ifdef __linux__
    {"has_come", has_come, METH_O, has_come_doc},
#endif
#ifdef __GLIBC__
    {"malloc_trim", give_back, METH_O, malloc_trim_doc},
    {"mallopt", set, METH_VARARGS, mallopt_doc},
#endif
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "gateway.system",
    .m_doc = "What the kernel and the C library are asked; each function is there where the system has it.",
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit_system(void)
{
    return PyModuleDef_Init(&definition);
}
