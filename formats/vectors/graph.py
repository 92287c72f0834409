"""The smallest ONNX model: y = Identity(x), x and y f32 [B, width]."""

from lmq import blob, number, text


def value_info(name, width):
    dims = blob(1, text(2, "B")) + blob(1, number(1, width))
    return text(1, name) + blob(2, blob(1, number(1, 1) + blob(2, dims)))


def identity(name, width):
    node = text(1, "x") + text(2, "y") + text(3, "copy") + text(4, "Identity")
    graph = blob(1, node) + text(2, name) + blob(11, value_info("x", width)) + blob(12, value_info("y", width))
    return number(1, 10) + text(2, "vectors") + blob(7, graph) + blob(8, number(2, 23))
