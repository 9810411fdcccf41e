# `make` or `make help` lists what there is to do.

# Debian packages: C libraries with their headers, the servers, and the Python clients of participants in Python.
DEBIAN_PACKAGES := \
	librabbitmq-dev libssl-dev libpq-dev libyaml-dev pkg-config \
	rabbitmq-server postgresql openssl \
	python3-pika python3-psycopg2

# Libraries others use: their documentation shows what is public; that of the others what the house shares.
PUBLIC_LIBRARIES := AMQP Postgres Messaging Participant

# The executables that `skald up` runs.
SERVICES := OrderService ConsumerService KitchenService AccountingService OrchestratorService

# The tests that start servers.
WITH_SERVERS := ^(LocalServersTests|IntegrationTests|EndToEndTests)\.

.DEFAULT_GOAL := help
.PHONY: help deps build demo lint check test test-full test-sanitize bench docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

deps: ## Install what is missing from Debian; without root say how
	@missing=''; \
	for package in $(DEBIAN_PACKAGES); do \
	    case "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" in \
	        installed) ;; *) missing="$$missing $$package" ;; \
	    esac; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then \
	    echo "Packages are missing. Run this, then try again:"; \
	    echo "  sudo make deps"; \
	    echo "It installs:$$missing"; \
	    exit 1; \
	fi; \
	sh .ci/install-packages $$missing

build: deps ## Build everything, tests included
	swift build --build-tests

demo: deps ## Start everything, place the orders of an evening, show what became of them, stop
	swift build --product skald
	@for service in $(SERVICES); do swift build --product $$service || exit 1; done
	@sh sagas/fixtures/demo.sh "$$(swift build --show-bin-path)/skald"

lint: ## Check the format of all Swift files (swift format -i -r Sources Tests Package.swift repairs)
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

# A debug build is quick enough: together these take seconds.
check: deps ## Check the sagas: everything that can happen, the scenarios, the recorded histories
	swift build --product skald
	@set -e; skald="$$(swift build --show-bin-path)/skald"; \
	for command in check scenario replay; do echo "skald $$command"; "$$skald" $$command; done

# What computes for seconds runs first, and tests with servers one by one: on a small machine they would keep each other
# from answering in time.
test: deps lint build check ## Run every test, with real servers it starts itself
	.ci/tests --skip-build --skip '$(WITH_SERVERS)'
	.ci/tests --skip-build --no-parallel --filter '$(WITH_SERVERS)'

test-full: deps build ## Run the participant's storm and poison tests at full size: 20,000 and 11,000 commands
	SKALD_FULL_TESTS=1 swift test --skip-build --filter 'StormTests|PoisonTests'

# $(call sanitized,thread): builds and runs the tests under a sanitizer; as in `test`, those with servers one by one.
define sanitized
	swift build --build-tests --sanitize $(1) --scratch-path .build/$(1)
	.ci/tests --skip-build --sanitize $(1) --scratch-path .build/$(1) $(if $(FILTER),--no-parallel $(FILTER),--skip RepositoryTests --skip '$(WITH_SERVERS)')
	$(if $(FILTER),,.ci/tests --skip-build --sanitize $(1) --scratch-path .build/$(1) --no-parallel --filter '$(WITH_SERVERS)')
endef

# What has been freed is kept in quarantine; more of it than this, and the tests of bounded memory measure the sanitizer. The
# suppressions look for frames that are far down.
test-sanitize: export TSAN_OPTIONS = halt_on_error=0 suppressions=$(CURDIR)/.ci/thread-sanitizer-suppressions
test-sanitize: export ASAN_OPTIONS = quarantine_size_mb=16:malloc_context_size=64
test-sanitize: export LSAN_OPTIONS = suppressions=$(CURDIR)/.ci/leak-sanitizer-suppressions
test-sanitize: deps ## Run the tests under the thread and the address sanitizer (FILTER="--filter AMQP" narrows)
	$(call sanitized,thread)
	$(call sanitized,address)

bench: deps ## Run every benchmark in release mode (ARGS="--json --runs 3" is passed on)
	swift build -c release --product skald-bench
	@for service in $(SERVICES); do swift build -c release --product $$service || exit 1; done
	"$$(swift build -c release --show-bin-path)/skald-bench" all $(ARGS)

docs: deps ## Build the documentation of every library that has a catalog into docs-build/
	@set -e; swift build; modules="$$(swift build --show-bin-path)/Modules"; \
	maps="$$(for map in Sources/System/*/module.modulemap; do echo "-Xcc -fmodule-map-file=$$map"; done)"; \
	flags="$$(pkg-config --cflags-only-I librabbitmq openssl libpq yaml-0.1 | sed 's/-I/-Xcc -I/g')"; \
	for catalog in Sources/*/*.docc; do \
	    library="$$(basename "$$catalog" .docc)"; graphs="docs-build/symbols/$$library"; \
	    case " $(PUBLIC_LIBRARIES) " in *" $$library "*) level=public ;; *) level=package ;; esac; \
	    rm -rf "$$graphs" "docs-build/$$library"; mkdir -p "$$graphs"; \
	    swift symbolgraph-extract -module-name "$$library" -minimum-access-level $$level -I "$$modules" \
	        -target "$$(swift -print-target-info | sed -n 's/.*"triple" *: *"\(.*\)".*/\1/p' | head -1)" \
	        $$maps $$flags -output-dir "$$graphs"; \
	    docc convert "$$catalog" --additional-symbol-graph-dir "$$graphs" --output-path "docs-build/$$library" \
	        --fallback-display-name "$$library" --fallback-bundle-identifier "skald.$$library" \
	        >"docs-build/$$library.log" 2>&1 || { cat "docs-build/$$library.log"; exit 1; }; \
	    if grep -E '^(warning|error):' "docs-build/$$library.log" | grep -v 'is missing documentation$$'; then \
	        echo "$$catalog: repair the above (docs-build/$$library.log says where; a parameter without a comment is let pass)"; exit 1; \
	    fi; \
	    echo "docs-build/$$library"; \
	done

clean: ## Remove what was built
	rm -rf .build docs-build
