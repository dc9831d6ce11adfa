"""Executes a notebook from top to bottom in a new kernel; started as a program in the user's interpreter.

It imports nothing of reprocheck: `python notebook_runner.py NOTEBOOK TARGET`. The executed notebook is written to
TARGET whether or not a cell failed. Exit codes: 0, 1 when a cell failed, 125 when it could not begin.
"""

import sys

CANT_BEGIN = 125


def main(source: str, target: str) -> int:
    """Execute and write; cells fail as they would in a script: the rest isn't run."""
    try:
        import nbformat
        from jupyter_client.kernelspec import KernelSpecManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError as error:
        sys.stderr.write(
            f"reprocheck: notebooks need nbclient and ipykernel in {sys.executable} ({error}): "
            f"{sys.executable} -m pip install nbclient ipykernel\n"
        )
        return CANT_BEGIN
    try:
        notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 — nbformat raises many kinds, all of them about the file
        sys.stderr.write(f"reprocheck: {source} is no notebook: {error}\n")
        return CANT_BEGIN
    wanted = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    kernel = wanted if wanted in KernelSpecManager().find_kernel_specs() else "python3"
    code = 0
    try:
        NotebookClient(notebook, timeout=None, kernel_name=kernel).execute()
    except CellExecutionError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    nbformat.write(notebook, target)  # type: ignore[no-untyped-call]
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
