# SPDX-License-Identifier: MIT
#
# Builds sv (the supervisor) and init (its PID 1), both static; lays out a root filesystem; runs the tests.
#
# Everything made lands below build/ but ./sv and ./rootfs. One folder of objects an architecture, so that a cross build
# never meets a native one. Paths are relative throughout: a checkout may sit in a folder with spaces in its name.
#
# Variables:
#   ARCH=aarch64       build for another machine with a cross compiler (see deps-aarch64)
#   CC=...             the compiler; it has to link against musl
#   CFLAGS, LDFLAGS    added to the project's own flags
#   WERROR=1           warnings are errors
#   V=1                show the commands
#   PREFIX, DESTDIR    where install puts things

PREFIX  ?= /usr/local
DESTDIR ?=
ROOTFS  ?= rootfs
FROM    ?=

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# ---------------------------------------------------------------- compiler

HOST_ARCH := $(shell uname -m)
have = $(shell command -v $(1) 2>/dev/null)

# musl-gcc where it exists; the system's own compiler where the system's libc is musl (Alpine).
ifeq ($(origin CC),default)
ifneq ($(filter-out $(HOST_ARCH),$(ARCH)),)
CC := $(or $(notdir $(call have,$(ARCH)-linux-musl-gcc)),$(wildcard build/$(ARCH)-sysroot/musl-gcc),$(ARCH)-linux-musl-gcc)
else ifneq ($(call have,musl-gcc),)
CC := musl-gcc
else ifneq ($(findstring musl,$(shell gcc -dumpmachine 2>/dev/null)),)
CC := gcc
else
CC := musl-gcc
endif
endif

ifndef ARCH
ARCH := $(or $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null))),$(HOST_ARCH))
endif
override ARCH := $(patsubst arm64,aarch64,$(ARCH))

B := build/$(ARCH)
F := build/fuzz

DEPS_aarch64 := deps-aarch64
DEPS_$(HOST_ARCH) := deps

# What the compiler can do is asked once and kept in config.mk; another compiler asks again.
NEEDS_CONFIG := $(filter-out help clean deps deps-% run test test-% boot bench compare-% stress lint fuzz format \
	rootfs uninstall ci,$(or $(MAKECMDGOALS),all))
ifneq ($(NEEDS_CONFIG),)
include $(B)/config.mk
endif

ASK := -Oz -flto -ffat-lto-objects -fcf-protection -fstack-clash-protection -ftrivial-auto-var-init=zero \
	-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wcast-align=strict \
	-Wimplicit-fallthrough=5 -Wunused-const-variable=1

.PHONY: FORCE
FORCE:

ifneq ($(strip $(PROBED_CC)),$(strip $(CC)))
$(B)/config.mk: FORCE
endif
$(B)/config.mk: Makefile
	@mkdir -p $(@D)
	@$(CC) -dumpmachine >/dev/null 2>&1 || { \
		echo "make: no compiler '$(CC)':" \
		"$(if $(DEPS_$(ARCH)),run 'sudo make $(DEPS_$(ARCH))' first,say which with CC=...)" >&2; exit 1; }
	@printf '#include <features.h>\n#ifdef __GLIBC__\n#error\n#endif\n' >$@.c; \
	$(CC) -fsyntax-only $@.c 2>/dev/null || { \
		echo "make: '$(CC)' compiles against another libc than musl, or none: try CC=musl-gcc" >&2; exit 1; }
	@{ echo 'PROBED_CC := $(CC)'; \
	printf 'CC_HAS :='; \
	for option in $(ASK); do \
		$(CC) -Werror $$option -S -o $@.s -x c /dev/null 2>/dev/null && printf ' %s' $$option; \
	done; echo; \
	echo '#include <linux/mount.h>' >$@.c; \
	$(CC) -fsyntax-only $@.c 2>/dev/null || echo 'KERNEL_HEADERS := $(B)/kernel-headers'; \
	} >$@.new
	@rm -f $@.s $@.c; mv $@.new $@

