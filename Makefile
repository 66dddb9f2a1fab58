PY := .venv/bin/python
.PHONY: test
test:
	$(PY) -m pytest tests
