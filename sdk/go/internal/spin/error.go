// Package spin has what the packages for Spin's interfaces share.
package spin

// Error is what the host answered in the place of a result.
type Error struct {
	// Kind is the interface's name for it, as "access-denied".
	Kind string
	// Text says more; empty where the interface has no place for it.
	Text string
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Kind
	}
	return e.Kind + ": " + e.Text
}

// Is makes errors.Is compare kinds.
func (e *Error) Is(other error) bool {
	o, ok := other.(*Error)
	return ok && o.Kind == e.Kind && (o.Text == "" || o.Text == e.Text)
}