# musl-gcc hides <linux/*.h>. Three links bring the kernel's folders in and nothing of the other libc's.
MULTIARCH = $(ARCH)-linux-gnu
$(B)/kernel-headers: $(B)/config.mk
	@rm -rf $@.new && mkdir -p $@.new
	@for from in $(wildcard build/$(ARCH)-sysroot/kernel-headers) /usr/$(MULTIARCH)/include \
		$(if $(filter $(HOST_ARCH),$(ARCH)),/usr/include); do \
		for part in linux asm asm-generic; do \
			for candidate in "$$from/$(MULTIARCH)/$$part" "$$from/$$part"; do \
				[ -e $@.new/$$part ] || [ ! -d "$$candidate" ] || \
					ln -s "$$(cd "$$candidate" && pwd)" $@.new/$$part; \
			done; \
		done; \
	done
	@for part in linux asm asm-generic; do [ -e $@.new/$$part ] || { \
		echo "make: no kernel headers ($$part/) for $(ARCH): run 'sudo make deps' first" >&2; exit 1; }; done
	@rm -rf $@; mv $@.new $@

# ---------------------------------------------------------------- flags

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wswitch-enum -Wvla -Walloca -Wundef -Wpointer-arith -Wwrite-strings \
	-Wmissing-declarations -Wold-style-definition -Wredundant-decls -Wnested-externs -Wnull-dereference \
	-Wdate-time

# Plain static, not static PIE. Tried with rcrt1.o on x86-64: init grew by 4.7 KB (its relocations, .dynamic, and the code
# that applies them), and every running init gets one more dirty page; init is the part there is one of a container.
HARDEN := -fstack-protector-strong -fno-pie \
	$(filter -fcf-protection -fstack-clash-protection -ftrivial-auto-var-init=zero,$(CC_HAS))

VERSION := $(shell sed -n 's/.*define SV_VERSION "\(.*\)"/\1/p' supervisor/version.h)
DEFINES := -D_GNU_SOURCE -DSV_VERSION='"$(VERSION)"'
INCLUDES := -I. -I$(B)/generated $(if $(KERNEL_HEADERS),-isystem $(KERNEL_HEADERS))

# -Oz is smaller than -Os, where the compiler has it: in init it is what keeps a page from being begun.
# sv is optimized once more, as a whole, when it is linked: that saves 12 KB. init only where no init.ld places its functions by file.
LTO := $(if $(filter -ffat-lto-objects,$(CC_HAS)),-flto -ffat-lto-objects)
BASE_CFLAGS = -std=gnu17 $(or $(filter -Oz,$(CC_HAS)),-Os) $(LTO) -g -pipe -ffile-prefix-map="$(CURDIR)"=. -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-common -fno-strict-aliasing \
	$(WARNINGS) $(filter -W%,$(CC_HAS)) $(if $(filter 1,$(WERROR)),-Werror) $(HARDEN) $(DEFINES) $(INCLUDES)
# Both keep a page between two kinds of data, which is 4 KB on x86-64. An aarch64 kernel may have pages of 64 KB: there the
# holes would make init four times what is in it, for the 170 bytes of relocated data that a static program has.
PAGES_x86_64 := ,-z,separate-code,-z,relro,-z,now
PAGES_aarch64 := ,-z,noseparate-code,-z,norelro
BASE_LDFLAGS := -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noexecstack$(PAGES_$(ARCH)) \
	-Wl,--fatal-warnings

# The programs that go with the compiler: a cross compiler names its own.
tool = $(shell $(CC) -print-prog-name=$(1))
STRIP = $(call tool,strip)
AR = $(call tool,ar)

# Rewritten only when it says something else: a changed flag rebuilds everything, an unchanged one nothing.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(BASE_CFLAGS) $(CFLAGS) $(BASE_LDFLAGS) $(LDFLAGS))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---------------------------------------------------------------- objects

