package main

import (
	"strings"
	"testing"
)

func TestBadImports(t *testing.T) {
	tests := []struct {
		module, imports string
		tests           bool // the import is a test's
		ok              bool
	}{
		{module: "ports", imports: "core"},
		{module: "ports", imports: "core", tests: true},
		{module: "core", imports: "ports", ok: true},
		{module: "core", imports: "core/session", ok: true},
		{module: "core", imports: "adapters/memory"},
		{module: "core", imports: "github.com/stretchr/testify/require", tests: true},
		{module: "adapters/bun", imports: "core", ok: true},
		{module: "adapters/bun", imports: "github.com/uptrace/bun", ok: true},
		{module: "adapters/bun", imports: "github.com/uptrace/bun/dialect/pgdialect", ok: true},
		{module: "adapters/bun", imports: "github.com/uptrace/bun/driver/pgdriver", tests: true},
		{module: "adapters/bun", imports: "adapters/bun/internal/x", ok: true},
		{module: "adapters/bun", imports: "adapters/bunny", tests: true},
		{module: "adapters/bun", imports: "adapters/memory", tests: true},
		{module: "adapters/bun", imports: "conformance", tests: true},
		{module: "adapters/bun", imports: "modernc.org/sqlite", tests: true},
		{module: "adapters/bun", imports: "github.com/jackc/pgx/v5/stdlib"},
		{module: "adapters/sqlx", imports: "github.com/jmoiron/sqlx/reflectx", ok: true},
		{module: "adapters/sqlx", imports: "github.com/lib/pq", tests: true},
		{module: "adapters/redis", imports: "github.com/redis/go-redis/v9", ok: true},
		{module: "adapters/redis", imports: "github.com/alicebob/miniredis/v2", tests: true},
		{module: "delivery/http", imports: "adapters/memory"},
		{module: "delivery/http", imports: "adapters/memory", tests: true, ok: true},
		{module: "delivery/http", imports: "adapters/bun", tests: true},
		{module: "delivery/http", imports: "conformance"},
		{module: "conformance", imports: "core", ok: true},
		{module: "conformance", imports: "github.com/stretchr/testify/assert/yaml", ok: true},
		{module: "conformance", imports: "adapters/memory", tests: true},
		{module: "conformance", imports: "github.com/testcontainers/testcontainers-go/wait"},
		{module: "conformance/run", imports: "adapters/bun", ok: true},
		{module: "conformance/run", imports: "github.com/testcontainers/testcontainers-go", ok: true},
		{module: "examples/quickstart", imports: "modernc.org/sqlite", ok: true},
		{module: "examples/custom-adapter", imports: "go.etcd.io/bbolt/errors", ok: true},
		{module: "examples/custom-adapter", imports: "conformance"},
		{module: "examples/custom-adapter", imports: "conformance", tests: true, ok: true},
		{module: "examples/custom-adapter", imports: "conformance/run/engine", tests: true},
	}
	for _, tt := range tests {
		name := tt.module + " imports " + tt.imports
		if tt.tests {
			name += " in a test"
		}
		t.Run(name, func(t *testing.T) {
			own := dep{path: tt.module, imports: []string{"fmt"}}
			imported := []dep{{path: tt.imports}}
			std := dep{path: "fmt", standard: true}
			plain := []dep{own, std}
			withTests := append([]dep{{path: tt.module, imports: []string{tt.imports}}, std}, imported...)
			if !tt.tests {
				plain = withTests
			}
			got := append(badImports(tt.module, false, plain), badImports(tt.module, true, withTests)...)
			if (len(got) == 0) != tt.ok {
				t.Errorf("badImports = %q, want none: %t", got, tt.ok)
			}
			for _, line := range got {
				if want := tt.module + " imports " + tt.imports + ": "; !strings.HasPrefix(line, want) {
					t.Errorf("violation = %q, want it to begin with %q", line, want)
				}
			}
		})
	}
}

func TestBadGraph(t *testing.T) {
	for _, tt := range []struct {
		module, in string
		ok         bool
	}{
		{module: "adapters/bun", in: "github.com/uptrace/bun", ok: true},
		{module: "adapters/bun", in: "adapters/bun", ok: true},
		{module: "adapters/bun", in: "adapters/memory"},
		{module: "adapters/bun", in: "github.com/lib/pq"},
		{module: "adapters/sqlx", in: "github.com/lib/pq", ok: true},
		{module: "adapters/sqlx", in: "github.com/jackc/pgx/v5"},
		{module: "sqlstore", in: "github.com/lib/pq"},
	} {
		if got := badGraph(tt.module, []string{tt.in}); (len(got) == 0) != tt.ok {
			t.Errorf("%s in the graph of %s: got %q, want none: %t", tt.in, tt.module, got, tt.ok)
		}
	}
}
