from hrsnn_edge.reproduce.version import code_version, import_closure


def test_closure_follows_imports():
    """A table depends on the kernel that runs its networks, and not on a board or a verb."""
    found = import_closure("hrsnn_edge.reproduce.memory")
    assert "hrsnn_edge.engine.float_current" in found
    assert "hrsnn_edge.errors" in found
    assert not [name for name in found if ".cli" in name or ".artifact" in name]


def test_versions_differ_by_module():
    """Two modules have different versions, one module always the same."""
    one, two = "hrsnn_edge.errors", "hrsnn_edge.files"
    assert code_version(one) == code_version(one) != code_version(two)
