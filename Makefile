# harda's two commands are `make demo` and `make test`. Each installs what it needs on a fresh Debian
# machine with Rust (rustup).

PACKAGES := build-essential pkg-config libssl-dev openssh-client openssh-server sudo busybox bash dash fish tcsh age sshpass oathtool attr \
	mmdebstrap systemd-container iproute2 nftables zstd apt-utils dpkg-dev openssl time

# A browser, OpenSCAP, readers of PDF, XML and JSON, and LibreOffice, for the tests of what people open.
DOCS_PACKAGES := chromium fonts-dejavu-core openscap-scanner poppler-utils libreoffice-writer-nogui libreoffice-calc-nogui \
	libxml2-utils python3-jsonschema python3-pip

export CARGO_TERM_COLOR ?= auto

.PHONY: help demo test test-unit test-lab test-docs test-vm test-long bench setup build lint deny

help:
	@echo 'make demo       plan, apply and plan again against three throw-away hosts over SSH'
	@echo 'make test       every test: units, snapshots, real sshds, lab hosts'
	@echo 'make test-unit  the tests that need no lab host'
	@echo 'make test-docs  reports in headless Chromium, read back by OpenSCAP and LibreOffice'
	@echo 'make test-vm    what needs a machine of its own: USB, IPsec, GRUB, emulated (a quarter of an hour)'
	@echo 'make test-long  every way of locking oneself out that the tests know, and 1,000 faults (about an hour)'
	@echo 'make bench      a plan that has nothing to do, beside bare ssh; and the whole pack'
	@echo 'make lint       formatting and clippy'

# Only what is missing, so that a machine without a package source can still build.
setup:
	@missing=''; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		[ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust from https://rustup.rs' >&2; exit 1; }

build: setup
	cargo build --release --locked

demo: build
	demo/run

test: setup
	cargo test --locked --no-fail-fast

test-unit: setup
	cargo test --locked --lib --bins

test-lab: setup
	cargo test --locked --test '*'

test-docs: PACKAGES += $(DOCS_PACKAGES)
test-docs: setup
	cargo test --locked --test report_docs --test checklist_docs -- --ignored

test-vm: setup
	cargo test --locked --test vm --test effect_grub -- --ignored --nocapture

test-long: setup
	HARDA_LOCKOUT=all cargo test --locked --test lockout
	HARDA_FAULTS=1000 cargo test --locked --test faults

bench: build
	cargo build --release --locked --examples
	benches/noop-plan
	benches/whole-pack

lint:
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

deny:
	.ci/deny
