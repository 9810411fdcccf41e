.PHONY: help deps build test
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'
build: ## Build everything
	swift build
test: ## Run every test
	swift test
