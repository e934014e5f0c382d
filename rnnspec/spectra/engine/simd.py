"""A machine vector of doubles as a numba type: compiled loops that fill the registers.

``load``, ``store`` and arithmetic on `LANES` doubles at a time, for functions under ``numba.njit``.
What the compiler makes of scalar loops depends on its mood; this does not.
"""

from __future__ import annotations

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

LANES = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class Vector(types.Type):
    """The type of `LANES` doubles that one register holds.

    Examples
    --------
    >>> vector
    Vector...
    """

    def __init__(self) -> None:
        super().__init__(name=f"Vector{LANES}")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _VECTOR)


def _address(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _call(name, builder, arguments):
    signature = ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments))
    name = f"llvm.{name}.v{LANES}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments)


@intrinsic
def load(_context, array, index):
    """Entries ``array[index : index + LANES]`` of a contiguous array."""

    def codegen(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return vector(array, types.intp), codegen


@intrinsic
def store(_context, array, index, value):
    """Set ``array[index : index + LANES]`` of a contiguous array."""

    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@intrinsic
def splat(_context, value):
    """One number in every lane."""

    def codegen(_context, builder, _signature, arguments):
        integer, undefined = ir.IntType(32), ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, arguments[0], ir.Constant(integer, 0))
        pattern = ir.Constant(ir.VectorType(integer, LANES), [0] * LANES)
        return builder.shuffle_vector(first, undefined, pattern)

    return vector(types.float64), codegen


def _binary(instruction):
    def operation(_context, a, b):
        def codegen(_context, builder, _signature, arguments):
            return getattr(builder, instruction)(*arguments)

        return vector(a, b), codegen

    return intrinsic(operation)


add, sub, mul, div = (_binary(name) for name in ("fadd", "fsub", "fmul", "fdiv"))


@intrinsic
def fma(_context, a, b, c):
    """``a * b + c``."""

    def codegen(_context, builder, _signature, arguments):
        return _call("fmuladd", builder, arguments)

    return vector(a, b, c), codegen


@intrinsic
def fnma(_context, a, b, c):
    """``c - a * b``."""

    def codegen(_context, builder, _signature, arguments):
        a, b, c = arguments
        return _call("fmuladd", builder, [builder.fneg(a), b, c])

    return vector(a, b, c), codegen


@intrinsic
def sqrt(_context, a):
    """Square root in every lane."""

    def codegen(_context, builder, _signature, arguments):
        return _call("sqrt", builder, arguments)

    return vector(a), codegen


@intrinsic
def maximum(_context, a, b):
    """The larger one in every lane; the number, if the other one is none."""

    def codegen(_context, builder, _signature, arguments):
        return _call("maxnum", builder, arguments)

    return vector(a, b), codegen
