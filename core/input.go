package core

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Object is a JSON object as a client sent it: names in the order of their
// first appearance, each with its last value. Values are nil, bool, string,
// [json.Number], []any and *Object.
type Object struct {
	names  []string
	values map[string]any
}

// Set gives name a value.
func (o *Object) Set(name string, value any) {
	if o.values == nil {
		o.values = map[string]any{}
	}
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

// Get returns the value of name, and whether there is one.
func (o *Object) Get(name string) (value any, ok bool) {
	value, ok = o.values[name]
	return value, ok
}

// Names returns the names in order.
func (o *Object) Names() []string { return o.names }

// MarshalJSON writes the object in the order of its names.
func (o *Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(name); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
		b.WriteByte(':')
		if err := e.Encode(o.values[name]); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// FieldError is one thing that is wrong with what a client sent. Its JSON form
// is that of FastAPI's 422 answers.
type FieldError struct {
	// Type is a word for programs, such as "missing" or "string_type".
	Type string `json:"type"`
	// Loc is the way to the value: "body", then names and indexes.
	Loc []any `json:"loc"`
	// Msg is a sentence for people.
	Msg string `json:"msg"`
	// Input is what was sent at Loc, or around it where it is missing.
	Input any `json:"input"`
	// Ctx holds what Msg was made from.
	Ctx map[string]any `json:"ctx,omitempty"`
}

// InputError says what is wrong with what a client sent.
type InputError struct{ Errors []FieldError }

func (e *InputError) Error() string {
	if len(e.Errors) == 0 {
		return "usher: invalid input"
	}
	first := e.Errors[0]
	text := fmt.Sprintf("usher: invalid input: %v: %s", first.Loc, first.Msg)
	if more := len(e.Errors) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}
