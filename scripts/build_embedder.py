"""Build the weight-free ONNX graphs of all-MiniLM-L6-v2: sentence vectors for `copilot.outside.embed`, word states for tuned layers.

Every initializer carries the name that the tensor has in model.safetensors and takes it as it is stored, so that
loading copies and transposes nothing. Run: python scripts/build_embedder.py
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

SOURCE = Path(__file__).resolve().parents[1] / "src" / "copilot"
LAYERS, HEADS, WIDTH, INNER, WORDS, POSITIONS = 6, 12, 384, 1536, 30522, 512
EPSILON = 1e-12
FUSED = "com.microsoft"


class Graph:
    """Nodes and initializers of a graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        """Append a node with one output and return the output's name."""
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def constant(self, name: str, kind: int, shape: list[int], values: list[float] | list[int]) -> str:
        self.initializers.append(helper.make_tensor(name, kind, shape, values))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """Declare a tensor of model.safetensors, to be supplied when the session is opened."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "model.safetensors"), ("offset", "0"), ("length", "0")):
            tensor.external_data.add(key=key, value=value)
        self.initializers.append(tensor)
        return name

    def linear(self, rows: str, name: str, outputs: int, inputs: int) -> str:
        """Multiply (rows, inputs) by a weight stored as (outputs, inputs) and add its bias."""
        weight, bias = self.weight(f"{name}.weight", outputs, inputs), self.weight(f"{name}.bias", outputs)
        return self.node("Gemm", rows, weight, bias, transB=1)

    def scale(self, name: str) -> tuple[str, str]:
        return self.weight(f"{name}.weight", WIDTH), self.weight(f"{name}.bias", WIDTH)

    def add_and_normalise(self, rows: str, residual: str, name: str) -> str:
        return self.node("SkipLayerNormalization", rows, residual, *self.scale(name), domain=FUSED, epsilon=EPSILON)


def embeddings(graph: Graph) -> str:
    """Return word + position + type embeddings, normalised, as (batch, length, WIDTH)."""
    words = graph.weight("embeddings.word_embeddings.weight", WORDS, WIDTH)
    positions = graph.weight("embeddings.position_embeddings.weight", POSITIONS, WIDTH)
    types = graph.weight("embeddings.token_type_embeddings.weight", 2, WIDTH)
    length = graph.node("Gather", graph.node("Shape", "input_ids"), "one")
    placed = graph.node("Slice", positions, "zero", length, "zero")
    first_type = graph.node("Slice", types, "zero", "one", "zero")
    summed = graph.node("Add", graph.node("Gather", words, "input_ids"), graph.node("Add", placed, first_type))
    return graph.node("LayerNormalization", summed, *graph.scale("embeddings.LayerNorm"), axis=-1, epsilon=EPSILON)


def layer(graph: Graph, rows: str, number: int, shape: str) -> str:
    """Append one transformer layer on (batch x length, WIDTH); `shape` holds (batch, length, WIDTH)."""
    name = f"encoder.layer.{number}"
    projected = [
        graph.node("Reshape", graph.linear(rows, f"{name}.attention.self.{part}", WIDTH, WIDTH), shape)
        for part in ("query", "key", "value")
    ]
    attended = graph.node("MultiHeadAttention", *projected, "", "mask", domain=FUSED, num_heads=HEADS)
    mixed = graph.linear(graph.node("Reshape", attended, "flat"), f"{name}.attention.output.dense", WIDTH, WIDTH)
    rows = graph.add_and_normalise(mixed, rows, f"{name}.attention.output.LayerNorm")
    wide = graph.node("Gelu", graph.linear(rows, f"{name}.intermediate.dense", INNER, WIDTH), domain=FUSED)
    return graph.add_and_normalise(graph.linear(wide, f"{name}.output.dense", WIDTH, INNER), rows, f"{name}.output.LayerNorm")


def mean(graph: Graph, states: str) -> str:
    """Return the mean of (batch, length, WIDTH) over the tokens that are not padding."""
    weights = graph.node("Unsqueeze", graph.node("Cast", "attention_mask", to=TensorProto.FLOAT), "two")
    total = graph.node("ReduceSum", graph.node("Mul", states, weights), "one", keepdims=0)
    return graph.node("Div", total, graph.node("ReduceSum", weights, "one", keepdims=0))


def build(pooled: bool) -> onnx.ModelProto:
    """Return the graph that gives one vector a text, or, not pooled, one a word piece."""
    graph = Graph()
    for name, value in (("zero", 0), ("one", 1), ("two", 2)):
        graph.constant(name, TensorProto.INT64, [1], [value])
    graph.constant("flat", TensorProto.INT64, [2], [-1, WIDTH])
    graph.nodes.append(helper.make_node("Cast", ["attention_mask"], ["mask"], name="mask", to=TensorProto.INT32))
    embedded = embeddings(graph)
    shape = graph.node("Shape", embedded)
    rows = graph.node("Reshape", embedded, "flat")
    for number in range(LAYERS):
        rows = layer(graph, rows, number, shape)
    states = graph.node("Reshape", rows, shape)
    if pooled:
        name, size = "embedding", ["batch", WIDTH]
        graph.nodes.append(helper.make_node("LpNormalization", [mean(graph, states)], [name], name=name, axis=-1, p=2))
    else:
        name, size = "states", ["batch", "length", WIDTH]
        graph.nodes.append(helper.make_node("Identity", [states], [name], name=name))
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size)]
    made = helper.make_graph(graph.nodes, "minilm", inputs, outputs, graph.initializers)
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=8, producer_name="copilot")


if __name__ == "__main__":
    for path, pooled in ((SOURCE / "outside" / "minilm.onnx", True), (SOURCE / "outside" / "states.onnx", False)):
        path.write_bytes(build(pooled).SerializeToString(deterministic=True))
        print(f"{path}: {path.stat().st_size:,} bytes")
