package core_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

type address struct {
	Street string
	Lines  []string
	Next   *address
}

type profile struct{ Badges []string }

type rich struct {
	core.User
	profile // unexported, its fields are not
	Name    *string
	Deep    **string
	Home    address
	Work    *address
	Tags    []string
	Rows    [][]*int
	Counts  map[string]int
	Homes   map[string]*address
	Pair    [2][]int
	Any     any
	Anys    []any
	Seen    time.Time
	Last    *time.Time
	Stringy fmt.Stringer
	Do      func()
	Wait    chan int
}

func newRich() *rich {
	name, n := "Ann", 1
	deep := &name
	home := address{Street: "A", Lines: []string{"1", "2"}, Next: &address{Street: "B", Lines: []string{"3"}}}
	seen := time.Date(2026, 5, 17, 11, 42, 13, 987654321, time.FixedZone("X", 3600))
	return &rich{
		User: core.User{ID: "ann", SessionEpoch: 3}, profile: profile{[]string{"gold"}},
		Name: &name, Deep: &deep, Home: home, Work: &home, Tags: []string{"a", "b"}, Rows: [][]*int{{&n, nil}, nil, {}},
		Counts: map[string]int{"a": 1}, Homes: map[string]*address{"x": {Lines: []string{"4"}}, "nil": nil},
		Pair: [2][]int{{1}, nil}, Any: map[string]any{"list": []any{1.5, map[string]any{"k": "v"}}}, Anys: []any{nil, "x", []string{"y"}},
		Seen: seen, Last: &seen, Stringy: &stringer{[]string{"s"}},
	}
}

type stringer struct{ Parts []string }

func (s *stringer) String() string { return fmt.Sprint(s.Parts) }

func TestCloneIsEqual(t *testing.T) {
	wantEqual(t, "clone", core.Clone(newRich()), newRich())
	wantEqual(t, "clone of the zero value", core.Clone(&rich{}), &rich{})
	wantEqual(t, "clone of nil", core.Clone((*rich)(nil)), nil)
	wantEqual(t, "clone of a core.User", core.Clone(&core.User{ID: "ann"}), &core.User{ID: "ann"})

	empty := &rich{Tags: []string{}, Counts: map[string]int{}, Rows: [][]*int{}, Any: []any{}}
	got := core.Clone(empty)
	if got.Tags == nil || got.Counts == nil || got.Rows == nil || got.Any.([]any) == nil {
		t.Errorf("clone of empty slices and maps: got %#v, want none of them nil", got)
	}
	if got.Homes != nil || got.Anys != nil || got.Name != nil || got.Stringy != nil {
		t.Errorf("clone of nil: got %#v, want it nil", got)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func(u *rich)
	}{
		{"field", func(u *rich) { u.SessionEpoch++ }},
		{"pointer", func(u *rich) { *u.Name = "changed" }},
		{"pointer to a pointer", func(u *rich) { **u.Deep = "changed" }},
		{"slice", func(u *rich) { u.Tags[0] = "changed" }},
		{"slice, appended to", func(u *rich) { _ = append(u.Tags[:1], "changed") }},
		{"slice of slices of pointers", func(u *rich) { *u.Rows[0][0] = 9 }},
		{"map", func(u *rich) { u.Counts["a"] = 9 }},
		{"map, added to", func(u *rich) { u.Counts["new"] = 9 }},
		{"map of pointers", func(u *rich) { u.Homes["x"].Lines[0] = "changed" }},
		{"array", func(u *rich) { u.Pair[0][0] = 9 }},
		{"nested struct", func(u *rich) { u.Home.Lines[0] = "changed" }},
		{"nested pointers", func(u *rich) { u.Work.Next.Lines[0] = "changed" }},
		{"interface", func(u *rich) { u.Any.(map[string]any)["list"].([]any)[0] = 9 }},
		{"interface in an interface", func(u *rich) { u.Any.(map[string]any)["list"].([]any)[1].(map[string]any)["k"] = 9 }},
		{"slice of interfaces", func(u *rich) { u.Anys[2].([]string)[0] = "changed" }},
		{"interface with methods", func(u *rich) { u.Stringy.(*stringer).Parts[0] = "changed" }},
		{"pointer to a time", func(u *rich) { *u.Last = time.Time{} }},
		{"embedded struct of an unexported type", func(u *rich) { u.Badges[0] = "changed" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := newRich()
			clone := core.Clone(u)
			test.change(clone)
			wantEqual(t, "the original after a change of the clone", u, newRich())
			clone = core.Clone(u)
			test.change(u)
			wantEqual(t, "the clone after a change of the original", clone, newRich())
		})
	}
}

func TestCloneOfFunctionsAndChannels(t *testing.T) {
	called := 0
	u := &rich{Do: func() { called++ }, Wait: make(chan int)}
	got := core.Clone(u)
	got.Do()
	wantEqual(t, "calls", called, 1)
	wantEqual(t, "channel", got.Wait, u.Wait)
	wantEqual(t, "type", reflect.TypeOf(got), reflect.TypeFor[*rich]())
}
