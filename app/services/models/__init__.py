"""Networks of this workspace: kept, named, chosen, handed on."""

from app.services.models.onnx import export_onnx
from app.services.models.registry import (
    Training,
    delete,
    export,
    get,
    id_of,
    import_file,
    in_use,
    list_all,
    name_of,
    offered,
    register,
    resolve,
    use,
    weights_of,
)

__all__ = [
    "Training",
    "delete",
    "export",
    "export_onnx",
    "get",
    "id_of",
    "import_file",
    "in_use",
    "list_all",
    "name_of",
    "offered",
    "register",
    "resolve",
    "use",
    "weights_of",
]