LIB_SRC  := $(sort $(wildcard init/lib/*.c)) init/plan_check.c
INIT_SRC := $(filter-out init/plan_check.c,$(sort $(wildcard init/*.c)))
SV_SRC   := $(filter-out supervisor/main.c,$(sort $(wildcard supervisor/*.c)))
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
HELPER_SRC := $(sort $(wildcard tests/helpers/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))

# A waiting init gives back what it doesn't need: pages of 4 KB are worth it. sv has its constants together.
LAYOUT_x86_64 := init/init.ld
SV_LAYOUT_x86_64 := supervisor/sv.ld
comma := ,
layout = $(if $(1),-Wl$(comma)-z$(comma)norelro$(comma)-T$(comma)$(1))

obj = $(patsubst %,$(B)/obj/%.o,$(basename $(1)))

$(B)/obj/%.o: %.c $(B)/flags | $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

EMBEDDED := $(B)/init $(B)/generated/seccomp_default $(B)/generated/seccomp_filter
EMBED = -DINIT_FILE='"$(B)/init"' -DPOLICY_FILE='"$(B)/generated/seccomp_default"' \
	-DFILTER_FILE='"$(B)/generated/seccomp_filter"'
$(B)/obj/supervisor/embed.o: $(B)/init $(B)/generated/seccomp_filter
$(B)/obj/supervisor/embed_policy.o: $(B)/generated/seccomp_default
$(B)/obj/supervisor/embed%.o: supervisor/embed%.S $(B)/flags
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(EMBED) -c -o $@ $<
$(B)/obj/supervisor/embed.o: supervisor/embed.S $(B)/flags
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(EMBED) -c -o $@ $<

# The system calls as the kernel's headers number them, for the machine and for its 32-bit programs.
COMPAT_CALLS_x86_64 := asm/unistd_32.h
calls_of = $(CC) $(INCLUDES) -E -dM -x c $(if $(1),-include $(1)) /dev/null
$(B)/generated/seccomp_calls.inc: supervisor/seccomp_calls.awk supervisor/seccomp_default.policy $(B)/flags | $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(say) CALLS $@
	$(Q)$(call calls_of,asm/unistd.h) >$@.native
	$(Q)$(call calls_of,$(COMPAT_CALLS_$(ARCH))) >$@.compat
	$(Q)LC_ALL=C awk -f $< $@.native $@.compat supervisor/seccomp_default.policy >$@
	$(Q)grep -q ', [0-9]*, -*[0-9]*, "read")' $@ || { echo "make: <asm/unistd.h> has no numbers" >&2; exit 1; }
	@rm $@.native $@.compat
$(B)/obj/supervisor/seccomp_calls.o $(F)/obj/supervisor/seccomp_calls.o: $(B)/generated/seccomp_calls.inc

$(B)/generated/seccomp_default: supervisor/seccomp_default.policy
	@mkdir -p $(@D)
	$(Q)sed '/^#/d; /^$$/d' $< >$@

# The filter of the default policy. A program of another machine needs an emulator; without one sv compiles it when it runs.
FILTER_SRC := $(addprefix supervisor/,build/default_filter.c seccomp_calls.c seccomp_compile.c seccomp_policy.c \
	capabilities.c nearest.c arena.c error.c file.c embed_policy.S) $(LIB_SRC)
$(B)/default_filter: $(call obj,$(FILTER_SRC))
	$(link)
EMULATOR := $(if $(filter-out $(HOST_ARCH),$(ARCH)),qemu-$(ARCH)-static)
$(B)/generated/seccomp_filter: $(B)/default_filter
	@mkdir -p $(@D)
	$(say) FILTER $@
	$(Q)if [ -z "$(EMULATOR)" ] || command -v $(EMULATOR) >/dev/null; then $(EMULATOR) $< >$@.new; \
		else : >$@.new; fi && mv $@.new $@

# Removed and made anew: ar would keep members whose source is gone. D: no dates, no owners.
$(B)/libsv.a: $(call obj,$(SV_SRC) $(LIB_SRC) supervisor/embed.S supervisor/embed_policy.S)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcD $@ $(filter %.o,$^)

# A program that isn't static is no result: it is removed, and make fails.
define link
$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) $(BASE_LDFLAGS) $(if $(LTO),-fno-lto) $(LAYOUT) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)
$(Q)if LC_ALL=C readelf -ldW $@ | grep -E 'INTERP|NEEDED'; then \
	echo "make: $@ is not static: is '$(CC)' a musl compiler?" >&2; rm -f $@; exit 1; fi
endef

$(B)/init.debug: LAYOUT = $(or $(call layout,$(LAYOUT_$(ARCH))),$(if $(LTO),-flto -flto-partition=one))
$(B)/init.debug: $(call obj,$(INIT_SRC) $(LIB_SRC)) $(LAYOUT_$(ARCH))
	$(say) LINK $@
	$(link)

$(B)/sv.debug: LAYOUT = $(if $(LTO),-flto -flto-partition=one -fipa-pta) $(call layout,$(SV_LAYOUT_$(ARCH)))
$(B)/sv.debug: $(B)/obj/supervisor/main.o $(B)/libsv.a $(SV_LAYOUT_$(ARCH))
	$(say) LINK $@
	$(link)

$(B)/init $(B)/sv: %: %.debug
	$(say) STRIP $@
	$(Q)$(STRIP) -s -R .comment -o $@ $<

# The names people use. Another architecture's programs stay in its folder.
build/init: $(B)/init
	$(Q)cp $< $@.new && mv $@.new $@

sv: $(B)/sv
	$(Q)cp $< $@.new && mv $@.new $@

PROGRAMS := $(if $(filter $(HOST_ARCH),$(ARCH)),sv build/init,$(B)/sv $(B)/init)

.PHONY: all
all: $(PROGRAMS) ## build ./sv and build/init

.PHONY: unit
UNITS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
unit: $(UNITS)
	@for old in $(B)/unit/*; do [ -e "tests/unit/$${old##*/}.c" ] || rm -f "$$old"; done
# What is init's alone is in no library.
OF_INIT := init/settings.c init/report.c
$(B)/unit/settings: $(call obj,$(OF_INIT))
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libsv.a
	@mkdir -p $(@D)
	$(say) LINK $@
	$(link)

# Small programs that the tests run inside of containers.
.PHONY: helpers
HELPERS := $(patsubst tests/helpers/%.c,$(B)/helpers/%,$(HELPER_SRC))
helpers: $(HELPERS)
$(B)/helpers/%: $(B)/obj/tests/helpers/%.o $(B)/libsv.a
	@mkdir -p $(@D)
	$(say) LINK $@
	$(link)

# The sanitizers and libFuzzer need the machine's own libc: the same sources once more, with clang.
FUZZ_CC ?= clang
FUZZ_CFLAGS = -std=gnu17 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) $(DEFINES) -I. -I$(B)/generated
FUZZERS := $(patsubst tests/fuzz/%.c,$(F)/%,$(FUZZ_SRC))
fuzzobj = $(patsubst %,$(F)/obj/%.o,$(basename $(1)))

