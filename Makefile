# netman. "make help" lists what there is to do.
#
# No file is named here: every .c below a component's folder belongs to it, every
# folder below cmd/ is a program, every tests/unit/*/test_*.c is a test program.

MODE    ?= release
B       := build/$(MODE)
CC      := gcc
PREFIX  ?= /usr
DESTDIR ?=
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

WARN     := -Wall -Wextra -Werror -Wshadow -Wconversion
HARDEN   := -fstack-protector-strong -fPIE
HARDEN_L := -pie -Wl,-z,relro,-z,now
CPPFLAGS := -Iinclude -I. -D_GNU_SOURCE -DNETMAN_VERSION='"$(VERSION)"' \
            -isystem /usr/include/libnl3 -isystem /usr/include/postgresql -isystem $(B)/gen
CFLAGS   := -std=gnu17 -g $(WARN) $(HARDEN) -pthread
LDFLAGS  := $(HARDEN_L) -pthread -Wl,--as-needed
LDLIBS   := -lmicrohttpd -lgnutls -ljansson -lpq -lip4tc -lnetfilter_conntrack -lseccomp -lnl-route-3 -lnl-3 -lyaml -lcurl -lprotobuf-c -lsystemd -lssl -lcrypto -lm

ifeq ($(MODE),release)
# Here alone: under the sanitizers it would swap the calls that they watch for others.
CFLAGS += -O2 -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),san)
SAN     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS  += -O1 $(SAN)
LDFLAGS += $(SAN)
else ifeq ($(MODE),fuzz)
CC      := clang
CFLAGS  += -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=fuzzer,address,undefined
else
$(error MODE is release, san or fuzz)
endif

# Building is parallel unless somebody says otherwise; what "doing" needs built below
# says so itself.
ifeq ($(MAKELEVEL)$(filter-out all tests-build tools fuzz-build install,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# What a program is made of: its folder below cmd/, its component, lib.
COMPONENTS := policy-server vxlan-policy-agent garden-external-networker cni cli-plugin
PROGRAMS   := $(notdir $(patsubst %/,%,$(wildcard cmd/*/)))
USES_policy-server             := policy-server
USES_policy-server-internal    := policy-server
USES_migrate-db                := policy-server
USES_vxlan-policy-agent        := vxlan-policy-agent
USES_garden-external-networker := garden-external-networker
USES_netman-doctor             := garden-external-networker cni
USES_netmon                    := garden-external-networker
USES_cni-wrapper-plugin        := cni garden-external-networker
USES_network-policy-plugin     := cli-plugin

src  = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objs = $(patsubst %.c,$(B)/obj/%.o,$(call src,$(1)))
arch = $(patsubst %,$(B)/lib/lib%.a,$(1))

BINS       := $(PROGRAMS:%=$(B)/bin/%) $(B)/bin/flannel
PROTOS     := $(patsubst lib/%.proto,$(B)/gen/%.pb-c,$(wildcard lib/*.proto))
ARCHIVES   := $(call arch,netman $(COMPONENTS))
UNIT_SRC   := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BINS  := $(UNIT_SRC:%.c=$(B)/%)
TOOL_BINS  := $(patsubst %.c,$(B)/%,$(wildcard tests/tools/*.c tests/platform/*.c tests/bench/*.c))
STANDINS   := $(patsubst %,$(B)/%,$(wildcard tests/standins/*/))
STAND_BINS := $(patsubst tests/standins/%/,$(B)/tests/standins/%,$(wildcard tests/standins/*/))
FUZZ_BINS  := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all tests-build help demo test bench fuzz lint format install install-plugin clean
.DELETE_ON_ERROR:
.SECONDARY: $(PROTOS:=.h) $(PROTOS:=.c)
all: $(ARCHIVES) $(BINS)

help:
	@sed -n 's/^## //p' Makefile

# --- building ---------------------------------------------------------------
# Messages are C before anything that may include them is compiled; what is wrong
# in generated code is not ours to mend.
$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h: lib/%.proto Makefile
	@mkdir -p $(B)/gen
	@echo "  PROTO $<"
	@protoc --proto_path=lib --c_out=$(B)/gen $<
$(B)/gen/%.pb-c.o: $(B)/gen/%.pb-c.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $<

$(B)/obj/%.o: %.c Makefile | $(PROTOS:=.h)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Whoever names the version is compiled anew when it changes, and nobody else.
VERSIONED := $(shell grep -rl NETMAN_VERSION --include='*.c' cmd lib $(COMPONENTS))
$(VERSIONED:%.c=$(B)/obj/%.o): $(B)/version
.PHONY: always
$(B)/version: always
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

$(B)/lib/libnetman.a: $(call objs,lib) $(PROTOS:=.o)
$(foreach c,$(COMPONENTS),$(eval $(call arch,$(c)): $(call objs,$(c))))
$(ARCHIVES):
	@mkdir -p $(@D)
	@echo "  AR    $@"
	@rm -f $@ && ar rcs $@ $^

# These are run anew for every step of every container: a library linked into them
# is one that need not be found and bound each time (0.1 ms of each start).
LIBS_SHORT := -Wl,-Bstatic -ljansson -lnl-3 -Wl,-Bdynamic
LIBS_garden-external-networker := $(LIBS_SHORT)
LIBS_cni-wrapper-plugin        := $(LIBS_SHORT)

define link
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) $(LIBS_$(@F)) $(LDLIBS)
endef

define program_rule
$(B)/bin/$(1): $(call objs,cmd/$(1)) $(call arch,$(USES_$(1))) $(call arch,netman)
	$$(call link)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# One file under two names: a wrapper whose delegate is this very file runs it
# without starting a program (plugin_delegate() in cni/plugin.c).
$(B)/bin/flannel: $(B)/bin/cni-wrapper-plugin
	@ln -f $< $@

define standin_rule
$(B)/tests/standins/$(1): $(call objs,tests/standins/$(1)) $(call arch,netman)
	$$(call link)
endef
$(foreach s,$(patsubst tests/standins/%/,%,$(wildcard tests/standins/*/)),$(eval $(call standin_rule,$(s))))

# tests/unit/NAME/test_x.c tests component NAME, or lib where NAME is "lib" or a
# program of cmd/: then the program's objects but its main.o are linked too.
unit_name = $(word 3,$(subst /, ,$(1)))
define unit_rule
$(B)/$(1:.c=): $(B)/obj/$(1:.c=.o) $(filter-out %/main.o,$(if $(wildcard cmd/$(call unit_name,$(1))),$(if $(filter $(call unit_name,$(1)),$(COMPONENTS)),,$(call objs,cmd/$(call unit_name,$(1)))))) \
		$(if $(filter $(call unit_name,$(1)),$(COMPONENTS)),$(call arch,$(call unit_name,$(1)))) $(call arch,netman)
	$$(call link,-lcmocka)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit_rule,$(t))))

