// Package schemavalidator checks what clients send by the tags of
// github.com/go-playground/validator/v10, and says what is wrong as FastAPI
// does:
//
//	type memberCreate struct {
//		core.UserCreate
//		Nickname string                `json:"nickname" validate:"min=2,max=30"`
//		Site     core.Optional[string] `json:"site" validate:"http_url"`
//	}
//
//	validate, err := schemavalidator.New(schemavalidator.Config{Forms: []any{memberCreate{}, memberUpdate{}}})
//	schema := core.Schema[*Member]{Validate: validate, ...}
//
// A field that a client left out, and one that may be null and is, is checked
// for tags that begin with "required" only.
package schemavalidator
