/* Calls to the kernel and the C library, without the detour that Python's own modules take.

   select.poll makes a list and two numbers for each answer, and lets other threads run meanwhile, for an answer that is
   there at once; ctypes is 0.3 MB of an idle process. gateway.extensions.system returns this module where it was built;
   who calls it (relay/readable.py, service/memory.py) can do without. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* one binary for Python 3.11 and whatever comes after it */
#include <Python.h>

#ifdef __linux__
#include <errno.h>
#include <poll.h>

PyDoc_STRVAR(has_come_doc,
"has_come(descriptor, /)\n--\n\nTell at once whether octets of the peer, its end or an error are there unread.");

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

PyDoc_STRVAR(malloc_trim_doc,
"malloc_trim(pad, /)\n--\n\nDo what the C function of that name does; other threads run meanwhile.");

static PyObject *
python_malloc_trim(PyObject *module, PyObject *pad)
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

PyDoc_STRVAR(mallopt_doc, "mallopt(parameter, value, /)\n--\n\nDo what the C function of that name does.");

static PyObject *
python_mallopt(PyObject *module, PyObject *arguments)
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
    {"malloc_trim", python_malloc_trim, METH_O, malloc_trim_doc},
    {"mallopt", python_mallopt, METH_VARARGS, mallopt_doc},
#endif
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "gateway.system",
    .m_doc = "Calls to the kernel and the C library; each function is there where the system has it.",
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit_system(void)
{
    return PyModuleDef_Init(&definition);
}
