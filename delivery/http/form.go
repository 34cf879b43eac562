package httpauth

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"github.com/gousher/usher/core"
)

// form is what was sent to log in: the last value of each field that RFC 6749,
// section 4.3.2, has.
type form map[string]formValue

type formValue struct {
	text string
	// file is true for a part of a multipart body that has a file name.
	file bool
}

// formFields are in the order in which errors are listed.
var formFields = []string{"grant_type", "username", "password", "scope", "client_id", "client_secret"}

// maxFields is how many fields, and how many files, a form may have.
const maxFields = 1000

// readForm sets c.form. A body of another media type is a form without fields.
func readForm(c *call) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	contentType := c.r.Header.Get("Content-Type")
	kind, _, _ := strings.Cut(contentType, ";")
	c.form = form{}
	switch strings.TrimSpace(kind) {
	case "application/x-www-form-urlencoded":
		return c.form.urlencoded(string(body))
	case "multipart/form-data":
		return c.form.multipart(body, contentType)
	default:
		return nil
	}
}

// set keeps a value of a field that is of interest. What is not valid UTF-8
// becomes U+FFFD.
func (f form) set(name, text string, file bool) {
	if slices.Contains(formFields, name) {
		f[name] = formValue{string([]rune(text)), file}
	}
}

func (f form) urlencoded(body string) error {
	n := 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxFields {
			return tooMany(false)
		}
		name, value, _ := strings.Cut(pair, "=")
		f.set(unquote(name), unquote(value), false)
	}
	return nil
}

// unquote decodes %XX and +. A percent sign that begins no escape stays.
func unquote(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(s):
			if b, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c = byte(b)
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// multipart reads a body in the format of RFC 7578. A last part that was cut
// off is left out.
func (f form) multipart(body []byte, contentType string) error {
	_, params, err := mime.ParseMediaType(contentType)
	boundary := params["boundary"]
	if err != nil || boundary == "" {
		return badRequest("Missing boundary in multipart.")
	}
	if len(body) == 0 {
		return nil
	}
	start := "--" + boundary
	if !bytes.HasPrefix(body, []byte(start+"\r\n")) && !bytes.HasPrefix(body, []byte(start+"--")) {
		return errUnreadable
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := map[bool]int{}; ; {
		part, err := parts.NextRawPart()
		if err != nil {
			return endOf(err)
		}
		_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		name, ok := disposition["name"]
		if !ok {
			return badRequest(`The Content-Disposition header field "name" must be provided.`)
		}
		_, file := disposition["filename"]
		if n[file]++; n[file] > maxFields {
			return tooMany(file)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return endOf(err)
		}
		f.set(name, string(text), file)
	}
}

// endOf returns nil where err says that the body is over.
func endOf(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return errUnreadable
}

func tooMany(files bool) error {
	if files {
		return badRequest("Too many files. Maximum number of files is 1000.")
	}
	return badRequest("Too many fields. Maximum number of fields is 1000.")
}

// credentials returns the user's name and password, or a *core.InputError.
func (f form) credentials() (username, password string, err error) {
	var wrong []core.FieldError
	for _, name := range formFields {
		loc, v := []any{"body", name}, f[name]
		switch {
		case v.file:
			wrong = append(wrong, core.FieldError{Type: "string_type", Loc: loc, Msg: "Input should be a valid string"})
		case v.text == "" && (name == "username" || name == "password"):
			wrong = append(wrong, core.FieldError{Type: "missing", Loc: loc, Msg: "Field required"})
		case v.text != "" && v.text != "password" && name == "grant_type":
			wrong = append(wrong, core.FieldError{
				Type: "string_pattern_mismatch", Loc: loc, Msg: "String should match pattern '^password$'",
				Input: v.text, Ctx: map[string]any{"pattern": "^password$"},
			})
		}
	}
	if wrong != nil {
		return "", "", &core.InputError{Errors: wrong}
	}
	return f["username"].text, f["password"].text, nil
}
