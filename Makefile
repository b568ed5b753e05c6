# Two commands do it all: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
RUN := checkpoints/my-demo
REPORT := reports/my-demo

.PHONY: demo test lint wheel clean

demo: $(RUN)/scores.json
	@echo
	$(BIN)/python translate.py --checkpoint $(RUN) "I am a boy who likes to learn." "I am a girl who likes to learn."
	@echo
	$(BIN)/python -m seq2seq.probing $(RUN) --quick --out $(REPORT)
	@echo
	@echo "The run is in $(RUN), the report in $(REPORT)/report.html: open it in a browser. Next, try:"
	@echo "  $(BIN)/python translate.py --checkpoint $(RUN)          translate at a prompt"
	@echo "  $(BIN)/python -m seq2seq.probing $(RUN)                 the full report, with 100 random sets of units"
	@echo "  $(BIN)/python train.py --out checkpoints/default        the default recipe, with attention (10 minutes)"

# a run that was interrupted begins anew; a finished one is kept
$(RUN)/scores.json: | .venv/installed
	rm -rf $(RUN)
	$(BIN)/python train.py --recipe demo --out $(RUN)

test: .venv/installed
	$(BIN)/python -m pytest

lint: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# dist/seq2seq-*.whl, tried in an empty folder
wheel: .venv/installed
	$(BIN)/python -m tests.wheel

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv dist $(RUN) $(REPORT)
