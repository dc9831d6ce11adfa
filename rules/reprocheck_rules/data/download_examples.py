"""What the rule on unverified downloads finds, and what looks alike."""

from __future__ import annotations

from reprocheck.rulekit import Rule


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    _unverified(rule)
    _unverified_by_commands(rule)
    _unverified_in_scripts(rule)
    _fixed(rule)
    _verified(rule)


def _unverified(rule: Rule) -> None:
    """Names and addresses that may hold other data tomorrow."""
    rule.flags(
        """
        from datasets import load_dataset

        wiki = load_dataset("wikitext", "wikitext-2-raw-v1", split="train")  # expect: DAT004
        books = load_dataset("bookcorpus/bookcorpus", streaming=True)  # expect: DAT004
        main = load_dataset("squad", revision="main")  # expect: DAT004
        rows = load_dataset("csv", data_files="https://data.example.com/train.csv")  # expect: DAT004
        """
    )
    rule.flags(
        """
        import pandas as pd
        from sklearn.datasets import fetch_openml

        X, y = fetch_openml("adult", return_X_y=True, as_frame=True)  # expect: DAT004
        mnist = fetch_openml(name="mnist_784", version="active")  # expect: DAT004
        wine = pd.read_csv("https://data.example.com/wine/winequality-red.csv", sep=";")  # expect: DAT004
        """
    )
    rule.flags(
        """
        import urllib.request

        import gdown
        import requests
        from tensorflow import keras

        URL = "https://data.example.com/images/train.zip"

        urllib.request.urlretrieve(URL, "train.zip")  # expect: DAT004
        path = keras.utils.get_file("shakespeare.txt", "https://data.example.com/shakespeare.txt")  # expect: DAT004
        gdown.download("https://drive.google.com/uc?id=1AbC", "weights.pth")  # expect: DAT004
        content = requests.get("https://raw.githubusercontent.com/org/repo/master/input.txt").text  # expect: DAT004
        """
    )
    rule.flags(
        """
        import kagglehub
        from torchvision.datasets.utils import download_and_extract_archive, download_url

        download_url("https://data.example.com/labels.json", root)  # expect: DAT004
        download_and_extract_archive(url="https://data.example.com/images.tgz", download_root=root)  # expect: DAT004
        folder = kagglehub.dataset_download("owner/flowers")  # expect: DAT004
        """
    )


def _unverified_by_commands(rule: Rule) -> None:
    """Commands that a program hands to the shell."""
    rule.flags(
        """
        import os
        import subprocess

        HOME = "https://data.example.com/graphs"
        os.system("wget https://data.example.com/words.zip")  # expect: DAT004
        os.system(f"cd data && curl -O {HOME}/cora.tgz")  # expect: DAT004
        subprocess.run(["wget", "-q", HOME + "/words.csv", "-O", "words.csv"], check=True)  # expect: DAT004
        subprocess.check_call("wget %s -P data" % "https://data.example.com/words.h5", shell=True)  # expect: DAT004

        def download(name):
            url = "https://data.example.com/graphs/{0}.zip".format(name)
            packed = os.path.basename(url)
            os.system("wget {0}; unzip {1}".format(url, packed))  # expect: DAT004
        """,
        title="by a command",
    )
    rule.allows(
        """
        import os
        import subprocess

        os.system("wget https://zenodo.org/record/1234/files/words.zip")
        os.system("wget https://data.example.com/v1.2/words.zip")
        os.system("echo https://data.example.com/words.zip")
        os.system("wget " + address())
        subprocess.run(["git", "clone", "https://github.com/example/words"])
        subprocess.run(["curl", "https://data.example.com/status"])
        """,
        title="a command that names what stays, or no data",
    )


def _unverified_in_scripts(rule: Rule) -> None:
    """Commands."""
    rule.flags(
        """
        #!/bin/sh
        mkdir -p data
        wget -P data https://data.example.com/train.tar.gz  # expect: DAT004
        curl -L https://data.example.com/vocab.json -o data/vocab.json  # expect: DAT004
        gdown "https://drive.google.com/uc?id=1AbC" -O weights.zip  # expect: DAT004
        """,
        file="download.sh",
    )
    rule.flags(
        """
        FROM python:3.12.4-slim
        # expect: DAT004
        RUN wget -q https://data.example.com/model/weights.pth -O /models/weights.pth
        """,
        file="Dockerfile",
    )


def _fixed(rule: Rule) -> None:
    """Versions, revisions and content that are stated."""
    rule.allows(
        """
        import pandas as pd
        from datasets import load_dataset
        from sklearn.datasets import fetch_california_housing, fetch_openml

        wiki = load_dataset("wikitext", "wikitext-2-raw-v1", revision="b08601e04326c79dfdd32d625aee71d232d685c3")
        pinned = load_dataset("org/corpus", revision=settings.revision)
        local = load_dataset("csv", data_files={"train": "data/train.csv"})
        folder = load_dataset("imagefolder", data_dir="data/images")
        script = load_dataset("./my_dataset.py")
        saved = load_dataset(data_path)
        adult = fetch_openml("adult", version=2)
        digits = fetch_openml(data_id=554)
        houses = fetch_california_housing()
        table = pd.read_csv("data/train.csv")
        frozen = pd.read_csv("https://zenodo.org/record/4567890/files/train.csv")
        at_commit = pd.read_csv(
            "https://raw.githubusercontent.com/org/repo/052e652d6d53c2b26ffde87e039b723949a53493/train.csv"
        )
        release = pd.read_csv("https://github.com/org/repo/releases/download/v1.2/train.csv")
        """
    )
    rule.allows(
        """
        import pooch
        from tensorflow import keras
        from torchvision import datasets
        from torchvision.datasets.utils import download_url

        url = "https://data.example.com/labels.json"
        download_url(url, root, "labels.json", "3ecfad755fa825f7a17c5526ec44e651")
        keras.utils.get_file("train.zip", url, file_hash="0b5e7cdd")
        pooch.retrieve(url, known_hash="sha256:0b5e7cdd")
        mnist = datasets.MNIST(root, download=True)
        """
    )
    rule.allows(
        """
        import requests
        from urllib.request import urlopen

        response = requests.get("https://api.example.com/v1/experiments", params={"page": 2})
        page = urlopen("https://example.com/docs/index.html").read()
        health = requests.get("http://localhost:8000/data.json")
        stored = requests.get(f"{server}/items")
        """
    )


def _verified(rule: Rule) -> None:
    """Hashes that the code computes itself."""
    rule.allows(
        """
        import hashlib
        import urllib.request

        def download(url, path, expected):
            urllib.request.urlretrieve("https://data.example.com/train.zip", path)
            if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                raise RuntimeError(f"{url} is not what it was")
        """
    )
    rule.allows(
        """
        import wget

        from utils import verify_checksum

        wget.download("https://data.example.com/train.zip", "train.zip")
        verify_checksum("train.zip")
        """
    )
    rule.allows(
        """
        #!/bin/sh
        wget https://data.example.com/train.tar.gz
        sha256sum -c train.tar.gz.sha256
        curl -fsS https://example.com/health
        wget https://data.example.com/v1.4/train.tar.gz
        echo "wget https://data.example.com/other.zip"
        """,
        file="download.sh",
    )
    rule.allows(
        """
        #!/bin/sh
        curl -s https://api.example.com/runs | jq .
        wget https://github.com/org/repo/releases/download/v2.0/weights.pth
        git clone https://github.com/org/data.git
        """,
        file="setup.sh",
    )
