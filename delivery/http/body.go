package httpauth

import (
	"errors"
	"io"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/http/internal/jsonvalue"
)

const (
	// maxBody is the most bytes that a body may have.
	maxBody = 1 << 20
	// maxDiscard is how much more of a body is read for the only reason that
	// many clients look for an answer when they have sent everything.
	maxDiscard = 8 << 20
)

// readBody returns the whole body.
func readBody(c *call) ([]byte, error) {
	if c.r.Body == nil {
		return nil, nil
	}
	announced := c.r.ContentLength > maxBody
	if announced && c.r.Header.Get("Expect") != "" {
		return nil, errTooLarge // the client waits for leave to send
	}
	var body []byte
	var err error
	if !announced {
		body, err = io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	}
	if announced || len(body) > maxBody {
		_, _ = io.CopyN(io.Discard, c.r.Body, maxDiscard)
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errUnreadable
	}
	return body, nil
}

// readJSON sets c.body to the value that was sent, to the text of a body of
// another media type, and to nil where there is none.
func readJSON(c *call) error {
	body, err := readBody(c)
	if err != nil || len(body) == 0 {
		return err
	}
	if !isJSON(c.r.Header.Get("Content-Type")) {
		c.body = string(body)
		return nil
	}
	c.body, err = jsonvalue.Parse(body)
	if e, ok := errors.AsType[*jsonvalue.SyntaxError](err); ok {
		return &core.InputError{Errors: []core.FieldError{{
			Type: "json_invalid", Loc: []any{"body", e.Offset}, Msg: "JSON decode error",
			Input: &core.Object{}, Ctx: map[string]any{"error": e.Msg},
		}}}
	}
	if err != nil {
		return errUnreadable
	}
	return nil
}

// isJSON reports whether a media type is application/json or ends in +json
// (RFC 6839, section 3.1), whatever its parameters.
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	subtype, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(kind)), "application/")
	return ok && !strings.Contains(subtype, "/") && (subtype == "json" || strings.HasSuffix(subtype, "+json"))
}
