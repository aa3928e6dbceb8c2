"""What TensorBoard reads: events in a file of length-prefixed records, written with its own messages and checksums.

Nothing here imports TensorFlow, which TensorBoard itself does where it is installed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.compat.proto.versions_pb2 import VersionDef
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter

from digits_core.contracts.tracker import TrackedJob
from digits_core.graph.graph import Graph
from digits_core.spec.files import dump_yaml
from digits_trackers.parameters import parameters


class EventFile:
    """One event file.

    Args:
        folder: Where it is made.
        suffix: End of its name; names of later files come later in the alphabet.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        self.path = folder / f"events.out.tfevents.{int(time.time()):010d}.{suffix}"
        self._stream = open(self.path, "wb")
        self._records = RecordWriter(self._stream)
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def describe(self, moment: float, job: TrackedJob) -> None:
        """What the job was asked, and its network."""
        info = plugin_data_pb2.SessionStartInfo(group_name=job.id, start_time_secs=moment)
        for name, value in parameters(job.request).items():
            info.hparams[name].CopyFrom(_value(value))
        self._hparams(moment, metadata.SESSION_START_INFO_TAG, session_start_info=info)
        self.text(moment, 0, "request", f"```yaml\n{dump_yaml(job.request['spec'])}```")
        self._add(Event(wall_time=moment, graph_def=graph_message(job.graph).SerializeToString()))

    def scalar(self, moment: float, step: int, name: str, value: float) -> None:
        """A value of a curve, at a step."""
        self._summary(moment, step, Summary.Value(tag=name, simple_value=value))

    def text(self, moment: float, step: int, name: str, text: str) -> None:
        """Markdown, at a step."""
        tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()], tensor_shape=_shape(1))
        about = text_metadata.create_summary_metadata(name, "")
        self._summary(moment, step, Summary.Value(tag=name, metadata=about, tensor=tensor))

    def forget_after(self, moment: float, step: int) -> None:
        """What earlier files of the job say of later steps no longer counts."""
        self._add(Event(wall_time=moment, step=step + 1, session_log=SessionLog(status=SessionLog.START)))

    def ended(self, moment: float, step: int, *, well: bool) -> None:
        """The run has ended."""
        status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
        info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=moment)
        self._hparams(moment, metadata.SESSION_END_INFO_TAG, step, session_end_info=info)

    def flush(self) -> int:
        """Write everything, durably; returns the size of the file."""
        self._records.flush()
        os.fsync(self._stream.fileno())
        return self._stream.tell()

    def close(self) -> None:
        """End the file."""
        self._records.close()

    def _hparams(self, moment: float, tag: str, step: int = 0, **data: Any) -> None:
        about: SummaryMetadata = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data))
        self._summary(moment, step, Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR))

    def _summary(self, moment: float, step: int, value: Summary.Value) -> None:
        self._add(Event(wall_time=moment, step=step, summary=Summary(value=[value])))

    def _add(self, event: Event) -> None:
        self._records.write(event.SerializeToString())


def graph_message(graph: Graph) -> GraphDef:
    """The network for TensorBoard's page of graphs: a node per layer, with its operation, shape and fields."""
    nodes = [
        NodeDef(
            name=layer.name,
            op=layer.op.kind,
            input=layer.inputs,
            attr={
                "_output_shapes": AttrValue(list=AttrValue.ListValue(shape=[_shape(-1, *layer.output)])),
                **{
                    key: AttrValue(s=str(value).encode())
                    for key, value in layer.op.model_dump(mode="json", exclude_defaults=True).items()
                },
            },
        )
        for layer in graph.layers
    ]
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def _shape(*sizes: int) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def _value(value: str | float | bool) -> struct_pb2.Value:
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    return struct_pb2.Value(number_value=value)