$(F)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) FUZZCC $<
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
$(F)/obj/supervisor/embed.o $(F)/obj/supervisor/embed_policy.o: $(F)/obj/%.o: %.S $(EMBEDDED)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(EMBED) -c -o $@ $<
$(F)/libsv.a: $(call fuzzobj,$(SV_SRC) $(LIB_SRC) supervisor/embed.S supervisor/embed_policy.S)
	$(Q)rm -f $@ && ar rcD $@ $(filter %.o,$^)
$(FUZZERS): $(F)/%: $(F)/obj/tests/fuzz/%.o $(F)/libsv.a
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^)

# The unit tests once more, with the sanitizers.
SANITIZED := $(patsubst tests/unit/%.c,$(F)/unit/%,$(UNIT_SRC))
$(F)/unit/settings: $(call fuzzobj,$(OF_INIT))
$(SANITIZED): $(F)/unit/%: $(F)/obj/tests/unit/%.o $(F)/libsv.a
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

.PHONY: fuzzers sanitized
fuzzers: $(FUZZERS)
sanitized: $(SANITIZED)
	@for old in $(F)/unit/*; do [ -e "tests/unit/$${old##*/}.c" ] || rm -f "$$old"; done

.SECONDARY:
-include $(shell find $(B)/obj $(F)/obj -name '*.d' 2>/dev/null)

