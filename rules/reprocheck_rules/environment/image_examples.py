"""What the rule on unpinned images finds, and what looks alike."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_DIGEST = "@sha256:" + "0123456789abcdef" * 4


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    _moving(rule)
    _in_workflows(rule)
    _in_infrastructure(rule)
    _fixed(rule)


def _moving(rule: Rule) -> None:
    """Tags that mean something else tomorrow."""
    rule.flags(
        """
        # expect: ENV007
        FROM nvidia/cuda
        """,
        file="Dockerfile",
    )
    rule.flags(
        """
        ARG BASE=pytorch/pytorch:latest
        # expect: ENV007
        FROM ${BASE} AS train
        # expect: ENV007
        FROM python:slim AS serve
        # expect: ENV007
        COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/
        COPY --from=train /model /model
        # expect: ENV007
        FROM python:3.11-slim
        """,
        file="docker/Dockerfile.gpu",
    )
    rule.flags(
        """
        services:
          tracker:
            image: ghcr.io/mlflow/mlflow  # expect: ENV007
          store:
            image: minio/minio:latest  # expect: ENV007
          cache:
            image: ${CACHE_IMAGE:-redis:alpine}  # expect: ENV007
        """,
        file="docker-compose.yml",
    )
    rule.flags(
        """
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: train
        spec:
          template:
            spec:
              initContainers:
                - name: fetch
                  image: busybox  # expect: ENV007
              containers:
                - name: train
                  image: registry.example.com/team/train:main  # expect: ENV007
        """,
        file="k8s/train.yaml",
    )
    rule.flags(
        """
        jobs:
          test:
            runs-on: ubuntu-22.04
            container: python:3  # expect: ENV007
            services:
              db:
                image: postgres  # expect: ENV007
            steps:
              - uses: docker://alpine:edge  # expect: ENV007
        """,
        file=".github/workflows/test.yml",
    )
    rule.flags(
        """
        image: python:latest  # expect: ENV007
        train:
          image:
            name: nvidia/cuda:runtime-ubuntu22.04  # expect: ENV007
          services:
            - docker:dind  # expect: ENV007
        """,
        file=".gitlab-ci.yml",
    )
    rule.flags(
        """
        jobs:
          test:
            strategy:
              matrix:
                include:
                  - container: rocker/verse  # expect: ENV007
                  - container: null
            container: ${{ matrix.container }}
          check:
            container: ghcr.io/r-hub/containers/${{ matrix.image }}:latest  # expect: ENV007
        """,
        file=".github/workflows/matrix.yml",
    )
    rule.flags(
        """
        from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
        from kfp import dsl
        from zenml.config import DockerSettings

        @dsl.component(base_image="python:latest")  # expect: ENV007
        def train(rows: int) -> float: ...

        fit = KubernetesPodOperator(task_id="fit", image="team/fit")  # expect: ENV007
        settings = DockerSettings(parent_image="pytorch/pytorch:latest")  # expect: ENV007
        """
    )
    rule.flags(
        """
        api:
          image:
            repository: team/api
            tag: latest  # expect: ENV007
          replicas: 2
        """,
        file="charts/api/values.yaml",
    )
    rule.flags(
        """
        name: fraud
        docker_env:
          image: continuumio/miniconda3  # expect: ENV007
        """,
        file="MLproject",
    )


def _in_workflows(rule: Rule) -> None:
    """Images of Snakemake's rules."""
    rule.flags(
        """
        container: "docker://python:3.12.4-slim"  # expect: ENV007

        rule train:
            output: "model.pkl"
            container: "docker://team/train:latest"  # expect: ENV007
            shell: "python train.py {output}"
        """,
        file="Snakefile",
    )


def _in_infrastructure(rule: Rule) -> None:
    """Images of Terraform's resources and of variables for compose files."""
    rule.flags(
        """
        resource "docker_image" "base" {
          name = "pytorch/pytorch:latest"  # expect: ENV007
        }

        resource "kubernetes_job" "train" {
          spec {
            container {
              image = "team/train"  # expect: ENV007
            }
          }
        }
        """,
        file="infra/main.tf",
    )
    rule.flags(
        """
        TRACKER_IMAGE=team/tracker:latest  # expect: ENV007
        EPOCHS=3
        """,
        file=".env",
    )


def _fixed(rule: Rule) -> None:
    """Digests, what is built here, and what is no image."""
    rule.allows(
        {".circleci/config.yml": "executors:\n  windows:\n    machine:\n      image: windows-server-2022:stable\n"},
        title="a machine of the service",
    )
    rule.allows(
        {
            "Makefile": "image:\n\tdocker build -t acme/trainer .\n",
            "serve/Dockerfile": "FROM acme/trainer:latest\nCOPY . .\n",
            ".github/workflows/gpu.yml": """
                jobs:
                  test:
                    container: acme/trainer
                    steps: []
                """,
            "README.md": "Build the base with `docker build -f core/Dockerfile -t acme/core .` first.\n",
            "atari/Dockerfile": "ARG base=acme/core\nFROM ${base}\n",
            "docker-compose.yml": "services:\n  web:\n    image: ghcr.io/acme/web:main\n",
            ".github/workflows/release.yml": """
                jobs:
                  push:
                    steps:
                      - uses: docker/build-push-action@v6
                        with:
                          push: true
                          tags: ghcr.io/${{ github.repository_owner }}/web:main
                """,
        },
        title="images that the project builds",
    )
    rule.allows(
        f"""
        ARG VARIANT
        FROM python:3.11-slim{_DIGEST} AS base
        FROM base AS train
        FROM scratch
        COPY --from=train /model /model
        FROM ${{VARIANT}}
        """,
        file="Dockerfile",
    )
    rule.allows(
        """
        services:
          api:
            build: ./api
            image: team/api:latest
          worker:
            image: team/api:latest
          tracker:
            image: ${TRACKER_IMAGE}
        """,
        file="docker-compose.yml",
    )
    rule.allows(
        """
        model:
          image: latest
        image: encoder
        """,
        file="configs/model.yaml",
    )
    rule.allows(
        """
        jobs:
          build:
            container: ${{ matrix.image }}
            steps:
              - uses: actions/checkout@v4
              - uses: docker/build-push-action@v5
                with:
                  tags: team/train:latest
                  push: true
        """,
        file=".github/workflows/build.yml",
    )
    rule.allows(
        f"""
        from kfp import dsl
        from metaflow import kubernetes

        @dsl.component(base_image="python:3.11.9-slim{_DIGEST}", packages_to_install=["pandas==2.2.3"])
        def prepare(rows: int) -> int: ...

        @dsl.component
        def plain(rows: int) -> int: ...

        @kubernetes(image=IMAGE, memory=4000)
        def step(self): ...
        """
    )
    rule.allows(
        """
        image:
          repository: team/api
          tag: ""
        cover:
          repository: paintings
        """,
        file="charts/api/values.yaml",
    )
    rule.allows(
        """
        resource "google_compute_instance" "vm" {
          boot_disk {
            initialize_params {
              image = "debian-cloud/debian-12"
            }
          }
        }

        resource "aws_lambda_function" "predict" {
          image_uri = "${aws_ecr_repository.repo.repository_url}:latest"
        }
        """,
        file="infra/main.tf",
    )
    rule.allows(
        """
        IMAGE_SIZE=224
        DOCKER_IMAGE=
        BASE_IMAGE=team/train:1.4.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        """,
        file=".env",
    )
