# One-liners over scripts/. ARGS are passed on.
.PHONY: run test race check bench fuzz

run: # a server, users in SQLite
	@go run ./examples/quickstart $(ARGS)

test: # every module on every engine
	@scripts/test $(ARGS)

race: # the same under the race detector
	@scripts/test -race $(ARGS)

check: # format, vet, staticcheck, import rules, each module alone
	@scripts/check

bench: # usher beside bare handlers; exits 1 where a bound is missed
	@scripts/bench $(ARGS)

fuzz: # every fuzz target for FUZZTIME
	@scripts/fuzz
