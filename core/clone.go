package core

import "reflect"

// Clone returns a deep copy of the user that u points to: pointers, slices,
// maps and what they hold are copied, as far as the fields are exported.
// Unexported fields of nested structs, channels and functions are shared.
func Clone[U AnyUser](u U) U {
	return deepCopy(reflect.ValueOf(u)).Interface().(U)
}

func deepCopy(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(deepCopy(v.Elem()))
		return out.Convert(v.Type())
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(deepCopy(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			out.SetMapIndex(key, deepCopy(value))
		}
		return out
	case reflect.Array:
		out := reflect.New(v.Type()).Elem()
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i)))
		}
		return out
	case reflect.Struct:
		return copyStruct(v)
	default:
		return v
	}
}

func copyStruct(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	unshare(out)
	return out
}

// unshare copies what the fields of v, a struct that can be set, lead to. The
// exported fields of an embedded struct can be set even where its type is not
// exported.
func unshare(v reflect.Value) {
	for i := range v.NumField() {
		switch field := v.Field(i); {
		case field.CanSet():
			field.Set(deepCopy(field))
		case v.Type().Field(i).Anonymous && field.Kind() == reflect.Struct:
			unshare(field)
		}
	}
}