# A target named after a program, fuzz_NAME_x.c, looks into that program. Where there
# is no fuzzer its corpus alone is replayed.
define fuzz_rule
$(filter $(B)/tests/fuzz/fuzz_$(1)_%,$(FUZZ_BINS)): $(filter-out %/main.o,$(call objs,cmd/$(1)))
endef
$(foreach p,$(PROGRAMS),$(if $(filter $(B)/tests/fuzz/fuzz_$(p)_%,$(FUZZ_BINS)),$(eval $(call fuzz_rule,$(p)))))
ifneq ($(MODE),fuzz)
$(FUZZ_BINS): $(B)/obj/tests/fuzz/replay.o
endif
$(TOOL_BINS) $(FUZZ_BINS): $(B)/%: $(B)/obj/%.o $(call arch,$(COMPONENTS)) $(call arch,netman)
	$(call link)

tests-build: all $(UNIT_BINS) $(TOOL_BINS) $(STAND_BINS) $(FUZZ_BINS)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- doing --------------------------------------------------------------------
## make                     build the programs into build/release/bin
## sudo make demo           two cells, real packets: denied, allowed, denied again (KEEP=1 leaves it running)
## sudo make test           every test, on real Postgres, etcd, namespaces and packets (T=pattern for some, JOBS=n at once)
## sudo make bench          the figures, as tables and JSON (T=pattern for some)
## make fuzz                each fuzz target for SECONDS=30
## make lint                layers, format, clang-tidy, cppcheck, shell scripts
## make format              clang-format in place
## make install DESTDIR=    programs, CNI plugins, manual pages, licences, the list of kernel modules
## make install-plugin      the plugin into the cf command line
demo:
	@packaging/install-deps.sh build run test
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=release all tools
	@tests/demo/run $(if $(KEEP),--keep)

test:
	@packaging/install-deps.sh build run test
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=san tests-build
	@tests/run $(T)

bench:
	@packaging/install-deps.sh build run test
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=release all tools
	@tests/bench/run $(T)

SECONDS ?= 30
fuzz:
	@packaging/install-deps.sh build fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=fuzz fuzz-build
	@tests/fuzz/run $(SECONDS) $(T)

lint:
	@packaging/install-deps.sh build test lint
	@$(MAKE) --no-print-directory MODE=$(MODE) $(PROTOS:=.h)
	@GENERATED=$(B)/gen tests/lint/run

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format:
	@clang-format -i $(C_FILES)

tools: $(TOOL_BINS) $(STAND_BINS)
	@:
fuzz-build: $(FUZZ_BINS)
	@:
.PHONY: tools fuzz-build

CNI_PLUGINS  := cni-wrapper-plugin
CLI_PLUGIN   := network-policy-plugin
INSTALL_BINS := $(filter-out $(CNI_PLUGINS) $(CLI_PLUGIN),$(PROGRAMS))
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/netman/cni
	install -m 0755 $(INSTALL_BINS:%=$(B)/bin/%) $(B)/bin/$(CLI_PLUGIN) $(DESTDIR)$(PREFIX)/bin/
	install -m 0755 $(CNI_PLUGINS:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/lib/netman/cni/
	ln -f $(DESTDIR)$(PREFIX)/lib/netman/cni/cni-wrapper-plugin $(DESTDIR)$(PREFIX)/lib/netman/cni/flannel
	install -Dm 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(wildcard cli-plugin/*.1 cmd/*/*.1)
	install -Dm 0644 -t $(DESTDIR)$(PREFIX)/share/doc/netman LICENSE NOTICE
	install -Dm 0644 packaging/modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/netman.conf
	install -Dm 0644 cli-plugin/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(CLI_PLUGIN)

install-plugin: $(B)/bin/$(CLI_PLUGIN)
	cf install-plugin -f $<

clean:
	rm -rf build
