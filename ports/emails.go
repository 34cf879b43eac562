package ports

// Emails parses e-mail addresses and computes their canonical keys.
type Emails interface {
	// Parse returns addr as it is to be stored and shown, or a
	// *core.EmailError that says why it is not an address. Parsing what Parse
	// returned returns it unchanged.
	Parse(addr string) (shown string, err error)
	// Key returns the canonical form of addr, by which users are looked up
	// and kept unique. It is total: it gives a key for any string, valid or
	// not, and a string without a valid address never has the key of a valid
	// one, save for white space around it. For a valid address the key is
	// that of its shown form, and spellings that differ only in case have one
	// key; different addresses have different keys, also where they differ in
	// an accent or a tag only. The key of a key is the key itself.
	Key(addr string) string
}
