package run

import (
	"fmt"
	"os"
	"testing"

	"github.com/gousher/usher/conformance/run/engine"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childEnv); dsn != "" {
		if err := serve(dsn, os.Getenv(flavourEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(engine.Main(m))
}

// onEngines runs f for every SQL engine, on a fresh database.
func onEngines(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Helper()
	for _, on := range sqlEngines {
		t.Run(on.name, func(t *testing.T) { f(t, on.fresh(t)) })
	}
}
