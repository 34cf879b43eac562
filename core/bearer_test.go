package core_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

func TestBearerToken(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		want   string
	}{
		{"no header", nil, ""},
		{"empty header", []string{""}, ""},
		{"token", []string{"Bearer abc"}, "abc"},
		{"scheme in lower case", []string{"bearer abc"}, "abc"},
		{"scheme in upper case", []string{"BEARER abc"}, "abc"},
		{"scheme alone", []string{"Bearer"}, ""},
		{"scheme and a space", []string{"Bearer "}, ""},
		{"two spaces", []string{"Bearer  abc"}, "abc"},
		{"spaces behind", []string{"Bearer abc  "}, "abc"},
		{"a tab instead of the space", []string{"Bearer\tabc"}, ""},
		{"a tab after the space", []string{"Bearer \tabc"}, "abc"},
		{"a space in the token", []string{"Bearer abc def"}, "abc def"},
		{"space before the scheme", []string{" Bearer abc"}, ""},
		{"another scheme", []string{"Basic YTpi"}, ""},
		{"a scheme that begins alike", []string{"BearerX abc"}, ""},
		{"no scheme", []string{"abc"}, ""},
		{"two headers: the first counts", []string{"Bearer abc", "Bearer def"}, "abc"},
		{"two headers: the first counts though it is of another scheme", []string{"Basic YTpi", "Bearer abc"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantEqual(t, "token", core.Bearer{}.Token(http.Header{"Authorization": test.header}), test.want)
		})
	}
}

func TestBearerSendsNothing(t *testing.T) {
	out := http.Header{}
	wantEqual(t, "sent", core.Bearer{}.Send(out, "abc", time.Time{}), false)
	core.Bearer{}.Forget(out)
	wantEqual(t, "what goes out", out, http.Header{})
	wantEqual(t, "ambient", core.Bearer{}.Ambient(), false)
}
