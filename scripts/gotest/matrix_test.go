package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const suiteReport = `{"suite":"UserStore","version":"0.2","adapter":"bunstore","engine":"PostgreSQL 15.18","variant":"uuid","passed":40,"failed":1}
{"suite":"UserStore","adapter":"memory","engine":"memory","passed":41,"failed":0}
{"suite":"TokenStore","adapter":"bunstore","engine":"PostgreSQL 15.18","variant":"uuid","passed":18}
{"suite":"Strategy","adapter":"","engine":"","passed":9}
{"suite":"TokenStore","adapter":"redisstore","engine":"Redis Cluster 7.0.15","passed":18}
{"suite":"TokenStore","adapter":"mongostore","engine":"FerretDB 1.24 (serialised)","passed":18}
`

const matrixOfReport = `# adapter   engine                 variant  suite       cases
bunstore    PostgreSQL             uuid     TokenStore  18
bunstore    PostgreSQL             uuid     UserStore   41
memory      memory                 -        UserStore   41
mongostore  FerretDB (serialised)  -        TokenStore  18
redisstore  Redis Cluster          -        TokenStore  18
`

func TestMatrix(t *testing.T) {
	all, err := outcomes([]byte(suiteReport))
	if err != nil {
		t.Fatal(err)
	}
	got := matrix(all)
	if text := string(formatMatrix(got)); text != matrixOfReport {
		t.Errorf("got\n%s\nwant\n%s", text, matrixOfReport)
	}
	read, err := parseMatrix([]byte(matrixOfReport))
	if err != nil || !slices.Equal(read, got) {
		t.Errorf("read %v, %v, want %v", read, err, got)
	}
	var out bytes.Buffer
	summarize(&out, all)
	want := `adapter bunstore    PostgreSQL 15.18            58 of 59 cases passed
adapter memory      memory                      41 of 41 cases passed
adapter mongostore  FerretDB 1.24 (serialised)  18 of 18 cases passed
adapter redisstore  Redis Cluster 7.0.15        18 of 18 cases passed
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestCompare(t *testing.T) {
	all, err := outcomes([]byte(suiteReport))
	if err != nil {
		t.Fatal(err)
	}
	full := matrix(all)
	tests := []struct {
		name      string
		want, got []cell
		output    []string
	}{
		{"equal", full, full, nil},
		{"a suite that did not run", full, full[1:], []string{"matrix: did not run: bunstore, PostgreSQL, uuid, TokenStore, 18"}},
		{"a suite that is not listed", full[1:], full, []string{"matrix: is not listed: bunstore, PostgreSQL, uuid, TokenStore, 18"}},
		{"a case less", full, append([]cell{{"bunstore", "PostgreSQL", "uuid", "TokenStore", "17"}}, full[1:]...), []string{
			"matrix: did not run: bunstore, PostgreSQL, uuid, TokenStore, 18",
			"matrix: is not listed: bunstore, PostgreSQL, uuid, TokenStore, 17",
		}},
		{"one engine more", full[:3], full, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			n := compare(&out, test.want, test.got)
			if got := lines(out.Bytes()); n != len(test.output) || !slices.Equal(got, test.output) {
				t.Errorf("got %d, %s; want %s", n, strings.Join(got, "\n"), strings.Join(test.output, "\n"))
			}
		})
	}
}

func TestMatrixOfRubbish(t *testing.T) {
	if _, err := parseMatrix([]byte("bunstore  PostgreSQL  uuid  41\n")); err == nil {
		t.Error("a line of four columns is no error")
	}
	if _, err := outcomes([]byte("{")); err == nil {
		t.Error("broken JSON is no error")
	}
}
