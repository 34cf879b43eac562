package httpauth

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

// fuzzCreate has a field of every kind that a schema may have.
type fuzzCreate struct {
	core.UserCreate
	Text   string                           `json:"text"`
	Number core.Optional[*int]              `json:"number"`
	Small  core.Optional[int8]              `json:"small"`
	Float  core.Optional[float64]           `json:"float"`
	Flag   core.Optional[bool]              `json:"flag"`
	List   core.Optional[[]fuzzNested]      `json:"list"`
	Map    core.Optional[map[string]*int64] `json:"map"`
	Any    core.Optional[any]               `json:"any"`
	Nested core.Optional[*fuzzNested]       `json:"nested"`
}

type fuzzNested struct {
	Name string `json:"name"`
	Tags []any  `json:"tags"`
}

type fuzzUpdate struct {
	core.UserUpdate
	Nested core.Optional[*fuzzNested] `json:"nested"`
}

// FuzzBody: a body of any media type is read and decoded as what every route
// takes, or refused with an answer that is JSON and of bounded size.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `{"email":"a@b.com","password":"x","text":"y"}`, `{"email":1,"token":null,"is_active":"on"}`,
		`{"text":"\ud800","number":1.0,"small":"300","float":"1e9","flag":0,"list":[{"name":1}],"map":{"a":null,"b":"2"},"any":[{}],"nested":{"tags":[NaN]}}`,
		`{"nested":{"name":"a","tags":[1,{"a":[]}]},"email":null,"password":null}`, `{"is_active":1e400,"is_superuser":99999999999999999999}`, "\xff\xfe{\x00}\x00",
	} {
		f.Add("application/json", []byte(body))
	}
	f.Add("text/plain", []byte("a\xff"))
	schema, err := core.Schema[*core.User]{
		Create: core.Creating(func(fuzzCreate) *core.User { return &core.User{} }),
		Update: core.Updating(func(fuzzUpdate, *core.User) {}),
	}.WithDefaults()
	if err != nil {
		f.Fatal(err)
	}
	parse := func(addr string) (string, error) {
		if !strings.Contains(addr, "@") {
			return "", &core.EmailError{Reason: "An email address must have an @-sign."}
		}
		return addr, nil
	}
	a := &API[*core.User]{log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		newCall := func() (*call, *httptest.ResponseRecorder) {
			rec := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
			r.Header["Content-Type"] = []string{mediaType}
			return &call{ctx: t.Context(), w: rec, r: r}, rec
		}
		for _, decode := range []func(c *call) error{
			func(c *call) error { _, _, err := schema.Registration(c.body, parse); return err },
			func(c *call) error { _, err := schema.Changes(c.body, false, parse); return err },
			func(c *call) error { _, err := schema.Changes(c.body, true, parse); return err },
			func(c *call) error { _, err := c.texts("token", "password"); return err },
			func(c *call) error { _, err := c.address(parse); return err },
		} {
			c, rec := newCall()
			err := readJSON(c)
			if err == nil {
				err = decode(c)
			}
			if err == nil {
				continue
			}
			a.fail(c, err)
			if !slices.Contains([]int{400, 413, 422}, rec.Code) || !json.Valid(rec.Body.Bytes()) || rec.Body.Len() > 64*(maxEcho+len(body)) {
				t.Errorf("%v is answered with %d, %d bytes: %.500s", err, rec.Code, rec.Body.Len(), rec.Body)
			}
		}
	})
}

// FuzzForm holds the form of a login against net/url wherever both go by the
// same rules. It is read, or refused with an answer that is known.
func FuzzForm(f *testing.F) {
	const urlencoded = "application/x-www-form-urlencoded"
	for _, body := range []string{"", "username=king%40camelot.bt&password=a+b", "username=a&username=b&password=", "grant_type=x&scope=%zz&=&&", "a;b=c&client_id=%ff"} {
		f.Add(urlencoded, []byte(body))
	}
	const part = "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nking\r\n"
	f.Add("multipart/form-data; boundary=x", []byte(part+"--x--\r\n"))
	f.Add("multipart/form-data; boundary=x", []byte(part+"--x\r\nContent-Disposition: form-data; name=password; filename=y\r\n\r\n"))
	f.Add("multipart/form-data; boundary=\"\\x\"", []byte("--x\r\n: \r\n\r\n"))
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		r.Header["Content-Type"] = []string{mediaType}
		c := &call{ctx: t.Context(), r: r}
		if err := readForm(c); err != nil {
			if e, ok := errors.AsType[*requestError](err); !ok || e.status != 400 && e.status != 413 {
				t.Errorf("unknown error %v", err)
			}
			return
		}
		for name, v := range c.form {
			if !slices.Contains(formFields, name) || !utf8.ValidString(v.text) {
				t.Errorf("field %q is %q", name, v.text)
			}
		}
		username, password, err := c.form.credentials()
		if _, ok := errors.AsType[*core.InputError](err); err != nil && !ok || err == nil && (username == "" || password == "") {
			t.Errorf("got %q, %q, %v", username, password, err)
		}
		if want, err := url.ParseQuery(string(body)); mediaType == urlencoded && err == nil {
			wantForm(t, c.form, want)
		}
	})
}

// wantForm checks that got has the last value of each field. How many U+FFFD
// stand for what is no text is not net/url's affair.
func wantForm(t *testing.T, got form, want url.Values) {
	for _, name := range formFields {
		last := ""
		if values := want[name]; len(values) > 0 {
			last = values[len(values)-1]
		}
		if utf8.ValidString(last) && got[name].text != last {
			t.Errorf("%s is %q, want %q", name, got[name].text, last)
		}
	}
}
