"""Starts the agent, then makes way for the sitecustomize that the interpreter would have found without it.

Any Python may meet this file, Python 2 too, so it keeps to what all of them can read. Format of what it writes when it
can't start the agent: docs/internals/journal.md.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _start():
    # type: () -> None
    """Load the agent from the folder above under a private name."""
    import _frozen_importlib as bootstrap
    import _frozen_importlib_external as external

    name = "_reprocheck_agent"
    if name in sys.modules:
        return
    folder = os.path.dirname(_HERE)
    spec = external.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    sys.modules[name] = module = bootstrap.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    from _reprocheck_agent import boot  # type: ignore[import-not-found]

    boot.start(os.environ.get("REPROCHECK_AGENT", ""))


def _say(reason):
    # type: (str) -> None
    """Leave a gap in the journal by hand: the agent itself could not."""
    try:
        folder = os.environ.get("REPROCHECK_AGENT", "").partition("\n")[0]
        text = "".join(letter for letter in reason if letter.isalnum() or letter in " .:_-()'")
        line = '{"event":"gap","time":0,"pid":%d,"started":0,"channel":"agent","reason":"%s"}\n' % (os.getpid(), text)
        target = os.path.join(folder, "agent-%d-0.jsonl" % os.getpid())
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 384)
        os.write(descriptor, line.encode("ascii", "replace"))
        os.close(descriptor)
    except Exception:  # the user's program goes on, whatever happens to the journal
        pass


def _make_way():
    # type: () -> None
    """Run the next sitecustomize as if this one weren't there.

    Without one, ImportError under that very name is what the interpreter expects and passes over in silence.
    """
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.getcwd()) != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    ours = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    finally:
        if sys.version_info < (3,) and "sitecustomize" not in sys.modules:
            sys.modules["sitecustomize"] = ours


if os.environ.get("REPROCHECK_AGENT"):
    if sys.version_info >= (3, 8):
        try:
            _start()
        except Exception as error:  # never the user's problem
            _say("the agent could not start: %s" % error)
    else:
        _say("Python %d.%d is older than 3.8" % sys.version_info[:2])
_make_way()
