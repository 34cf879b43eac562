package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Object is a JSON object as a client sent it: names in the order of their
// first appearance, each with its last value. Values are nil, bool, string,
// [json.Number], []any and *Object.
type Object struct {
	names  []string
	values []any
	// index is the place of each name, once there are many.
	index map[string]int
}

// manyNames is how many names an object has when it gets an index: a short
// list is searched faster than a map, and takes less memory.
const manyNames = 16

// Set gives name a value.
func (o *Object) Set(name string, value any) {
	if i, ok := o.find(name); ok {
		o.values[i] = value
		return
	}
	o.names, o.values = append(o.names, name), append(o.values, value)
	switch n := len(o.names); {
	case n == manyNames:
		o.index = make(map[string]int, 2*n)
		for i, name := range o.names {
			o.index[name] = i
		}
	case n > manyNames:
		o.index[name] = n - 1
	}
}

// Get returns the value of name, and whether there is one.
func (o *Object) Get(name string) (value any, ok bool) {
	if i, ok := o.find(name); ok {
		return o.values[i], true
	}
	return nil, false
}

func (o *Object) find(name string) (i int, ok bool) {
	if o.index != nil {
		i, ok = o.index[name]
		return i, ok
	}
	i = slices.Index(o.names, name)
	return i, i >= 0
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
		if err := e.Encode(o.values[i]); err != nil {
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
