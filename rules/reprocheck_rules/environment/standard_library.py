"""Modules that come with Python, whichever version runs this, and with the programs that run code."""

from __future__ import annotations

import sys
from typing import Final

_COME_AND_GONE: Final = """\
annotationlib asynchat asyncore binhex cgi cgitb chunk compression crypt distutils imghdr imp lib2to3 mailcap msilib
nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib tomllib uu xdrlib zoneinfo
dummy_threading formatter macpath macurl2path graphlib
"""
"""Added or removed between 3.6 and 3.15."""
_PYTHON_2: Final = """\
ConfigParser Queue StringIO cPickle cStringIO commands cookielib Cookie copy_reg __builtin__ HTMLParser httplib
urllib2 urlparse Tkinter tkMessageBox tkFileDialog SocketServer xmlrpclib anydbm dbhash md5 sets exceptions thread
BaseHTTPServer SimpleHTTPServer UserDict UserList UserString htmlentitydefs robotparser sha popen2 mimetools rfc822
htmllib sgmllib dircache statvfs
"""
"""Of Python 2."""
_HOSTS: Final = """\
dbutils databricks_dapi kaggle_secrets kaggle_datasets kaggle_web_client bpy bmesh mathutils maya hou nuke unreal
omni carb pxr arcpy sublime vim lldb gdb ida_idaapi idaapi idautils micropython machine js pyodide pyodide_js
browser awsglue notebookutils mssparkutils cog pip setuptools wheel pkg_resources easy_install sitecustomize
usercustomize mage_ai default_repo
"""
"""Hosted notebooks, other applications, installers."""
STANDARD: Final = sys.stdlib_module_names | set(_COME_AND_GONE.split()) | set(_PYTHON_2.split()) | {"__main__"}
"""Top-level names of the standard library."""
PROVIDED: Final = frozenset(_HOSTS.split())
"""What the program that runs the code brings."""
IN_NOTEBOOKS: Final = frozenset({"IPython", "ipykernel", "ipywidgets", "jupyter_core", "matplotlib_inline", "nbformat"})
"""What runs a notebook."""
PROVIDED_BELOW: Final = ("google.colab", "matlab.engine")
"""What is brought below a package that others share."""
ON_COLAB: Final = frozenset(
    {
        "absl-py", "albumentations", "beautifulsoup4", "bokeh", "cvxpy", "dask", "datasets", "dm-tree", "flax",
        "gdown", "gensim", "gym", "gymnasium", "h5py", "huggingface-hub", "imageio", "imbalanced-learn", "jax",
        "joblib", "keras", "librosa", "lightgbm", "matplotlib", "networkx", "nltk", "numba", "numpy", "opencv-python",
        "optax", "pandas", "pandas-datareader", "pillow", "plotly", "psutil", "pydot", "pyyaml", "regex", "requests",
        "scikit-image", "scikit-learn", "scipy", "seaborn", "sentencepiece", "soundfile", "spacy", "statsmodels",
        "sympy", "tensorboard", "tensorflow", "tensorflow-datasets", "tensorflow-hub", "tensorflow-probability",
        "textblob", "tokenizers", "torch", "torchaudio", "torchvision", "tqdm", "transformers", "wordcloud", "xarray",
        "xgboost", "yfinance",
    }
)  # fmt: skip
"""Distributions that Google's notebook service has installed, as of 2026."""
