import subprocess
import sys

import trainlab.data


def test_every_public_name_exists_and_the_list_is_sorted() -> None:
    assert sorted(trainlab.data.__all__) == trainlab.data.__all__
    for name in trainlab.data.__all__:
        assert hasattr(trainlab.data, name)


def test_importing_the_package_loads_no_heavy_library() -> None:
    program = "import sys, trainlab.data; print(*{'PIL', 'torch', 'matplotlib', 'urllib.request'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
