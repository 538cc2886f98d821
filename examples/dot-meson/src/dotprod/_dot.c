/* The dot product of two buffers of floats. The loop is left to the compiler: what it makes of it depends on
   the processor that it may build for, which is what the variants of this package are about. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static float dot(const float *restrict a, const float *restrict b, Py_ssize_t n) {
    float sum = 0.0f;
    for (Py_ssize_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static PyObject *py_dot(PyObject *self, PyObject *args) {
    Py_buffer a, b;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*", &a, &b))
        return NULL;
    PyObject *result = NULL;
    if (a.len != b.len || a.len % sizeof(float))
        PyErr_SetString(PyExc_ValueError, "expected two buffers of as many floats");
    else
        result = PyFloat_FromDouble(dot(a.buf, b.buf, a.len / (Py_ssize_t)sizeof(float)));
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    return result;
}

static const char *level(void) {
#if defined(__AVX512F__) && defined(__AVX512BW__)
    return "x86-64-v4";
#elif defined(__AVX2__) && defined(__FMA__)
    return "x86-64-v3";
#elif defined(__SSE4_2__)
    return "x86-64-v2";
#else
    return "baseline";
#endif
}

static PyMethodDef methods[] = {
    {"dot", py_dot, METH_VARARGS, "Return the dot product of two buffers of 32-bit floats."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "dotprod._dot",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__dot(void) {
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddStringConstant(made, "LEVEL", level()) < 0) {
        Py_DECREF(made);
        return NULL;
    }
    return made;
}
