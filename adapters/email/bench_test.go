package email

import "testing"

var benchmarks = []struct{ name, in string }{
	{"ascii", "king.arthur@camelot.example"},
	{"asciiUpper", "King.Arthur@CAMELOT.example"},
	{"unicode", "Zoë.Müller@bücher.example"},
	{"punycode", "zoe@xn--bcher-kva.example"},
	{"junk", "king.arthur"},
}

func BenchmarkParse(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = New().Parse(bm.in)
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = New().Key(bm.in)
			}
		})
	}
}

func TestPlainAddressAllocatesNothing(t *testing.T) {
	const in = "king.arthur@camelot.example"
	got := testing.AllocsPerRun(100, func() {
		_, _ = New().Parse(in)
		_ = New().Key(in)
	})
	if got != 0 {
		t.Errorf("Parse and Key of %q allocate %v times, want 0", in, got)
	}
}