# ---------------------------------------------------------------- for people

# A step is a make of its own where it needs what the step before it installed; on all processors unless told otherwise.
step = +@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null))

.PHONY: run
run: ## a shell in a container, from nothing (CMD='...': one command; a status N shows as make's "Error N")
	$(step) deps
	$(step) all rootfs
	@./sv run '$(subst ','\'',$(value ROOTFS))' /bin/sh $(if $(value CMD),-c '$(subst ','\'',$(value CMD))',-l)

.PHONY: rootfs
rootfs: ## lay out ./rootfs from rootfs-skel/ and busybox (FROM=archive: from that; ROOTFS=dir: there)
	@rootfs-skel/lay-down '$(subst ','\'',$(value ROOTFS))' '$(subst ','\'',$(value FROM))'

.PHONY: deps
deps: ## install what is missing to build (apt, apk, dnf or pacman)
	@.ci/deps build

.PHONY: deps-test
deps-test:
	@.ci/deps build test

.PHONY: deps-aarch64
deps-aarch64: ## fetch what an aarch64 cross build needs into build/aarch64-sysroot (Debian)
	@.ci/deps build aarch64
	@.ci/aarch64-sysroot build/aarch64-sysroot

.PHONY: build-for-tests
build-for-tests: all unit helpers $(if $(call have,$(FUZZ_CC)),fuzzers sanitized)
	@rootfs-skel/lay-down build/rootfs ''
	@rm -rf --one-file-system build/rootfs.old*

.PHONY: test
test: ## run every test (as root); the last line counts them (TESTS='tests/e2e/x.t ...': only those)
	$(step) deps-test
	$(step) build-for-tests
	@tests/run $(TESTS)

.PHONY: stress
stress: ## run the long stress tests (as root)
	$(step) deps-test
	$(step) build-for-tests
	@STRESS=long tests/run tests/stress

.PHONY: deps-bench
deps-bench:
	@.ci/deps build test compare bench

# The floor that the bench holds containers against: not stripped, not installed.
$(B)/bench/floor: $(B)/obj/tests/bench/floor.o
	@mkdir -p $(@D)
	$(say) LINK $@
	$(link)

.PHONY: bench
bench: ## measure sv against a floor and its peers, and print tables (as root; BENCH=full: longer)
	$(step) deps-bench
	$(step) build-for-tests $(B)/bench/floor
	@tests/bench/run

.PHONY: bench-check
bench-check: ## fail when a promised ratio is missed by more than the noise (as root)
	$(step) deps-bench
	$(step) build-for-tests $(B)/bench/floor
	@tests/bench/run check

.PHONY: bench-report
bench-report: ## make docs/BENCHMARKS.md and its charts of the last `make bench`
	@python3 tests/bench/report.py

.PHONY: deps-compare
deps-compare:
	@.ci/deps build test compare

.PHONY: compare-init
compare-init: ## hold init against tini, dumb-init and catatonit, and print a table (as root)
	$(step) deps-compare
	$(step) all helpers
	@tests/compare/run

.PHONY: fuzz
FUZZ_SECONDS ?= 600
fuzz: ## fuzz every parser for FUZZ_SECONDS (600) each
	$(step) deps-test
	$(step) fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run tests/fuzz

.PHONY: lint
lint: ## check format and code with clang-format, clang-tidy, cppcheck and shellcheck
	$(step) deps-test
	$(step) $(B)/config.mk $(B)/kernel-headers $(B)/generated/seccomp_calls.inc
	@tests/run tests/lint

