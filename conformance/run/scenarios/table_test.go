package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// table counts the steps of each use case and outcome by delivery.
type table map[row]map[string]int

type row struct{ use, outcome string }

func (t table) add(use, outcome, delivery string) {
	outcome, _, _ = strings.Cut(outcome, ":") // without the fields that are wrong
	r := row{use, outcome}
	if t[r] == nil {
		t[r] = map[string]int{}
	}
	t[r][delivery]++
}

// absent are the rows that a delivery has not, and why.
var absent = map[row]map[string]string{
	{login, "UNPROCESSABLE_ENTITY"}: {"Go": "n/a"}, // nothing typed is a wrong password to the Go API
}

// missing is why a delivery has no such row, or "".
func missing(r row, delivery string) string {
	if r.use == listUsers && delivery == "HTTP" {
		return "n/a" // the contract of HTTP has no such route
	}
	return absent[r][delivery]
}

// uses are all use cases, in order.
var uses = []string{register, login, logout, readMe, changeMe, readUser, listUsers, changeUser, deleteUser,
	forgot, resetPassword, requestVerify, verify}

// rows are in the order of the use cases, successes first.
func (t table) rows() []row {
	var out []row
	for r := range t {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(slices.Index(uses, a.use), slices.Index(uses, b.use)),
			-compareBool(a.outcome == ok, b.outcome == ok), strings.Compare(a.outcome, b.outcome))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// String is the table as text: how many steps had that outcome.
func (t table) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-22s %-36s", "use case", "outcome")
	for _, d := range deliveries {
		fmt.Fprintf(&out, " %5s", d.name)
	}
	out.WriteString("\n")
	for _, r := range t.rows() {
		fmt.Fprintf(&out, "%-22s %-36s", r.use, r.outcome)
		for _, d := range deliveries {
			cell := missing(r, d.name)
			if n := t[r][d.name]; n > 0 {
				cell = fmt.Sprint(n)
			}
			fmt.Fprintf(&out, " %5s", cell)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// outcomes are those that each use case has at least, besides success.
var outcomes = map[string][]string{
	register:      {"UNPROCESSABLE_ENTITY", "REGISTER_USER_ALREADY_EXISTS", "REGISTER_INVALID_PASSWORD", tooMany, outage},
	login:         {"UNPROCESSABLE_ENTITY", badLogin, "LOGIN_USER_NOT_VERIFIED", tooMany, outage},
	logout:        {unauthorized, forbidden, outage},
	readMe:        {unauthorized, forbidden, outage},
	changeMe:      {unauthorized, forbidden, "UNPROCESSABLE_ENTITY", "UPDATE_USER_EMAIL_ALREADY_EXISTS", "UPDATE_USER_INVALID_PASSWORD", outage},
	readUser:      {unauthorized, forbidden, notFound, outage},
	listUsers:     {unauthorized, forbidden, "UNPROCESSABLE_ENTITY", noLister, outage},
	changeUser:    {unauthorized, forbidden, notFound, "UNPROCESSABLE_ENTITY", "UPDATE_USER_EMAIL_ALREADY_EXISTS", "UPDATE_USER_INVALID_PASSWORD", outage},
	deleteUser:    {unauthorized, forbidden, notFound, outage},
	forgot:        {"UNPROCESSABLE_ENTITY", tooMany, busy, outage},
	resetPassword: {"RESET_PASSWORD_BAD_TOKEN", "RESET_PASSWORD_INVALID_PASSWORD", outage},
	requestVerify: {"UNPROCESSABLE_ENTITY", tooMany, busy, outage},
	verify:        {"VERIFY_USER_BAD_TOKEN", "VERIFY_USER_ALREADY_VERIFIED", outage},
}

// check fails where the table has a hole.
func (t table) check(test *testing.T) {
	for _, use := range uses {
		for _, outcome := range append([]string{ok}, outcomes[use]...) {
			assert.Contains(test, t, row{use, outcome}, "no scenario has this outcome")
		}
	}
	for r, counts := range t {
		for _, d := range deliveries {
			assert.Equal(test, missing(r, d.name) == "", counts[d.name] > 0, "%s, %s over %s", r.use, r.outcome, d.name)
		}
	}
}
