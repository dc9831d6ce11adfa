"""What the rule on stale pipeline locks finds, and what looks alike."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_LOCK = """
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data/a.csv
      hash: md5
      md5: 00f7d50ab4278a7899d7499481c9603a
      size: 8
    - path: train.py
      hash: md5
      md5: 7b7407fdf45908376dc9b05dd0145854
      size: 15
    params:
      params.yaml:
        train.lr: 0.1
    outs:
    - path: scores.csv
      hash: md5
      md5: 00f7d50ab4278a7899d7499481c9603a
      size: 8
"""
_STAGE = """
stages:
  train:{mark}
    cmd: python train.py{more}
    deps:
      - data/a.csv
      - train.py
    params:
      - train.lr
    metrics:
      - scores.csv:
          cache: false
"""
_FRESH = _STAGE.format(mark="", more="")
_STALE = _STAGE.format(mark="  # expect: DAT005", more="")
_FILES = {
    "dvc.lock": _LOCK,
    "train.py": "print('train')",
    "data/a.csv": "1,2\n3,4",
    "scores.csv": "1,2\n3,4",
    "params.yaml": "train: {lr: 1e-1}",
}


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    _stale(rule)
    _unresolved(rule)
    _fresh(rule)


def _stale(rule: Rule) -> None:
    """Locks that no longer hold."""
    rule.flags({**_FILES, "dvc.yaml": _STALE, "train.py": "print('train again')"}, title="The script changed")
    rule.flags({**_FILES, "dvc.yaml": _STALE, "params.yaml": "train: {lr: 0.01}"}, title="A parameter changed")
    rule.flags({**_FILES, "dvc.yaml": _STALE, "scores.csv": "5,6"}, title="Metrics edited by hand")
    rule.flags(
        {**_FILES, "dvc.yaml": _STAGE.format(mark="  # expect: DAT005", more=" --fast")}, title="The command changed"
    )
    rule.flags({**_FILES, "dvc.yaml": _STALE, "data/a.csv": "9,9"}, title="The data changed")
    rule.flags(
        {
            **_FILES,
            "dvc.yaml": _FRESH + "  evaluate:  # expect: DAT005\n    cmd: python evaluate.py\n    deps: [train.py]\n",
        },
        title="A stage that never ran",
    )
    rule.flags(
        {
            "dvc.yaml": """
            stages:
              train:  # expect: DAT005
                cmd: python train.py
                deps: [train.py]
            """,
            "train.py": "print('train')",
        },
        title="No lock at all",
    )
    rule.flags(
        {
            "data/a.csv.dvc": """
            outs:
            - md5: d41d8cd98f00b204e9800998ecf8427e
              size: 0
              hash: md5
              path: a.csv  # expect: DAT005
            """,
            "data/a.csv": "1,2",
        },
        title="A tracked file that changed",
    )
    rule.flags(
        {
            "dvc.yaml": """
            stages:
              join:  # expect: DAT005
                cmd: python join.py
                deps: [parts]
                outs: [all.csv]
            """,
            "dvc.lock": """
            schema: '2.0'
            stages:
              join:
                cmd: python join.py
                deps:
                - path: parts
                  hash: md5
                  md5: 81395f7062200dc1d478ceddfff98db0.dir
                  nfiles: 2
                outs:
                - path: all.csv
                  hash: md5
                  md5: d41d8cd98f00b204e9800998ecf8427e
            """,
            "parts/a.csv": "1,2",
            "parts/b.csv": "3,4",
            "parts/c.csv": "5,6",
        },
        title="A file more in a folder",
    )


def _unresolved(rule: Rule) -> None:
    """Pipelines that DVC could not run."""
    rule.flags(
        {
            "dvc.yaml": """
            stages:
              train:  # expect: DAT005
                cmd: python train.py --lr ${train.lr}
                deps: [train.py]
            """,
            "params.yaml": "train: {rate: 0.1}",
            "train.py": "print('train')",
        },
        title="A parameter that was renamed",
    )


def _fresh(rule: Rule) -> None:
    """Locks that hold, and files that are none."""
    rule.allows({**_FILES, "dvc.yaml": _FRESH}, title="Nothing changed")
    rule.allows(
        {
            **_FILES,
            "dvc.yaml": """
            # a comment, another order and a template change nothing
            stages:
              train:
                desc: the model
                params: [train.lr]
                metrics: [scores.csv]
                deps: [train.py, "data/${name}.csv"]
                cmd: "python ${script}"
            vars:
              - name: a
              - script: train.py
            """,
        },
        title="Written otherwise",
    )
    rule.allows(
        {
            "dvc.yaml": """
            stages:
              join:
                cmd: python join.py
                deps: [parts]
                frozen: false
            """,
            "dvc.lock": """
            schema: '2.0'
            stages:
              join:
                cmd: python join.py
                deps:
                - path: parts
                  hash: md5
                  md5: 81395f7062200dc1d478ceddfff98db0.dir
                  nfiles: 2
              removed:
                cmd: python removed.py
            """,
            "parts/a.csv": "1,2",
            "parts/b.csv": "3,4",
            "parts/scratch.tmp": "5",
            ".dvcignore": "*.tmp",
        },
        title="A folder, and a file in it that DVC ignores",
    )
    rule.allows(
        {
            **_FILES,
            "dvc.yaml": _STAGE.format(mark="", more="").replace("cmd:", "frozen: true\n    cmd:"),
            "train.py": "print('another')",
        },
        title="Frozen on purpose",
    )
    rule.allows(
        {
            "docs/dvc.yaml": "plots: [loss.csv]",
            "data/import.csv.dvc": """
            deps:
            - path: https://example.com/import.csv
              etag: '"33a64df5"'
            outs:
            - md5: 3ecfad755fa825f7a17c5526ec44e651
              size: 4
              hash: md5
              path: import.csv
            """,
            "data/import.csv": "1,2",
        },
        title="An import that is as it was, and a file without stages",
    )
    rule.allows(
        {
            "configs/dvc.yaml.example": "stages: {train: {cmd: python train.py}}",
            "templates/project/dvc.yaml": "stages: {train: {cmd: python train.py, deps: [train.py]}}",
            "pipeline.yaml": "stages: {train: {cmd: python train.py}}",
        },
        title="Files of other names, and a template",
    )
