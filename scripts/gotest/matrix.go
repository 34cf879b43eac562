package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// suiteEnv names the file to which each conformance suite appends what came of
// it, as a line of JSON.
const suiteEnv = "USHER_CONFORMANCE_REPORT"

// outcome is what came of a suite.
type outcome struct {
	Suite, Adapter, Engine, Variant string
	Passed, Failed                  int
}

// cell is one place of the matrix: a suite that an adapter is checked by on an
// engine, and how many cases it has.
type cell struct {
	adapter, engine, variant, suite, cases string
}

func (c cell) String() string {
	return strings.Join([]string{c.adapter, c.engine, c.variant, c.suite, c.cases}, ", ")
}

// version is that of an engine, in its name.
var version = regexp.MustCompile(`\s\d\S*`)

// cell is where the outcome belongs. The engine is without its version there.
func (o outcome) cell() cell {
	return cell{o.Adapter, version.ReplaceAllString(o.Engine, ""), cmp.Or(o.Variant, "-"), o.Suite, fmt.Sprint(o.Passed + o.Failed)}
}

// outcomes reads lines of JSON. Those without an adapter have no place in the
// matrix: they are a test's own.
func outcomes(report []byte) ([]outcome, error) {
	var all []outcome
	for _, line := range lines(report) {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return nil, fmt.Errorf("%s: %w", suiteEnv, err)
		}
		if o.Adapter != "" {
			all = append(all, o)
		}
	}
	return all, nil
}

// matrix returns the places of the outcomes, in order.
func matrix(all []outcome) []cell {
	var cells []cell
	for _, o := range all {
		cells = append(cells, o.cell())
	}
	slices.SortFunc(cells, func(a, b cell) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(cells)
}

// parseMatrix reads what formatMatrix wrote. Columns are two blanks apart at
// least; lines that begin with # are none.
func parseMatrix(text []byte) ([]cell, error) {
	var cells []cell
	for _, line := range lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := slices.DeleteFunc(strings.Split(line, "  "), func(s string) bool { return s == "" })
		if len(columns) != 5 {
			return nil, fmt.Errorf("the matrix has the line %q, want five columns", line)
		}
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		cells = append(cells, cell{columns[0], columns[1], columns[2], columns[3], columns[4]})
	}
	return cells, nil
}

func formatMatrix(cells []cell) []byte {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "# adapter\tengine\tvariant\tsuite\tcases")
	for _, c := range cells {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.adapter, c.engine, c.variant, c.suite, c.cases)
	}
	w.Flush()
	return text.Bytes()
}

// compare prints in what got differs from want, and returns in how many
// places. An engine that want has not is one more that the environment names.
func compare(out io.Writer, want, got []cell) (differences int) {
	known := func(engine string) bool {
		return slices.ContainsFunc(want, func(c cell) bool { return c.engine == engine })
	}
	for _, c := range want {
		if !slices.Contains(got, c) {
			fmt.Fprintln(out, "matrix: did not run:", c)
			differences++
		}
	}
	for _, c := range got {
		if known(c.engine) && !slices.Contains(want, c) {
			fmt.Fprintln(out, "matrix: is not listed:", c)
			differences++
		}
	}
	return differences
}

// summarize prints how many cases passed for each adapter on each engine.
func summarize(out io.Writer, all []outcome) {
	type pair struct{ adapter, engine string }
	var order []pair
	passed, cases := map[pair]int{}, map[pair]int{}
	for _, o := range all {
		p := pair{o.Adapter, o.Engine}
		if cases[p] == 0 {
			order = append(order, p)
		}
		passed[p] += o.Passed
		cases[p] += o.Passed + o.Failed
	}
	slices.SortFunc(order, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.adapter, b.adapter), strings.Compare(a.engine, b.engine))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range order {
		fmt.Fprintf(w, "adapter %s\t%s\t%d of %d cases passed\n", p.adapter, p.engine, passed[p], cases[p])
	}
	w.Flush()
}
