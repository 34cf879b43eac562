package email

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// TestOracle compares Parse with recorded outcomes of the validator whose
// reasons it gives: see testdata/README.md.
func TestOracle(t *testing.T) {
	f, err := os.Open("testdata/oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	accepted, refused := 0, 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var want struct{ In, Shown, Reason string }
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		shown, err := New().Parse(want.In)
		reason := ""
		if e, ok := errors.AsType[*core.EmailError](err); ok {
			reason = e.Reason
		}
		if shown != want.Shown || withoutDetail(reason) != withoutDetail(want.Reason) {
			t.Errorf("Parse(%q) = %q, %q, want %q, %q", want.In, shown, reason, want.Shown, want.Reason)
		}
		if err == nil {
			accepted++
		} else {
			refused++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if accepted < 150 || refused < 300 {
		t.Errorf("accepted %d and refused %d, want at least 150 and 300", accepted, refused)
	}
}

// withoutDetail cuts off what the IDNA library has to say in parentheses.
func withoutDetail(reason string) string {
	for _, idna := range []string{"is invalid (", "is not valid IDNA (", "contains invalid characters ("} {
		if i := strings.Index(reason, idna); i >= 0 {
			return reason[:i+len(idna)]
		}
	}
	return reason
}
