"""Nothing runs when the code changes: the repository has no continuous integration.

## Why
That it worked on one machine once is all that is known. A dependency that was released since, a file that was never
committed, a test that fails: the first to notice is whoever tries to reproduce the result.

## Fix
One job that installs from the lock file and runs the tests and a training run of a few steps. A file
`.github/workflows/ci.yml` or `.gitlab-ci.yml` with five lines is enough.

## Notes
Files of GitHub, GitLab, CircleCI, Travis, Jenkins, Azure, Bitbucket, AppVeyor, Drone, Woodpecker, Buildkite, Cirrus and
cloud builders are known. What a service keeps outside of the repository can't be seen.
"""

from reprocheck.rulekit import Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import at_files, ci_files, counted, gap_at_root

rule = Rule("PRJ004", "no-ci", __doc__, severity="note")


@rule.on_practice
def check(project: Project) -> Practice:
    """Files of services that run something for each change."""
    files = ci_files(project)
    python = len(project.index.files)
    if not python:
        return not_applicable("no Python")
    looked_at = f"{counted(python, 'Python file')} and {counted(len(files), 'file')} of continuous integration"
    if files:
        return Practice(looked_at=looked_at, found=at_files(files, "says what runs when the code changes"))
    return Practice(
        looked_at=looked_at, gap=gap_at_root(project, "nothing runs when the code changes: no continuous integration")
    )


_CODE = {"train.py": "print(1)\n"}
_JOB = "jobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: pytest\n"

rule.flags(_CODE)
rule.flags({**_CODE, "README.md": "# Model\n"})
rule.flags({**_CODE, ".github/ISSUE_TEMPLATE/bug.yml": "name: bug\n"}, title="Only templates")
rule.flags({**_CODE, ".github/dependabot.yml": "version: 2\n"}, title="Only updates")
rule.flags({**_CODE, "Makefile": "test:\n\tpytest\n"}, title="Runs when somebody remembers")
rule.flags({**_CODE, "docs/.github/workflows/ci.yml": _JOB}, title="Not where the service looks")
rule.allows({**_CODE, ".github/workflows/ci.yml": _JOB})
rule.allows({**_CODE, ".github/workflows/tests.yaml": _JOB})
rule.allows({**_CODE, ".gitlab-ci.yml": "test:\n  script:\n    - pytest\n"})
rule.allows({**_CODE, ".circleci/config.yml": "version: 2.1\n"})
rule.allows({**_CODE, ".travis.yml": "language: python\n"})
rule.allows({**_CODE, "azure-pipelines.yml": "steps:\n  - script: pytest\n"})
