package core_test

import (
	"reflect"
	"testing"

	"github.com/gousher/usher/core"
)

type (
	withUser struct {
		core.UserRead
		Nickname string `json:"nickname"`
	}
	withIntUser struct {
		Level int `json:"level"`
		core.IntUserRead
	}
	contact struct {
		Email string `json:"email"`
	}
	withContact struct{ contact }
)

// An address is told from what an application calls by that name, wherever in
// the struct it stands.
func TestReadFormEmail(t *testing.T) {
	for form, want := range map[reflect.Type]bool{
		reflect.TypeFor[core.UserRead](): true, reflect.TypeFor[core.IntUserRead](): true,
		reflect.TypeFor[withUser](): true, reflect.TypeFor[withIntUser](): true,
		reflect.TypeFor[contact](): false, reflect.TypeFor[withContact](): false,
	} {
		found := false
		for _, f := range core.ReadForm(form).Fields {
			if f.Name == "email" {
				found = true
				wantEqual(t, form.String(), f.Email, want)
			}
		}
		wantEqual(t, "whether there is one in "+form.String(), found, true)
	}
}
