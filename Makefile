# Convenience names; README's two commands are demo and test.
.PHONY: demo test lint format lab bench ci clean
demo: ; bash .ci/demo
test: ; bash .ci/test
lint: ; swift format lint --strict --parallel --recursive Package.swift Sources Tests
format: ; swift format --in-place --parallel --recursive Package.swift Sources Tests
lab: ; bash Tests/Lab/install.sh && swift build -c release --product drctl && swift build -c release --product drkit-agent && \
	DRCTL=$$(swift build -c release --show-bin-path)/drctl bash Tests/Lab/run.sh
bench: ; swift run -c release drctl bench core
ci: ; bash .ci/run
clean: ; swift package clean
