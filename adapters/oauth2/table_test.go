package oauthclient

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// line is r as a line of the table in the documentation.
func (r row) line() string {
	code := func(s string) string { return "`" + s + "`" }
	cells := []string{r.title, code(r.name)}
	if r.openID() {
		cells = append(cells, "issuer "+code(r.issuer), code(r.prefix+"sub"), code("email"), "where `email_verified` is true")
	} else {
		id, email, vouches := code(r.fields.id), code(r.fields.email), "no"
		switch {
		case r.fields.email == "":
			email = "none"
		case r.fields.verified != "":
			email += " if " + code(r.fields.verified)
			vouches = "where it gives one"
		case r.fields.list != "":
			email += ", or the primary of " + code(r.fields.list)
			vouches = "where that list has it as `verified`"
		}
		cells = append(cells, code(r.auth)+", "+code(r.token)+", "+code(r.fields.at), id, email, vouches)
	}
	cells = append(cells, code(strings.Join(r.scopes, " ")))
	return "| " + strings.Join(cells, " | ") + " |"
}

// The documentation has exactly the table that the code works by.
func TestDocumentedTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/oauth-providers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok1 := strings.Cut(string(text), "<!-- begin table -->\n")
	table, _, ok2 := strings.Cut(rest, "<!-- end table -->")
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if !ok1 || !ok2 || len(lines) < 2 {
		t.Fatal("there is no table")
	}
	rows := []row{google(), github(), gitlab("https://gitlab.com"), microsoft("common"), apple(), facebook(), discord(), linkedin(), okta("DOMAIN"), reddit(), openid("ISSUER")}
	var want []string
	for _, r := range rows {
		want = append(want, r.line())
	}
	if got := lines[2:]; !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("line %d differs; the code's table is\n%s", i, fmt.Sprint(strings.Join(want, "\n")))
				break
			}
		}
	}
}