.PHONY: format
format: ## let clang-format rewrite the C files
	@find init supervisor tests -name '*.[ch]' -exec clang-format -i {} +

# ---------------------------------------------------------------- machines

.PHONY: image
image: $(B)/image.cpio.gz ## pack a bootable initramfs: rootfs-skel, busybox, and init as PID 1 (build/ARCH/image.cpio.gz)
$(B)/image.cpio.gz: $(B)/init tests/vm/image $(wildcard rootfs-skel/* rootfs-skel/etc/*)
	$(say) IMAGE $@
	$(Q)tests/vm/image $< $@

.PHONY: boot
boot: ## boot the image in QEMU, a shell on the serial console (CMD='...': one command; UML=1: user-mode-linux)
	$(step) deps-vm
	$(step) image
	@tests/vm/boot $(if $(UML),--uml) $(if $(value CMD),-- '$(subst ','\'',$(value CMD))')

.PHONY: test-vm
test-vm: ## run the end-to-end tests inside a QEMU machine: real PID 1, pure cgroup v2, all capabilities (as root)
	$(step) deps-test deps-vm
	$(step) build-for-tests image
	@VM_TESTS=all TEST_TIMEOUT=7200 tests/run tests/vm

.PHONY: test-vagrant
test-vagrant: ## bring vagrant/ up for real, with libvirt under emulation and a box made here (as root; ten minutes)
	$(step) deps-test deps-vm deps-vagrant
	@TEST_TIMEOUT=7200 tests/run tests/vagrant

.PHONY: deps-vagrant
deps-vagrant:
	@.ci/deps build vagrant

# Emulators, and a kernel that is only unpacked, below build/vm.
.PHONY: deps-vm
deps-vm:
	@.ci/deps build vm
	@tests/vm/kernel

# init goes to lib/sv: under PREFIX=/usr a bin or sbin folder would put it over the machine's own init.
D := $(DESTDIR)$(PREFIX)
INSTALLED := bin/sv lib/sv/init share/man/man1/sv.1 share/man/man8/sv-init.8 \
	share/bash-completion/completions/sv share/zsh/site-functions/_sv share/fish/vendor_completions.d/sv.fish

.PHONY: install
install: all ## install sv, init, man pages and completions below DESTDIR/PREFIX (/usr/local)
	$(Q)install -D -m 755 $(B)/sv "$(D)/bin/sv"
	$(Q)install -D -m 755 $(B)/init "$(D)/lib/sv/init"
	$(Q)install -D -m 644 docs/sv.1 "$(D)/share/man/man1/sv.1"
	$(Q)install -D -m 644 docs/init.8 "$(D)/share/man/man8/sv-init.8"
	$(Q)install -D -m 644 supervisor/completions/sv.bash "$(D)/share/bash-completion/completions/sv"
	$(Q)install -D -m 644 supervisor/completions/_sv "$(D)/share/zsh/site-functions/_sv"
	$(Q)install -D -m 644 supervisor/completions/sv.fish "$(D)/share/fish/vendor_completions.d/sv.fish"

.PHONY: uninstall
uninstall: ## remove what install put there
	$(Q)for file in $(INSTALLED); do rm -f "$(D)/$$file"; done
	$(Q)[ ! -d "$(D)/lib/sv" ] || rmdir "$(D)/lib/sv"

# A root filesystem with something mounted in it is never removed: rm would go through the mount.
.PHONY: clean
clean: ## remove what was built: build/, ./sv and ./rootfs
	@for tree in build rootfs; do \
		if awk -v d="$(CURDIR)/$$tree/" 'index($$5 "/", d) == 1 { found = 1 } END { exit !found }' \
			/proc/self/mountinfo; then \
			echo "make: something is mounted in $$tree/: unmount it first" >&2; exit 1; fi; done
	$(Q)rm -rf --one-file-system build rootfs
	$(Q)rm -f sv

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile
