.PHONY: help deps build test bench
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'
build: ## Build everything
	swift build
test: ## Run every test
	swift test
bench: ## Run every benchmark in release mode (ARGS="--json --runs 3" is passed on)
	swift build -c release --product skald-bench
	"$$(swift build -c release --show-bin-path)/skald-bench" all $(ARGS)
