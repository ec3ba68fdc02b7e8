"""The browser side: an HTTP API over the services, a Gradio shell around own ES modules, and what keeps both safe."""
