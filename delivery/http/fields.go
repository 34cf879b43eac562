package httpauth

import (
	"errors"

	"github.com/gousher/usher/core"
)

// texts returns the fields of the body that have these names, or a
// *core.InputError that lists them in this order. Null is missing, and a body
// that is no object has no fields.
func (c *call) texts(names ...string) ([]string, error) {
	object, _ := c.body.(*core.Object)
	if object == nil {
		object = &core.Object{}
	}
	texts := make([]string, len(names))
	var wrong []core.FieldError
	for i, name := range names {
		value, _ := object.Get(name)
		text, ok := value.(string)
		switch {
		case ok:
			texts[i] = text
		case value == nil:
			wrong = append(wrong, core.FieldError{Type: "missing", Loc: []any{"body", name}, Msg: "Field required"})
		default:
			wrong = append(wrong, core.FieldError{
				Type: "string_type", Loc: []any{"body", name}, Msg: "Input should be a valid string", Input: value,
			})
		}
	}
	if wrong != nil {
		return nil, &core.InputError{Errors: wrong}
	}
	return texts, nil
}

// address returns the body's field email as parse returns it, or a
// *core.InputError.
func (c *call) address(parse func(addr string) (string, error)) (string, error) {
	texts, err := c.texts("email")
	if err != nil {
		return "", err
	}
	addr, err := parse(texts[0])
	if e, ok := errors.AsType[*core.EmailError](err); ok {
		return "", &core.InputError{Errors: []core.FieldError{{
			Type: "value_error", Loc: []any{"body", "email"}, Msg: "value is not a valid email address: " + e.Reason,
			Input: texts[0], Ctx: map[string]any{"reason": e.Reason},
		}}}
	}
	return addr, err
}
