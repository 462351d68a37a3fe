// Describe has a handler's module say what it imports of Spin's interfaces, which `go build` leaves out:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o handler.wasm .
//	go run github.com/ogghead/spin-trigger-kinesis/sdk/go/describe handler.wasm
//
// A module that imports none of them stays as it is, and so does one that is described already.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: describe handler.wasm")
		os.Exit(2)
	}
	if err := describeFile(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func describeFile(path string) error {
	module, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	described, err := describe(module)
	if err != nil || len(described) == len(module) {
		return err
	}
	return replace(path, described)
}

// replace leaves the file as it was, or new: one that is cut short would load as a module that lacks something.
func replace(path string, content []byte) (err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	old, err := os.Stat(path)
	if err != nil {
		return err
	}
	made, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, old.Mode().Perm())
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: another describe is at work, or was killed: then remove that file", err)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(made.Name())
		}
	}()
	_, err = made.Write(content)
	if err = errors.Join(err, made.Close()); err != nil {
		return err
	}
	return os.Rename(made.Name(), path)
}

// describe is the module with the sections that wit-bindgen would have written.
func describe(module []byte) ([]byte, error) {
	found, err := lookInto(module)
	if err != nil || found.isDescribed || !found.importsSpin {
		return module, err
	}
	for export, world := range worlds {
		if slices.Contains(found.exports, export) {
			described := append(slices.Clone(module), section("component-type:handler", world)...)
			return append(described, section("component-type:spin-services", services)...), nil
		}
	}
	return nil, errors.New("it exports no handler: import the package stream or kinesis")
}

func section(name, content string) []byte {
	body, err := hex.DecodeString(content)
	if err != nil {
		panic(err)
	}
	named := binary.AppendUvarint(nil, uint64(len(name)))
	named = append(append(named, name...), body...)
	return append(binary.AppendUvarint([]byte{0}, uint64(len(named))), named...)
}

type contents struct {
	importsSpin, isDescribed bool
	exports                  []string
}

var errDamaged = errors.New("not a WebAssembly module, or a damaged one")

// reader reads what WebAssembly's sections are made of; after the end it is damaged.
type reader struct {
	rest    []byte
	damaged bool
}

func (r *reader) number() int {
	value, size := binary.Uvarint(r.rest)
	if size <= 0 || value > 1<<32 {
		r.rest, r.damaged = nil, true
		return 0
	}
	r.rest = r.rest[size:]
	return int(value)
}

func (r *reader) bytes(count int) []byte {
	if count > len(r.rest) {
		r.rest, r.damaged = nil, true
		return nil
	}
	taken := r.rest[:count]
	r.rest = r.rest[count:]
	return taken
}

func (r *reader) name() string { return string(r.bytes(r.number())) }

func (r *reader) limits() {
	flags := r.number()
	r.number()
	if flags&1 != 0 {
		r.number()
	}
}

// Go's modules import functions only; what else a section might have is read past.
func (r *reader) imports(found *contents) {
	for count := r.number(); count > 0 && !r.damaged; count-- {
		found.importsSpin = strings.HasPrefix(r.name(), "fermyon:spin/") || found.importsSpin
		r.name()
		switch kind := r.number(); kind {
		case 0:
			r.number()
		case 1:
			r.number()
			r.limits()
		case 2:
			r.limits()
		case 3:
			r.bytes(2)
		default:
			r.damaged = true
		}
	}
}

func lookInto(module []byte) (contents, error) {
	found := contents{}
	if !strings.HasPrefix(string(module), "\x00asm\x01\x00\x00\x00") {
		return found, errDamaged
	}
	all := reader{rest: module[8:]}
	for len(all.rest) > 0 {
		kind := all.bytes(1)[0]
		one := reader{rest: all.bytes(all.number())}
		switch kind {
		case 0:
			found.isDescribed = strings.HasPrefix(one.name(), "component-type") || found.isDescribed
		case 2:
			one.imports(&found)
		case 7:
			for count := one.number(); count > 0 && !one.damaged; count-- {
				found.exports = append(found.exports, one.name())
				one.bytes(1)
				one.number()
			}
		}
		if one.damaged || all.damaged {
			return found, errDamaged
		}
	}
	return found, nil
}
