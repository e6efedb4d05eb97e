# Convenience names; README's two commands are demo and test.
.PHONY: campaign demo test lint format lab lab-full bench package ci clean
demo: ; bash .ci/demo
test: ; bash .ci/test
lint: ; swift format lint --strict --parallel --recursive Package.swift Sources Tests
format: ; swift format --in-place --parallel --recursive Package.swift Sources Tests
# The same flags everywhere, since others build all of it again.
RELEASE = -c release --static-swift-stdlib
lab: ; bash Tests/Lab/install.sh && swift build $(RELEASE) --product drctl && swift build $(RELEASE) --product drkit-agent && \
	DRCTL=$$(swift build $(RELEASE) --show-bin-path)/drctl bash Tests/Lab/run.sh
# What docs/proof.md reports.
campaign: ; swift build $(RELEASE) --product drctl && $$(swift build $(RELEASE) --show-bin-path)/drctl campaign --seeds 10000
# All of the hostile lab, and its log, which is checked in (about an hour).
lab-full: ; bash Tests/Lab/install.sh && swift build $(RELEASE) --product drctl && swift build $(RELEASE) --product drkit-agent && \
	DRCTL=$$(swift build $(RELEASE) --show-bin-path)/drctl bash Tests/Lab/run.sh --full --jobs 2 --log docs/lab-full.txt
bench: ; swift run $(RELEASE) drctl bench core
package: ; bash .ci/setup && bash packaging/build
ci: ; bash .ci/run
clean: ; swift package clean
