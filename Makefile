# Two commands matter: `make run` and `make test`. Both install what they need; see .ci/setup.

SHELL := bash
shop = . .ci/setup build && exec "$$CARGO_TARGET_DIR/release/mikrodash"

.PHONY: help run demo standby-demo build package test simulate bench format

help: ## says this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: build ## starts the shop on http://localhost:3000, its data in ./data
	@$(shop) serve $(ARGS)

demo: build ## the same, with the demo shop in it
	@$(shop) serve --demo $(ARGS)

standby-demo: build ## a demo shop on port 3000, and a standby of it on port 4000
	@. .ci/setup build && .ci/standby-demo "$$CARGO_TARGET_DIR/release/mikrodash"

build: ## builds the shop in release
	@.ci/build

package: ## builds the shop as one program in target/package; TARGET=… for another system
	@.ci/package $(if $(TARGET),--target $(TARGET))

test: ## runs every check and test
	@.ci/test

simulate: ## runs more of the simulation: make simulate N=500000
	@. .ci/setup build && SIMULATED_SEEDS=$(or $(N),50000) SIMULATED_AFTER=$(or $(AFTER),0) cargo test --release --test integration -- --nocapture simulation::whatever

bench: build ## measures; the first time it makes a shop of ten years to measure with
	@[[ -e target/bench-shop/shop.db ]] || ($(shop) seed --data target/bench-shop)
	@. .ci/setup build && cargo bench $(ARGS)
	@[[ -n "$(ARGS)" ]] || (. .ci/setup bench && cd end2end && \
	    MIKRODASH_BIN="$$CARGO_TARGET_DIR/release/mikrodash" node_modules/.bin/playwright test --config bench.config.ts)

format: ## formats the code
	@. .ci/setup format && .ci/leptosfmt && cargo fmt
