"""The bodies of the commands, one module each; `trainers.cli` loads a module only when its command runs."""
