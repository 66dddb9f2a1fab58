from hrsnn_edge.reproduce.version import bare_code, code_version, import_closure


def test_closure_follows_imports():
    """A table depends on the kernel that runs its networks, and not on a board or a verb."""
    found = import_closure("hrsnn_edge.reproduce.memory")
    assert "hrsnn_edge.engine.float_current" in found
    assert "hrsnn_edge.errors" not in found
    assert not [name for name in found if ".cli" in name or ".flow" in name or ".artifact" in name]


def test_versions_differ_by_module():
    """Two modules have different versions, one module always the same."""
    one, two = "hrsnn_edge.errors", "hrsnn_edge.files"
    assert code_version(one) == code_version(one) != code_version(two)


def test_words_are_no_code():
    """Comments, docstrings and layout leave the version alone; a changed number does not."""
    plain = "def f(x):\n    return x + 1\n"
    said = 'def f(x):\n    """Add."""\n    # One.\n    return (x\n            + 1)\n'
    assert bare_code(plain) == bare_code(said)
    assert bare_code(plain) != bare_code(plain.replace("1", "2"))
