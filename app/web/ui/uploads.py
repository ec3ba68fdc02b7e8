"""A place to drop files or folders on. They go to an own route, which keeps names and folders as they are."""

import gradio as gr

from app.web.ui.events import module

_TEMPLATE = """
<div class="dropzone" data-dropzone>
  <p>or drop images or a folder here</p>
  <p><label class="link">choose files<input type="file" multiple accept="image/*,.tif,.tiff" data-files></label>
     <span class="quiet">·</span>
     <label class="link">choose a folder<input type="file" webkitdirectory data-folder></label></p>
  <p class="note" role="status" data-note></p>
</div>
"""
_MOUNT = f"""
{module("upload.js")}.then(({{mountUpload}}) =>
  mountUpload(element, {{api: '/api', onDone: () => trigger('submit')}}));
"""


def upload_zone(elem_id: str) -> gr.HTML:
    """The component; its ``submit`` event says that an import of uploads was started."""
    return gr.HTML(html_template=_TEMPLATE, js_on_load=_MOUNT, elem_id=elem_id, apply_default_css=False)
