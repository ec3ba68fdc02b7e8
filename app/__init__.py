"""An interactive annotation assistant: label-free mask proposals, review in the browser, exact export."""
