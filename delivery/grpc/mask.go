package grpcauth

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// update returns what a client sent to change a user as schemas take it: what
// the mask names, null where it is not set, or without a mask all that is set.
func (a *API[U]) update(in *usherv1.UserUpdate, mask *fieldmaskpb.FieldMask) (*core.Object, error) {
	added, err := a.addition(in.GetFields(), in.GetMessage())
	if err != nil {
		return nil, err
	}
	sent := &core.Object{}
	if in != nil {
		set(sent, "email", in.Email)
		set(sent, "password", in.Password)
		set(sent, "is_active", in.IsActive)
		set(sent, "is_superuser", in.IsSuperuser)
		set(sent, "is_verified", in.IsVerified)
	}
	out := &core.Object{}
	if mask == nil {
		copyTo(out, sent)
		copyTo(out, added)
		return out, nil
	}
	for _, path := range mask.GetPaths() {
		if err := a.mask(out, path, sent, added); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mask puts into out what path names.
func (a *API[U]) mask(out *core.Object, path string, sent, added *core.Object) error {
	top, name, one := strings.Cut(path, ".")
	switch {
	case !one && path != "id" && slices.Contains(builtins, path):
		name, added = path, sent
	case top != a.added(), one && name == "", isBuiltin(name):
		return wrongField("update_mask", "VALUE_ERROR", "There is no field %s", cut(path))
	case !one:
		copyTo(out, added)
		return nil
	}
	value, _ := added.Get(name)
	out.Set(name, value)
	return nil
}

func copyTo(out, in *core.Object) {
	for _, name := range in.Names() {
		value, _ := in.Get(name)
		out.Set(name, value)
	}
}
