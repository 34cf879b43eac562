package httpauth

import (
	"net/http"
	"strconv"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/http/internal/jsonvalue"
)

// show answers with what clients may read of u.
func (a *API[U]) show(c *call, status int, u U) error { return c.json(status, a.schema.Show(u)) }

// json answers with v.
func (c *call) json(status int, v any) error {
	body, err := jsonvalue.Append(nil, v)
	if err != nil {
		return &encodingError{err}
	}
	c.answered = true
	write(c.w, status, "application/json", body)
	return nil
}

// noContent answers 204.
func (c *call) noContent() error {
	c.answered = true
	c.w.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// broken answers for a fault of the program.
func (c *call) broken() {
	c.answered = true
	write(c.w, http.StatusInternalServerError, "text/plain; charset=utf-8", []byte("Internal Server Error"))
}

// add puts what core wrote for the client into the answer.
func (c *call) add(out http.Header) {
	h := c.w.Header()
	for name, values := range out {
		h[name] = append(h[name], values...)
	}
}

// encodingError says that a value does not encode to JSON.
type encodingError struct{ cause error }

func (e *encodingError) Error() string { return "httpauth: " + e.cause.Error() }

// refuse answers outside of a call.
func refuse(w http.ResponseWriter, status int, text string) {
	body, _ := detailJSON(text) // text always encodes
	write(w, status, "application/json", body)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails where the client is gone
}

// detailJSON is the body of an error: a word or sentence, a list of
// core.FieldError, or a value that encodes to JSON.
func detailJSON(detail any) (body []byte, err error) {
	body = []byte(`{"detail":`)
	if list, ok := detail.([]core.FieldError); ok {
		body, err = appendFieldErrors(body, list)
	} else {
		body, err = jsonvalue.Append(body, detail)
	}
	return append(body, '}'), err
}

const (
	// maxErrors is how many things that are wrong with one body are told.
	maxErrors = 1000
	// maxEcho is the most bytes of JSON that are sent back as the input that
	// is wrong. A longer one is left out.
	maxEcho = 16 << 10
)

func appendFieldErrors(dst []byte, list []core.FieldError) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, e := range list[:min(len(list), maxErrors)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendFieldError(dst, e); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// inputKey stands before the input of an error.
const inputKey = `,"input":`

func appendFieldError(dst []byte, e core.FieldError) (_ []byte, err error) {
	fields := []struct {
		key   string
		value any
	}{
		{`{"type":`, e.Type}, {`,"loc":`, e.Loc}, {`,"msg":`, e.Msg}, {inputKey, e.Input}, {`,"ctx":`, e.Ctx},
	}
	if len(e.Ctx) == 0 {
		fields = fields[:4]
	}
	for _, f := range fields {
		before := len(dst)
		if dst, err = jsonvalue.Append(append(dst, f.key...), f.value); err != nil {
			return dst, err
		}
		if f.key == inputKey && len(dst)-before > len(inputKey)+maxEcho {
			dst = dst[:before]
		}
	}
	return append(dst, '}'), nil
}
