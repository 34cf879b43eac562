package core_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gousher/usher/core"
)

func TestParseID(t *testing.T) {
	const id = "0192a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
	const bare = "0192a1b2c3d47e5f8a6b7c8d9e0f1a2b"
	tests := []struct {
		name  string
		ids   core.IDs
		given string
		want  string // "" for what cannot be an id
	}{
		{"canonical", core.UUIDs, id, id},
		{"upper case", core.UUIDs, strings.ToUpper(id), id},
		{"no hyphens", core.UUIDs, bare, id},
		{"hyphens elsewhere", core.UUIDs, "0-192a1b2c3d47e5f8a6b7c8d9e0f1a2-b", id},
		{"hyphens at the ends", core.UUIDs, "-" + bare + "--", id},
		{"braces", core.UUIDs, "{" + id + "}", id},
		{"one brace", core.UUIDs, "{" + id, id},
		{"urn:uuid:", core.UUIDs, "urn:uuid:" + id, id},
		{"uuid:", core.UUIDs, "uuid:" + id, id},
		{"urn:", core.UUIDs, "urn:" + id, id},
		{"prefix and braces", core.UUIDs, "urn:uuid:{" + id + "}", id},
		{"prefix in upper case", core.UUIDs, "URN:UUID:" + id, ""},
		{"any version", core.UUIDs, "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
		{"space before", core.UUIDs, " " + id, ""},
		{"space behind", core.UUIDs, id + " ", ""},
		{"newline behind", core.UUIDs, id + "\n", ""},
		{"no hexadecimal digit", core.UUIDs, "g" + id[1:], ""},
		{"underscore", core.UUIDs, "0_" + bare[2:], ""},
		{"a digit short", core.UUIDs, id[1:], ""},
		{"a digit long", core.UUIDs, id + "0", ""},
		{"NUL", core.UUIDs, id + "\x00", ""},
		{"full-width digits", core.UUIDs, strings.Replace(id, "0", "０", 1), ""},
		{"empty", core.UUIDs, "", ""},
		{"a word", core.UUIDs, "me", ""},
		{"a number", core.UUIDs, "42", ""},
		{"of unreasonable length", core.UUIDs, strings.Repeat("-", 100) + id, ""},

		{"text", core.TextIDs, "ann", "ann"},
		{"text keeps its case", core.TextIDs, "Ann", "Ann"},
		{"text keeps its spaces", core.TextIDs, " ann ", " ann "},
		{"text, a UUID in upper case", core.TextIDs, strings.ToUpper(id), strings.ToUpper(id)},
		{"text beyond ASCII", core.TextIDs, "änn", "änn"},
		{"text, empty", core.TextIDs, "", ""},
		{"text, 255 bytes", core.TextIDs, strings.Repeat("x", 255), strings.Repeat("x", 255)},
		{"text, 256 bytes", core.TextIDs, strings.Repeat("x", 256), ""},
		{"text with NUL", core.TextIDs, "a\x00b", ""},
		{"text, invalid UTF-8", core.TextIDs, "a\xff", ""},

		{"number", core.IntIDs, "42", "42"},
		{"number, sign and zeros", core.IntIDs, "+00042", "42"},
		{"number, below zero", core.IntIDs, "-7", "-7"},
		{"number, underscores", core.IntIDs, "1_000_000", "1000000"},
		{"number, white space", core.IntIDs, "\t 42\n", "42"},
		{"number, Arabic and bold digits", core.IntIDs, "٤𝟐", "42"},
		{"number, the last", core.IntIDs, "9223372036854775807", "9223372036854775807"},
		{"number, beyond the last", core.IntIDs, "9223372036854775808", ""},
		{"number, two underscores", core.IntIDs, "1__0", ""},
		{"number, underscore before", core.IntIDs, "_1", ""},
		{"number, underscore behind", core.IntIDs, "1_", ""},
		{"number, two signs", core.IntIDs, "+-1", ""},
		{"number, a fraction", core.IntIDs, "1.0", ""},
		{"number, hexadecimal", core.IntIDs, "0x10", ""},
		{"number, space within", core.IntIDs, "4 2", ""},
		{"number, only a sign", core.IntIDs, "+", ""},
		{"number, empty", core.IntIDs, "", ""},
		{"number, a word", core.IntIDs, "me", ""},
		{"number, a superscript", core.IntIDs, "4²", ""},
		{"number, NUL", core.IntIDs, "4\x00", ""},
		{"number, of unreasonable length", core.IntIDs, strings.Repeat("0", 1000) + "1", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := test.ids.Parse(test.given)
			wantEqual(t, "whether it is an id", ok, test.want != "")
			wantEqual(t, "id", got, test.want)
		})
	}
}

func TestNewID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for _, ids := range []core.IDs{core.UUIDs, core.TextIDs} {
		for range 1000 {
			id := ids.New()
			if !form.MatchString(id) || seen[id] {
				t.Fatalf("got id %q, want a new UUID of version 7", id)
			}
			if parsed, ok := ids.Parse(id); parsed != id || !ok {
				t.Fatalf("Parse(%q): got %q, %v, want it unchanged", id, parsed, ok)
			}
			seen[id] = true
		}
	}
}

func TestNewIDsSortByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := core.UUIDs.New()
		if want := "00dc6acf-ac00-7000"; last[:18] != want { // 2000-01-01, 946684800000 ms
			t.Errorf("got id %q, want it to begin with %q", last, want)
		}
		for _, step := range []time.Duration{250 * time.Nanosecond, time.Microsecond, 999 * time.Microsecond, time.Millisecond, time.Hour, 1000 * time.Hour} {
			for range 50 {
				<-time.After(step)
				id := core.UUIDs.New()
				if id <= last {
					t.Fatalf("got id %q %v after %q, want it to sort behind", id, step, last)
				}
				last = id
			}
		}
	})
}

func TestStorable(t *testing.T) {
	good := core.User{ID: "ann", Email: "änn@example.com", EmailKey: "änn@example.com", HashedPassword: "!"}
	tests := []struct {
		name  string
		tweak func(*core.User)
		want  error
	}{
		{"good", func(*core.User) {}, nil},
		{"no id, address or hash", func(u *core.User) { *u = core.User{EmailKey: "k"} }, nil},
		{"no key", func(u *core.User) { u.EmailKey = "" }, core.ErrInvalidValue},
		{"NUL in the id", func(u *core.User) { u.ID += "\x00" }, core.ErrInvalidValue},
		{"NUL in the address", func(u *core.User) { u.Email = "\x00" + u.Email }, core.ErrInvalidValue},
		{"NUL in the key", func(u *core.User) { u.EmailKey = "a\x00b" }, core.ErrInvalidValue},
		{"NUL in the hash", func(u *core.User) { u.HashedPassword = "\x00" }, core.ErrInvalidValue},
		{"invalid UTF-8 in the id", func(u *core.User) { u.ID = "\xff" }, core.ErrInvalidValue},
		{"invalid UTF-8 in the address", func(u *core.User) { u.Email = "a\xc3" }, core.ErrInvalidValue},
		{"invalid UTF-8 in the key", func(u *core.User) { u.EmailKey = "a\xed\xa0\x80" }, core.ErrInvalidValue},
		{"invalid UTF-8 in the hash", func(u *core.User) { u.HashedPassword = "\xff" }, core.ErrInvalidValue},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := good
			test.tweak(&u)
			wantEqual(t, "error", core.Storable(&u), test.want)
		})
	}
}
