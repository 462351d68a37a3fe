//go:build !wasip1

package variables

import (
	"os"
	"strings"
)

// Get is the value of a variable, as its providers have it now.
func Get(name string) (string, error) {
	value, found := os.LookupEnv("SPIN_VARIABLE_" + strings.ToUpper(name))
	if !found {
		return "", &Error{Kind: "undefined", Text: name}
	}
	return value, nil
}
