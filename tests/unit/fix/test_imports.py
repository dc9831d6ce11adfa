"""What a fix needs is imported once, where imports stand, under the name that the module already has."""

from __future__ import annotations

import pytest

from fixing import fixed, outcome, refusal, repair, span
from reprocheck.model.fix import AddImport, ReplaceExpression

NUMPY = AddImport("numpy", alias="np")


def with_import(text: str, wanted: AddImport, new: str = "np.f()") -> str:
    return fixed(text, wanted, ReplaceExpression(span(text, "USE"), new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = USE\n", "import numpy as np\n\nx = np.f()\n"),
        ("import numpy as np\nx = USE\n", "import numpy as np\nx = np.f()\n"),
        ("import numpy as xp\nx = USE\n", "import numpy as xp\nx = xp.f()\n"),
        ("import numpy\nx = USE\n", "import numpy\nx = numpy.f()\n"),
        ('"""Doc."""\nx = USE\n', '"""Doc."""\n\nimport numpy as np\nx = np.f()\n'),
        (
            '"""Doc."""\nfrom __future__ import annotations\n\nx = USE\n',
            '"""Doc."""\nfrom __future__ import annotations\n\nimport numpy as np\n\nx = np.f()\n',
        ),
        ("import os\n\nimport torch\n\nx = USE\n", "import os\n\nimport numpy as np\nimport torch\n\nx = np.f()\n"),
        ("import torch\nimport attr\n\nx = USE\n", "import torch\nimport attr\nimport numpy as np\n\nx = np.f()\n"),
        ("import os\n\nx = USE\n", "import os\n\nimport numpy as np\n\nx = np.f()\n"),
        (
            "#!/usr/bin/env python\n# A script.\nx = USE\n",
            "#!/usr/bin/env python\n# A script.\nimport numpy as np\n\nx = np.f()\n",
        ),
        (
            "def f():\n    import numpy as np\n    return np\nx = USE\n",
            "import numpy as np\n\ndef f():\n    import numpy as np\n    return np\nx = np.f()\n",
        ),
    ],
)
def test_a_module_is_imported_in_its_place(before: str, after: str) -> None:
    assert with_import(before, NUMPY) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from m import a\nx = USE\n", "from m import a, f\nx = f()\n"),
        ("from m import f as g\nx = USE\n", "from m import f as g\nx = g()\n"),
        ("from m import (\n    a,\n)\nx = USE\n", "from m import (\n    a,\n)\nfrom m import f\nx = f()\n"),
    ],
)
def test_a_name_joins_the_others_of_its_module(before: str, after: str) -> None:
    assert with_import(before, AddImport("m", "f"), "f()") == after


@pytest.mark.parametrize(
    "before", ["np = 1\nx = USE\n", "def f(np):\n    return USE\n", "import nothing as np\nx = USE\n"]
)
def test_a_name_that_means_something_else_is_not_taken(before: str) -> None:
    assert (
        refusal(before, NUMPY, ReplaceExpression(span(before, "USE"), "np.f()"))
        == "`np` means something else in this file"
    )


def test_two_fixes_import_once() -> None:
    text = "x = USE\ny = USE\n"
    fixes = [repair(NUMPY, ReplaceExpression(span(text, "USE", number), "np.f()")) for number in (1, 2)]
    assert outcome(text, *fixes).texts["train.py"] == b"import numpy as np\n\nx = np.f()\ny = np.f()\n"


def test_an_import_stands_in_front_of_its_first_use() -> None:
    text = "x = USE\nimport numpy as np\n"
    done = with_import(text, NUMPY)
    assert done.index("import numpy") < done.index("np.f()")
