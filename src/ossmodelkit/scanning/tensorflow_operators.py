"""What a TensorFlow operator is known to do, by its name and its constant texts."""

from __future__ import annotations

import re

from ossmodelkit.formats.tensorflow import TensorflowNode
from ossmodelkit.scanning.paths import leaves_folder
from ossmodelkit.scanning.tables import words


def is_registered(operator: str) -> bool:
    """Whether TensorFlow, or a package that is known to compute only, brings this operator along."""
    space, foreign, _ = operator.partition(">")
    if foreign:
        return space in words("operators", "tensorflow", "namespaces", "known")
    return (
        operator in words("tensorflow_operators", "names")
        or operator in words("operators", "tensorflow", "companions", "names")
        or operator.startswith(tuple(words("operators", "tensorflow", "companions", "prefixes")))
    )


def reaches_files(node: TensorflowNode) -> bool:
    """Whether running this node opens a file or a socket; tables of assets are judged by their path."""
    if node.operator in words("operators", "tensorflow", "files", "assets"):
        return False
    return (
        node.operator in words("operators", "tensorflow", "files", "names")
        or is_dataset_of_files(node.operator)
        or FILE_VERB.fullmatch(node.operator) is not None
        or (node.operator in ("DecodeProtoV2", "EncodeProto") and any(map(_is_descriptor_file, node.texts)))
        or (node.operator in words("operators", "tensorflow", "print", "names") and _prints_to_file(node))
    )


def is_dataset_of_files(operator: str) -> bool:
    """Whether its name says that it is a data set which lies in files."""
    return (
        re.fullmatch(r"\w*(File|Files|Record|TextLine|Sql|Csv|CSV|Avro|Parquet|Kafka|Mongo)\w*Dataset(V\d+)?", operator)
        is not None
    )


# tensorflow-io and custom operators; TensorFlow's own are in the table.
FILE_VERB = re.compile(
    r"(IO>)?\w*(Read|Write|Copy|Delete|Rename|Create|Append|Open)\w*(File|Dir|Directory)\w*|IO>\w*(HTTP|Kafka|Pulsar|Mongo|SQL|Big|Elastic)\w*"
)


def _is_descriptor_file(text: str) -> bool:
    """A path where the text of a descriptor could stand."""
    return not text.startswith(("local://", "bytes://")) and leaves_folder(text)


def _prints_to_file(node: TensorflowNode) -> bool:
    return any(re.search(r"\b(file|grpc)://", text) for text in node.texts)
